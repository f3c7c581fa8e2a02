/**
 * One post to 10 000 followers on 500 domains, 50 of which are dead: how long until every living one has it, and that none
 * of them waited for the dead.
 *
 * Method
 * - A real PostgreSQL, one inbox in its shipped defaults, all remote domains in one other process on the same machine
 *   (`domains.ts`): each is an address of a loopback network, so each has an outgoing mailbox of its own. Of the dead a
 *   third refuses the connection, a third never answers, a third answers 503. Followers are written into the database as
 *   accepted follows leave them (`followers.ts`).
 * - Times are from the call of `inbox.send`; `committed` is when it returned. A living inbox has the post when its server
 *   has read the last byte of it. Every activity that came twice to one inbox is counted.
 * - The first post finds servers that nobody has asked before; by the second one it is known which of them fail.
 * - The control is the same with no dead domain: the difference is what the dead cost the living.
 *
 * `npm run bench:fanout -- --followers 10000 --domains 500 --dead 50 --inboxes shared`
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { createInbox, type Inbox } from '../../src/index.ts';
import { startPostgres } from '../../test/setup/postgres.ts';
import type { Arrival, Told } from './domains.ts';
import { DEATHS, type Domain, domainsOf, insertFollowers } from './followers.ts';

const { values } = parseArgs({
  options: {
    followers: { type: 'string', default: '10000' },
    domains: { type: 'string', default: '500' },
    dead: { type: 'string', default: '50' },
    inboxes: { type: 'string', default: 'shared' },
  },
});
const [followers, count, dead] = [values.followers, values.domains, values.dead].map(Number) as [
  number,
  number,
  number,
];
if (![followers, count, dead].every(Number.isInteger) || dead > count || count > 60_000) {
  process.stderr.write('--followers, --domains and --dead are whole numbers\n');
  process.exit(2);
}
const isShared = values.inboxes === 'shared';
const ORIGIN = 'https://us.example';
const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public';
/** The living must have the post within this time, in milliseconds, or the run has failed. */
const PATIENCE_MS = 100_000;
const LOOK_MS = 50;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const nowMs = (): number => performance.timeOrigin + performance.now();

/** Starts the remote side. */
async function openDomains(domains: readonly Domain[]) {
  const addresses = (fate: Domain['fate']) =>
    domains.filter((domain) => domain.fate === fate).map(({ address }) => address);
  const fates = { hanging: addresses('hangs'), failing: addresses('answers 503') };
  const child: ChildProcess = fork(new URL('./domains.ts', import.meta.url), [JSON.stringify(fates)]);
  const [{ port }] = (await once(child, 'message')) as [Told & { port: number }];
  return {
    port,
    async take(): Promise<readonly Arrival[]> {
      child.send({ order: 'take' });
      const [{ arrivals }] = (await once(child, 'message')) as [Told & { arrivals: readonly Arrival[] }];
      return arrivals;
    },
    close: () => child.disconnect(),
  };
}

interface Measured {
  readonly committedMs: number;
  readonly deliveries: number;
  /** Of each living inbox, sorted. */
  readonly arrivedMs: readonly number[];
  readonly twice: number;
}

function quantile(sorted: readonly number[], part: number): string {
  const at = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return at === undefined ? '-' : `${Math.round(at)} ms`;
}

/** Deliveries that wait, by what became of their domains, once those to the living have been written down. */
async function waitingByFate(inbox: Inbox, fates: ReadonlyMap<string, Domain['fate']>): Promise<string> {
  for (let look = 0; ; look++) {
    const counts = new Map<Domain['fate'], number>();
    for (let cursor: string | undefined; ; ) {
      const page = await inbox.deliveries.list({ state: 'waiting', limit: 200, cursor });
      for (const { domain } of page.items) {
        const fate = fates.get(domain) ?? 'lives';
        counts.set(fate, (counts.get(fate) ?? 0) + 1);
      }
      if (page.next === null) break;
      cursor = page.next;
    }
    if ((counts.get('lives') ?? 0) === 0 || look === 100)
      return (['lives', ...DEATHS] as const).map((fate) => `${fate} ${counts.get(fate) ?? 0}`).join(', ');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function measure(url: string, withDead: number): Promise<{ posts: Measured[]; states: string }> {
  const domains = domainsOf(count, withDead);
  const living = domains.filter(({ fate }) => fate === 'lives').length;
  const remote = await openDomains(domains);
  const place = { database: url, dataDirectory: '', origin: ORIGIN };
  const actor = `${ORIGIN}/users/alice`;
  await insertFollowers(place, actor, { domains, followers, port: remote.port }, isShared);
  const logger = { debug() {}, info() {}, warn() {}, error: console.error };
  const inbox = createInbox({
    ...{ origin: ORIGIN, database: url, actors: { alice: {} }, allowPrivateAddress: true, logger },
  });
  await inbox.start();
  const alive = new Set(domains.filter(({ fate }) => fate === 'lives').map(({ address }) => address));
  const expected = isShared
    ? living
    : Array.from({ length: followers }).filter((_, at) => alive.has(domains[at % count]?.address ?? ''))
        .length;
  const posts: Measured[] = [];
  for (const number of [1, 2]) {
    const startedMs = nowMs();
    const post = { type: 'Note', content: `Post ${number}`, to: PUBLIC, cc: `${actor}/followers` };
    const { activityId, deliveries } = await inbox.send('alice', post);
    const committedMs = nowMs() - startedMs;
    const came = new Map<string, number>();
    let twice = 0;
    while (came.size < expected && nowMs() - startedMs < PATIENCE_MS) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      for (const arrival of await remote.take()) {
        if (arrival.activityId !== activityId) continue;
        if (came.has(arrival.inbox)) twice++;
        else came.set(arrival.inbox, arrival.atMs - startedMs);
      }
    }
    if (came.size < expected)
      say(`  FAILED: only ${came.size} of ${expected} living inboxes have post ${number}`);
    posts.push({ committedMs, deliveries, arrivedMs: [...came.values()].sort((a, b) => a - b), twice });
  }
  const states = await waitingByFate(inbox, new Map(domains.map(({ address, fate }) => [address, fate])));
  await inbox.close({ drain: '1 second' });
  remote.close();
  return { posts, states };
}

const postgres = await startPostgres();
try {
  const kind = isShared ? 'one shared inbox for each domain' : 'an inbox for each follower';
  say(
    `${followers} followers on ${count} domains, ${kind}; Node ${process.version}, ${availableParallelism()} cores`,
  );
  for (const withDead of dead === 0 ? [0] : [0, dead]) {
    const url = await postgres.createDatabase(`fanout_${withDead}`);
    const { posts, states } = await measure(url, withDead);
    say(`${withDead} of ${count} domains dead`);
    for (const [at, { committedMs, deliveries, arrivedMs, twice }] of posts.entries()) {
      const times = `half ${quantile(arrivedMs, 0.5)}, 99 % ${quantile(arrivedMs, 0.99)}, all ${quantile(arrivedMs, 1)}`;
      say(
        `  post ${at + 1}: ${deliveries} deliveries, committed ${Math.round(committedMs)} ms; ` +
          `${arrivedMs.length} living inboxes have it: ${times}; twice ${twice}`,
      );
    }
    say(`  deliveries that still wait, by what becomes of their domain: ${states}`);
  }
} finally {
  await postgres.stop();
}
