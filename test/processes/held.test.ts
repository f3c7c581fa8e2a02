/**
 * Approvals and processes: one is killed with -9 between an approval and its replay, and two are told to approve the same
 * thing in the same moment, while the sender sends it again. Each time there is one effect.
 */
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostOffice, type PostOffice, stamp } from '../../benchmarks/kill/post-office.ts';
import { gatherSenders, type Sender } from '../../benchmarks/kill/senders.ts';
import {
  readJournal,
  type ServerProcess,
  startServer,
  until,
  untilProcessed,
} from '../../benchmarks/kill/server-process.ts';
import type { ActivityRecord, HeldRecord } from '../../src/index.ts';
import { sql } from '../../src/store/statement.ts';
import { openStore } from '../../src/store/store.ts';
import { databases, postgresql, type TestDatabase } from '../databases.ts';
import { like, type Sent } from '../fediverse/index.ts';
import { PREPARED_ORIGIN as ORIGIN } from '../setup/global.ts';
import { temporaryDirectory } from '../setup/postgres.ts';

/** Processes are started and killed for real, which takes its time on a machine that has other things to do. */
const PATIENCE_MS = 300_000;
const INBOXES = ['alice', 'bob'].map((name) => `${ORIGIN}/users/${name}/inbox`) as [string, string];
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let folder: string;
let office: PostOffice;
beforeAll(() => {
  folder = temporaryDirectory('sallyport-held-');
  office = openPostOffice();
});
afterAll(() => {
  office.close();
  rmSync(folder, { recursive: true, force: true });
});

function startWith(place: TestDatabase, filters: readonly object[], journal: string): Promise<ServerProcess> {
  const configuration = join(folder, 'filters.json');
  writeFileSync(configuration, JSON.stringify({ filters }));
  return startServer({ place, origin: ORIGIN, journal, environment: { SALLYPORT_CONFIG: configuration } });
}

async function send(server: ServerProcess, activity: Sent, { actor }: Sender, inbox: string): Promise<void> {
  expect(await office.send(server.address, stamp(inbox, activity, actor))).toBe(202);
}

const makeNote = async (server: ServerProcess): Promise<string> =>
  (
    await server.ask<{ object: string }>('/actors/alice/outbox', {
      activity: { type: 'Note', content: 'hi' },
    })
  ).object;
const heldAs = ({ id }: Sent, server: ServerProcess): Promise<HeldRecord> =>
  until('it is held', 60_000, async () => {
    const { items } = await server.ask<{ items: HeldRecord[] }>('/held');
    return items.find(({ activityId }) => activityId === id) ?? null;
  });
const likesOf = async (uri: string, server: ServerProcess): Promise<number> =>
  (await server.ask<{ likes: { total: number } }>(`/objects?uri=${encodeURIComponent(uri)}`)).likes.total;
const recordOf = ({ id }: Sent, server: ServerProcess): Promise<ActivityRecord> =>
  server.ask(`/activities/${encodeURIComponent(id)}`);

/** A service that is asked about each activity, and says nothing until it is told to. */
async function silentNeighbour() {
  const waiting: ServerResponse[] = [];
  const asked = Promise.withResolvers<void>();
  let isSilent = true;
  const answer = (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"verdict":"accept"}');
  const server = createServer((_, response) => {
    asked.resolve();
    if (isSilent) waiting.push(response);
    else answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked: asked.promise,
    speak() {
      isSilent = false;
      for (const response of waiting) answer(response);
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe.each(databases)('an approval whose process is killed before its replay, on $name', (kind) => {
  test(
    'is replayed by the next one, once, though the sender sends it again before and after',
    async () => {
      const place = await kind.open();
      await using senders = await gatherSenders(1, 1);
      const [sender] = senders.all as [Sender];
      const service = await silentNeighbour();
      const journal = join(folder, `journal-${kind.name}`);
      // The later filter is asked after the approval: that it is asked says that the approval is committed.
      const filters = [
        { use: 'first-contact', name: 'strangers', verdict: 'hold' },
        { use: 'external', name: 'service', url: service.url, timeout: '1 minute', fallback: 'accept' },
      ];
      const servers = [await startWith(place, filters, journal)];
      try {
        const [first] = servers as [ServerProcess];
        const uri = await makeNote(first);
        const liking = like(sender.actor.id, uri);
        await send(first, liking, sender, INBOXES[0]);
        const { id } = await heldAs(liking, first);
        await send(first, liking, sender, INBOXES[1]);
        await first.ask(`/held/${id}/approve`, { reason: 'a friend' });
        await service.asked;
        expect(await recordOf(liking, first)).toMatchObject({ status: 'accepted' });
        await send(first, liking, sender, INBOXES[0]);
        await first.kill();

        await lapseLeases(place);
        service.speak();
        const second = await startWith(place, filters, journal);
        servers.push(second);
        await untilProcessed(second);
        await send(second, liking, sender, INBOXES[0]);
        await untilProcessed(second);
        const record = await until('it is processed', 60_000, async () => {
          const found = await recordOf(liking, second);
          return found.status === 'processed' ? found : null;
        });
        expect(record.inboxes.toSorted()).toEqual(INBOXES);
        expect(record.history.filter(({ what }) => what === 'processed')).toHaveLength(1);
        expect(record.history.filter(({ what }) => what === 'approved')).toHaveLength(1);
        expect(await likesOf(uri, second)).toBe(1);
        await until('the application has heard of it', 60_000, async () =>
          readJournal(journal).includes(liking.id) ? true : null,
        );
        expect(readJournal(journal).filter((one) => one === liking.id)).toEqual([liking.id]);
      } finally {
        service.close();
        await Promise.all(servers.map((server) => server.kill()));
        await place.drop();
      }
    },
    PATIENCE_MS,
  );
});

/** What is leased belongs to the dead one for a while: as if that time were over. */
async function lapseLeases({ database, dataDirectory }: TestDatabase): Promise<void> {
  const store = await openStore({ database: database ?? null, dataDirectory, origin: ORIGIN, logger: quiet });
  const left = await store.run(
    sql`update mail set lease_until = received_at where lease_until is not null returning seq`,
  );
  await store.close();
  expect(left.length).toBeGreaterThan(0);
}

test(
  'two processes that approve the same thing at once, while it comes again, make it act once',
  async () => {
    const place = await postgresql.open();
    await using senders = await gatherSenders(1, 5);
    const filters = [{ use: 'first-contact', name: 'strangers', verdict: 'hold' }];
    const journal = join(folder, 'journal-pair');
    const one = await startWith(place, filters, journal);
    const other = await startWith(place, filters, journal);
    try {
      const uri = await makeNote(one);
      for (const [at, sender] of senders.all.entries()) {
        const liking = like(sender.actor.id, uri);
        await send(one, liking, sender, INBOXES[0]);
        const { id } = await heldAs(liking, other);
        const approve = (server: ServerProcess) => server.ask(`/held/${id}/approve`, {});
        const [decided] = await Promise.all([
          Promise.allSettled([approve(one), approve(other)]),
          send(other, liking, sender, INBOXES[1]),
        ]);
        expect(decided.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
        const refused = decided.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
        expect(String(refused.reason)).toContain(' 409 ');
        await untilProcessed(one);
        const record = await recordOf(liking, other);
        expect([record.status, await likesOf(uri, other)]).toEqual(['processed', at + 1]);
        expect(record.history.filter(({ what }) => what === 'processed')).toHaveLength(1);
      }
    } finally {
      await Promise.all([one.kill(), other.kill()]);
      await place.drop();
    }
  },
  PATIENCE_MS,
);
