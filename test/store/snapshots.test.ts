/** A database whose domains were written by the first version of their machine: it is migrated, and their lives go on. */
import { Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import { expect, test } from 'vitest';
import { type DomainEvent, domainMachine, type Stored, step } from '../../machines/index.ts';
import { markedDomains } from '../../src/store/lists.ts';
import { migrations } from '../../src/store/migrations/index.ts';
import { rulesOf } from '../../src/store/rules.ts';
import { type DatabaseKind, emptyPostgres } from '../databases.ts';
import { DAY_MS, HOUR_MS, NOTE, openRules } from '../moderation/place.ts';
import { START_MS } from '../turn/mail.ts';

const SINCE_MS = START_MS - DAY_MS;
const SAID = { by: 'maria', reason: 'spam', publicComment: 'Spam.', privateComment: null };
const STRIKE = { blockAfterStrikes: 1, strikeBlockMs: 7 * DAY_MS, strikeDecayMs: null, limitGrowth: 1 };

/** What happened to each, a day before the upgrade. */
const LIVES: Readonly<Record<string, DomainEvent[]>> = {
  'active.example': [],
  'blocked.example': [
    {
      ...{ type: 'moderator.blocked', atMs: SINCE_MS, ...SAID },
      ...{ untilMs: START_MS + HOUR_MS, reviewAtMs: START_MS },
    },
  ],
  'limited.example': [
    {
      type: 'limit.exceeded',
      atMs: SINCE_MS,
      untilMs: START_MS + HOUR_MS,
      ...STRIKE,
      blockAfterStrikes: null,
    },
  ],
  'struck.example': [{ type: 'limit.exceeded', atMs: SINCE_MS, untilMs: START_MS, ...STRIKE }],
};
const NEW = ['origin', 'probationMs', 'strikeDecayMs', 'appealedAtMs'];

/** A life as the first version of the machine would have stored it. */
function first(
  domain: string,
  events: DomainEvent[],
): { state: string; stored: Stored; dueMs: number | null } {
  const { stored, state, dueAtMs } = step(domainMachine, null, { domain }, events, SINCE_MS);
  const snapshot = structuredClone(stored.snapshot) as { context: Record<string, unknown> };
  for (const name of NEW) delete snapshot.context[name];
  return { state, stored: { ...stored, version: 1, snapshot }, dueMs: dueAtMs };
}

/** A PostgreSQL as the first release left it. */
const old: DatabaseKind = {
  name: 'PostgreSQL',
  async open() {
    const place = await emptyPostgres();
    const orm = await MikroORM.init({
      ...{ clientUrl: place.database as string, entities: [], discovery: { warnWhenNoEntities: false } },
      extensions: [Migrator],
      migrations: {
        migrationsList: migrations.slice(0, 1),
        tableName: 'sallyport_migrations',
        snapshot: false,
      },
    });
    try {
      await orm.migrator.up();
      for (const [name, events] of Object.entries(LIVES)) {
        const { state, stored, dueMs } = first(name, events);
        await orm.em
          .getConnection()
          .execute(
            'insert into domain (name, state, snapshot, due_at, since) values (?, ?, ?::jsonb, to_timestamp(?::float8 / 1000), to_timestamp(?::float8 / 1000))',
            [name, state, JSON.stringify(stored), dueMs, SINCE_MS],
          );
      }
    } finally {
      await orm.close(true);
    }
    return place;
  },
};

test('domains of the first release live on: what people blocked is their rule, and the rest is the runtime’s', async () => {
  await using place = await openRules(old, { blockAfterStrikes: 2 });
  const { domains, store, pass, say, retract } = place;
  const names = Object.keys(LIVES);
  const found = await Promise.all(names.map((name) => domains.get(name)));
  const since = new Date(SINCE_MS).toISOString();
  expect(found).toMatchObject([
    { state: 'active', origin: null, policy: null, firstSeen: since, onProbation: false },
    {
      state: 'blocked',
      origin: 'moderator',
      ...SAID,
      policy: { severity: 'block', source: 'manual' },
      since,
    },
    { state: 'rate-limited', origin: 'runtime', strikes: 1, policy: null },
    { state: 'blocked', origin: 'runtime', strikes: 1, policy: null, by: null },
  ]);
  expect(await rulesOf(store, names)).toMatchObject([
    {
      ...{ domain: 'blocked.example', source: 'manual', severity: 'block', by: 'maria', reason: 'spam' },
      ...{ publicComment: 'Spam.', untilMs: START_MS + HOUR_MS, reviewAtMs: START_MS },
    },
  ]);
  expect((await markedDomains(store)).map(({ name }) => name).toSorted()).toEqual(names.slice(1));
  // To say the same again changes nothing; and a list's silence opens nothing that the runtime shut.
  const until = new Date(START_MS + HOUR_MS);
  const again = { ...SAID, until, reviewAt: new Date(START_MS), privateComment: undefined };
  expect(await domains.block('blocked.example', again)).toMatchObject({ since });
  await say('list:one', { severity: 'silence' }, 'struck.example');
  await retract('list:one', 'struck.example');
  expect(await domains.get('struck.example')).toMatchObject({ state: 'blocked', origin: 'runtime' });
  await pass(HOUR_MS);
  expect(await Promise.all(names.map(async (name) => (await domains.get(name)).state))).toEqual([
    ...['active', 'active', 'active', 'blocked'],
  ]);
  expect(await rulesOf(store, names)).toEqual([]);
  expect(await domains.unblock('struck.example', NOTE)).toMatchObject({ state: 'active', strikes: 0 });
});
