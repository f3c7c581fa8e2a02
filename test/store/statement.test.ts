/** A statement gives the same values, of the same types, on both databases: what is selected says what it comes as. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ms, rows, sql, texts, time } from '../../src/store/statement.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { databases, type TestDatabase } from '../databases.ts';
import { PREPARED_ORIGIN } from '../setup/global.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const AT_MS = 1_764_000_000_123;
const AWKWARD = 'ü "quoted" \'single\' \\ {a,b} $1 \t\n🦆 null';

const given = rows([
  { id: AWKWARD, seq: 9_007_199_254_740_991, facts: { deep: [1, null, AWKWARD] }, at: null },
]);
/** What is asked, and what comes back, whoever is asked. */
const CASES = [
  ['a bigint as text', sql`select 9223372036854775807::bigint::text as x`, '9223372036854775807'],
  ['a bigint as a number', sql`select 9007199254740991::bigint::float8 as x`, 9_007_199_254_740_991],
  ['a count', sql`select count(*)::float8 as x from domain`, 0],
  ['an int', sql`select 7 as x`, 7],
  ['a boolean', sql`select 1 = 1 as x`, true],
  ['null', sql`select null::text as x`, null],
  ['a bound text', sql`select ${AWKWARD}::text as x`, AWKWARD],
  ['a bound null', sql`select ${null}::text as x`, null],
  ['a bound number', sql`select ${12.5}::float8 as x`, 12.5],
  ['bound texts', sql`select ${texts([AWKWARD, '', '{}'])} as x`, [AWKWARD, '', '{}']],
  ['no texts', sql`select ${texts([])} as x`, []],
  ['a text among texts', sql`select 'b' = any(${texts(['a', 'b'])}) as x`, true],
  ['a time', sql`select ${ms(`'2025-11-24T16:00:00.123Z'::timestamptz`)} as x`, AT_MS],
  ['a bound time', sql`select (extract(epoch from ${time(AT_MS)}) * 1000)::float8 as x`, AT_MS],
  ['a bound time of null', sql`select ${time(null)} is null as x`, true],
  [
    'json',
    sql`select jsonb_build_object('a', jsonb_build_array(1, null, ${AWKWARD}::text)) as x`,
    { a: [1, null, AWKWARD] },
  ],
  ['a json string', sql`select to_jsonb('x'::text) as x`, 'x'],
  ['a column of rows: text', sql`select r.id as x from json_to_recordset(${given}) as r(id text)`, AWKWARD],
  [
    'a column of rows: bigint',
    sql`select r.seq::text as x from json_to_recordset(${given}) as r(seq bigint)`,
    '9007199254740991',
  ],
  [
    'a column of rows: jsonb',
    sql`select r.facts as x from json_to_recordset(${given}) as r(facts jsonb)`,
    { deep: [1, null, AWKWARD] },
  ],
  [
    'a column of rows: null',
    sql`select r.at as x from json_to_recordset(${given}) as r(at timestamptz)`,
    null,
  ],
  ['no rows', sql`select count(*)::int as x from json_to_recordset(${rows([])}) as r(id text)`, 0],
] as const;

describe.each(databases)('a statement on $name', (kind) => {
  let place: TestDatabase;
  let store: Store;
  beforeAll(async () => {
    place = await kind.open();
    const { database = null, dataDirectory } = place;
    store = await openStore({ database, dataDirectory, origin: PREPARED_ORIGIN, logger });
  });
  afterAll(async () => {
    await store.close();
    await place.drop();
  });

  test.each(CASES)('reads %s', async (_, statement, expected) => {
    expect(await store.run(statement)).toEqual([{ x: expected }]);
  });

  test('keeps a time to the millisecond in its column', async () => {
    await store.run(sql`insert into rate_window (key, started_at, count) values ('a', ${time(AT_MS)}, 1)`);
    expect(await store.run(sql`select ${ms('started_at')} as at from rate_window`)).toEqual([{ at: AT_MS }]);
  });

  test('names what was wrong by SQLSTATE', async () => {
    const wrong = [
      [sql`select 1 / 0`, '22012'],
      [sql`select * from nowhere`, '42P01'],
      [sql`insert into meta (key, value) values ('origin', '')`, '23505'],
      [sql`insert into meta (key) values ('half')`, '23502'],
      [sql`select ${rows([{ id: 'a\u0000b' }])}::jsonb`, '22P05'],
    ] as const;
    for (const [statement, code] of wrong) await expect(store.run(statement)).rejects.toMatchObject({ code });
  });
});
