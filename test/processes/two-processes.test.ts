/**
 * Two processes on one PostgreSQL: `sallyport start` twice, each with a port of its own behind the one origin. What
 * they make of what is sent to them is held against what the senders know, by the audit of `npm run kill`.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAudit, settledFindings } from '../../benchmarks/kill/audit.ts';
import { createChance } from '../../benchmarks/kill/chance.ts';
import { beginLoad, deskOf, prepare } from '../../benchmarks/kill/load.ts';
import { openPostOffice, type PostOffice, stamp } from '../../benchmarks/kill/post-office.ts';
import { takeRemains } from '../../benchmarks/kill/remains.ts';
import { type Deed, gatherSenders, type Sender, type Senders } from '../../benchmarks/kill/senders.ts';
import {
  allPages,
  type ServerProcess,
  startServer,
  until,
  untilProcessed,
} from '../../benchmarks/kill/server-process.ts';
import { emptyPostgres, type TestDatabase } from '../databases.ts';
import { create, follow, get, like, type Sent, undo } from '../fediverse/index.ts';
import { temporaryDirectory } from '../setup/postgres.ts';

const ORIGIN = 'https://us.example';
const ALICE = `${ORIGIN}/users/alice`;
const BOB = `${ORIGIN}/users/bob`;
/** Processes are started for real, which takes its time on a machine that has other things to do. */
const PATIENCE_MS = 300_000;
const FREEZE_MS = 5_000;
const seed = Math.floor(Math.random() * 2 ** 31);

/** Two processes, started at once on a database in which there is nothing yet. */
async function startPair(place: TestDatabase, journal: string, environment = {}) {
  const options = { place, origin: ORIGIN, journal, environment };
  return Promise.all([startServer(options), startServer(options)]);
}

interface ActivityRow {
  readonly id: string;
  readonly activityId: string;
  readonly status: string;
  readonly inboxes: readonly string[];
  readonly receivedAt: string;
}

let folder: string;
let office: PostOffice;
beforeAll(() => {
  folder = temporaryDirectory('sallyport-two-');
  office = openPostOffice();
});
afterAll(() => {
  office.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('two processes on one database', { timeout: PATIENCE_MS }, () => {
  let place: TestDatabase;
  let senders: Senders;
  let one: ServerProcess;
  let other: ServerProcess;
  let audit: ReturnType<typeof createAudit>;

  beforeAll(async () => {
    place = await emptyPostgres();
    senders = await gatherSenders(8, 1);
    audit = createAudit(senders.all, senders.domains);
    [one, other] = await startPair(place, join(folder, 'journal'));
  }, PATIENCE_MS);
  afterAll(async () => {
    await Promise.all([one?.kill(), other?.kill()]);
    await senders[Symbol.asyncDispose]();
    await place.drop();
  }, PATIENCE_MS);

  /** Sends one activity to an inbox at one process and to an inbox at the other, in the same moment. */
  async function sendToBoth(
    sender: Sender,
    activity: Sent,
    deed: Deed | null,
    [here, there]: [string, string],
  ): Promise<void> {
    const [first, second] = [stamp(here, activity, sender.actor), stamp(there, activity, sender.actor)];
    const statuses = await Promise.all([office.send(one.address, first), office.send(other.address, second)]);
    expect(statuses).toEqual([202, 202]);
    sender.letters.push({
      ...{ activity, deed, inboxes: [here, there] },
      ...{ acknowledged: new Set([here, there]), hasArrived: true },
    });
  }

  /** Locks the rows of these domains, as a turn of somebody else would. */
  async function hold(domains: readonly string[]) {
    const client = new pg.Client(place.database);
    await client.connect();
    await client.query('begin');
    await client.query('select from domain where name = any($1) order by name for update', [domains]);
    return {
      async isWaitedFor(): Promise<boolean> {
        const { rows } = await client.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return rows.length > 0;
      },
      async release(): Promise<void> {
        await client.query('commit');
        await client.end();
      },
    };
  }

  async function expectCleanBooks(): Promise<void> {
    await untilProcessed(one);
    expect(await settledFindings(audit, one, true)).toEqual({ lost: [], doubled: [] });
  }

  test('they can start at once on an empty database, and agree about who alice is', async () => {
    const documents = await Promise.all(
      [one, other].map(async ({ address }) =>
        (await get(`http://${address}/users/alice`, { host: 'us.example' })).json(),
      ),
    );
    expect(documents[0]).toMatchObject({ id: ALICE });
    expect(documents[1]).toEqual(documents[0]);
  });

  test('the same activity to both in the same moment has one effect, fifty times', async () => {
    const [sender] = senders.all as [Sender];
    const { id } = sender.actor;
    for (let round = 0; round < 17; round++) {
      const asked = follow(id, ALICE);
      await sendToBoth(sender, asked, { type: 'follow', local: 'alice' }, [
        `${ORIGIN}/inbox`,
        `${ORIGIN}/inbox`,
      ]);
      await sendToBoth(sender, like(id, `${ORIGIN}/notes/1`), null, [`${ALICE}/inbox`, `${ALICE}/inbox`]);
      const taken = { type: 'undo', local: 'alice', followId: asked.id } as const;
      await sendToBoth(sender, undo(id, asked), taken, [`${ORIGIN}/inbox`, `${ORIGIN}/inbox`]);
    }
    await expectCleanBooks();
  });

  test('an activity for two inboxes reaches both, each through another process', async () => {
    const [, sender] = senders.all as [Sender, Sender];
    const activity = create(sender.actor.id, { to: [`${sender.actor.id}/followers`], cc: [] });
    await sendToBoth(sender, activity, null, [`${ALICE}/inbox`, `${BOB}/inbox`]);
    for (const name of ['alice', 'bob']) {
      const items = await until(`it is in ${name}'s inbox`, 30_000, async () => {
        const found = await allPages<string>(other, `/actors/${name}/collections/inbox`);
        return found.includes(activity.id) ? found : null;
      });
      expect(items.filter((item) => item === activity.id)).toEqual([activity.id]);
    }
    await expectCleanBooks();
  });

  test('a block made on one is in force on the other within a second, also for mail that waits', async () => {
    const [, , sender] = senders.all as [Sender, Sender, Sender];
    const domain = senders.domains[2]?.domain as string;
    await sendToBoth(sender, like(sender.actor.id, ALICE), null, [`${ALICE}/inbox`, `${ALICE}/inbox`]);
    await untilProcessed(one);

    // Somebody holds the domain, so no turn takes its mail, and the block has to wait in line.
    const holder = await hold([domain]);
    const waiting: Sent[] = [];
    for (let number = 0; number < 10; number++) {
      const activity = like(sender.actor.id, ALICE);
      await sendToBoth(sender, activity, null, [`${ALICE}/inbox`, `${BOB}/inbox`]);
      waiting.push(activity);
    }
    const blocking = one.ask(`/domains/${domain}/block`, { reason: 'spam' });
    await until('the block waits in line', 10_000, async () => {
      return (await holder.isWaitedFor()) ? true : null;
    });
    await holder.release();
    await blocking;

    const blockedMs = performance.now();
    await until(
      'the other process refuses',
      30_000,
      async () => {
        const activity = like(sender.actor.id, ALICE);
        const status = await office.send(other.address, stamp(`${ALICE}/inbox`, activity, sender.actor));
        if (status === 202) {
          const acknowledged = new Set([`${ALICE}/inbox`]);
          sender.letters.push({ activity, deed: null, inboxes: [], acknowledged, hasArrived: true });
          waiting.push(activity);
        }
        return status === 403 ? true : null;
      },
      5,
    );
    console.log(
      `a block was in force in the other process after ${Math.round(performance.now() - blockedMs)} ms`,
    );

    await untilProcessed(other);
    const rows = await allPages<ActivityRow>(other, `/activities?domain=${domain}`);
    const statuses = waiting.map(({ id }) => rows.find(({ activityId }) => activityId === id)?.status);
    expect(statuses).toEqual(waiting.map(() => 'rejected'));
  });

  test('one is killed under load, and the others finish its mail', async () => {
    const chance = createChance(seed);
    const third = await startServer({ place, origin: ORIGIN, journal: join(folder, 'journal') });
    const desks = senders.all.slice(3).map(deskOf);
    prepare(desks, 20, ORIGIN, chance);
    for (const sender of senders.all.slice(3))
      await sendToBoth(sender, like(sender.actor.id, ALICE), null, [`${ALICE}/inbox`, `${BOB}/inbox`]);
    await untilProcessed(one);
    // Somebody holds the domains, so the mail that is accepted now is still there when its process dies.
    const holder = await hold(senders.domains.map(({ domain }) => domain));
    const load = beginLoad(desks, office, third.address, { origin: ORIGIN, chance });
    await load.acknowledgements(40, 60_000);
    load.stop();
    const unanswered = office.unanswered.size;
    await third.kill();
    await load.over;
    const left = await takeRemains(place).then((read) => read(ORIGIN));
    await holder.release();
    const freeMs = performance.now();
    await untilProcessed(one);
    const ms = Math.round(performance.now() - freeMs);
    console.log(
      `seed ${seed}: killed with ${unanswered} unanswered and ${left.length} unprocessed, which the others finished in ${ms} ms`,
    );
    expect(left.length).toBeGreaterThan(0);
    await audit.findArrivals(one);
    await expectCleanBooks();
  });

  test('one is frozen under load for five seconds, and nothing is lost, doubled, or stuck', async () => {
    const chance = createChance(seed + 1);
    const desks = senders.all.slice(3).map(deskOf);
    prepare(desks, 40, ORIGIN, chance);
    const halves = [desks.slice(0, 2), desks.slice(2)] as const;
    const loads = [one, other].map(({ address }, index) =>
      beginLoad(halves[index] as typeof desks, office, address, { origin: ORIGIN, chance }),
    );
    await until('the load has begun', 60_000, async () =>
      loads.every(({ acknowledged }) => acknowledged > 10) ? true : null,
    );
    other.signal('SIGSTOP');
    const frozenMs = performance.now();
    let longestMs = 0;
    let thawedMs = 0;
    try {
      // A process that is frozen for five seconds takes five seconds; meanwhile the age of what waits is watched.
      await until('the freeze is over', 60_000, async () => {
        for (const { receivedAt } of await allPages<ActivityRow>(one, '/activities?status=accepted'))
          longestMs = Math.max(longestMs, Date.now() - Date.parse(receivedAt));
        return performance.now() - frozenMs > FREEZE_MS ? true : null;
      });
    } finally {
      other.signal('SIGCONT');
      thawedMs = performance.now();
    }
    await until('the thawed one answers again', 60_000, async () =>
      (await office.send(
        other.address,
        stamp(`${ALICE}/inbox`, like('x', 'y'), (senders.all[3] as Sender).actor),
      )) === null
        ? null
        : true,
    );
    for (const load of loads) load.stop();
    await Promise.all(loads.map(({ over }) => over));
    await Promise.all([untilProcessed(one), untilProcessed(other)]);
    console.log(
      `seed ${seed}: frozen for ${Math.round(thawedMs - frozenMs)} ms, mail waited at most ${longestMs} ms meanwhile; acknowledged ${loads.map(({ acknowledged }) => acknowledged).join(' and ')}`,
    );
    expect(longestMs).toBeLessThan(15_000);
    await audit.findArrivals(one);
    await expectCleanBooks();
  });
});

test(
  'a rate limit is one count over both processes: exactly so many are accepted',
  async () => {
    const place = await emptyPostgres();
    await using senders = await gatherSenders(1, 1);
    const limit = 100;
    const pair = await startPair(place, join(folder, 'limited'), { SALLYPORT_RATE_LIMIT: `${limit}/1h` });
    try {
      const { actor } = senders.all[0] as Sender;
      const stamped = Array.from({ length: 160 }, () =>
        stamp(`${ALICE}/inbox`, like(actor.id, `${ORIGIN}/notes/1`), actor),
      );
      const statuses = await Promise.all(
        stamped.map((one, index) => office.send((pair[index % 2] as ServerProcess).address, one)),
      );
      expect(statuses.filter((status) => status === 202).length).toBe(limit);
      expect(statuses.filter((status) => status === 429).length).toBe(160 - limit);
      await untilProcessed(pair[0]);
      const rows = await allPages<ActivityRow>(pair[1], '/activities');
      expect(rows.map(({ status }) => status)).toEqual(Array(limit).fill('processed'));
      const domain = senders.domains[0]?.domain;
      expect(await pair[1].ask(`/domains/${domain}`)).toMatchObject({ state: 'rate-limited', strikes: 1 });
    } finally {
      await Promise.all(pair.map((process) => process.kill()));
      await place.drop();
    }
  },
  PATIENCE_MS,
);
