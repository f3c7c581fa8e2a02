/** Mail as the intake stores it, for the tests of what happens to it afterwards: no HTTP, no keys, a clock by hand. */
import type { Facts } from '../../src/activity.ts';
import type { LocalFacts, VerifiedActivity } from '../../src/api.ts';
import { insertMail } from '../../src/store/intake.ts';
import { type Statements, sql } from '../../src/store/statement.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { initialDomain, insertDomains } from '../../src/store/turns.ts';
import type { DatabaseKind } from '../databases.ts';
import { PREPARED_ORIGIN } from '../setup/global.ts';

export const US = PREPARED_ORIGIN;
export const ALICE: LocalFacts = { id: `${US}/users/alice`, handle: 'alice', locked: false };
export const CAROL: LocalFacts = { id: `${US}/users/carol`, handle: 'carol', locked: true };
export const START_MS = Date.UTC(2030, 0, 1);

export const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** A clock that stands where it is put. */
export function handClock() {
  let nowMs = START_MS;
  return {
    now: () => nowMs,
    advance(ms: number) {
      nowMs += ms;
    },
  };
}

export interface Desk extends AsyncDisposable {
  readonly store: Store;
  readonly clock: ReturnType<typeof handClock>;
  /** The text of every statement since the last time that this was emptied. */
  readonly statements: string[];
}

/** A store of a test's own. */
export async function openDesk(kind: DatabaseKind): Promise<Desk> {
  const place = await kind.open();
  const clock = handClock();
  const statements: string[] = [];
  const { database = null, dataDirectory } = place;
  const store = await openStore(
    { database, dataDirectory, origin: US, logger: quiet },
    { clock, observe: (text) => statements.push(text) },
  );
  return {
    ...{ store, clock, statements },
    async [Symbol.asyncDispose]() {
      await store.close();
      await place.drop();
    },
  };
}

let count = 0;

/** A verified activity of an actor of this domain. */
export function verified(domain: string, facts: Partial<Facts> = {}, more: Partial<VerifiedActivity> = {}) {
  const actor = facts.actor ?? `https://${domain}/users/al`;
  const whole: Facts = {
    id: `https://${domain}/activities/${++count}`,
    type: 'Like',
    actor,
    objects: [`${US}/notes/1`],
    inner: null,
    target: null,
    addressees: [],
    ...facts,
  };
  const document = JSON.stringify({ id: whole.id, type: whole.type, actor, object: whole.objects });
  const activity: VerifiedActivity = {
    ...{ facts: whole, domain, raw: Buffer.from(document), normal: document },
    ...{ inbox: `${US}/inbox`, locals: [], receivedAt: START_MS },
    ...more,
  };
  return activity;
}

/** A Follow of one of ours, by a name on this domain. */
export function followOf(domain: string, local: LocalFacts, name = 'al'): VerifiedActivity {
  const actor = `https://${domain}/users/${name}`;
  return verified(domain, { type: 'Follow', actor, objects: [local.id] }, { locals: [local] });
}

/** Accepts mail, and makes the rows of its domains. */
export async function accepted(store: Store, mail: readonly VerifiedActivity[]): Promise<void> {
  await store.transaction((tx) => insertMail(tx, mail));
  const names = [...new Set(mail.map(({ domain }) => domain))];
  const atMs = store.clock.now();
  await insertDomains(
    store,
    names.map((name) => initialDomain(name, atMs)),
    atMs,
  );
}

const TABLES = [
  ...[
    'mail',
    'activity',
    'event',
    'dead_letter',
    'document',
    'domain',
    'follow_request',
    'member',
    'object',
    'retraction',
    'report',
    'delivery',
  ],
  ...[
    'held',
    'outgoing',
    'own_activity',
    'rate_window',
    'consumer',
    'handler_call',
    'user_block',
    'actor_move',
  ],
];

/** Forgets everything that a test may have left. */
export async function empty({ store, statements }: Desk): Promise<void> {
  for (const table of TABLES) await store.run(sql`delete from ${sql.table(table)}`);
  statements.length = 0;
}

/** The activities in the order of the log. */
export async function ended(
  db: Statements,
): Promise<{ key: string; domain: string; status: string; reason: string }[]> {
  return db.run(sql`
    select e.key, e.domain, a.status, a.reason from event as e join activity as a on a.activity_id = e.key
     where e.kind = 'activity' order by e.seq`);
}

export async function counted(db: Statements, table: string): Promise<number> {
  const [row] = await db.run<{ count: number }>(
    sql`select count(*)::float8 as count from ${sql.table(table)}`,
  );
  return row?.count ?? 0;
}
