/**
 * Filters that fail: rows S63 and S85 of the checklist. The spam service is a real HTTP server that dies, hangs and comes
 * back; a filter in code throws, another one never ends. Everybody else is unaffected, and every verdict is the declared one.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ActivityRecord, Filter, FilterOptions } from '../../src/index.ts';
import { drop } from '../../src/index.ts';
import { create, deleteSelf, type RemoteActor, type Sent } from '../fediverse/index.ts';
import { PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const PAUSE_MS = 30_000;

describe('filters that fail', () => {
  let served: Served;
  let friends: RemoteActor[];
  let answer: (response: ServerResponse, domain: string) => void = () => undefined;
  let asked = 0;
  const open: Disposable[] = [];
  const service = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked++;
    const { domain } = JSON.parse(Buffer.concat(chunks).toString()) as { domain: { domain: string } };
    answer(response, domain.domain);
  });
  const accept = (response: ServerResponse): void =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"verdict":"accept"}');

  beforeAll(async () => {
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/?key=secret`;
    served = await serve(places[0] as (typeof places)[0], {
      filters: [{ use: 'external', name: 'spam', url, timeout: '300 ms', fallback: 'accept' }],
    });
    friends = await Promise.all(Array.from({ length: 4 }, async () => (await served.remote()).actor('ann')));
  }, PATIENCE);
  afterEach(() => {
    for (const one of open.splice(0)) one[Symbol.dispose]();
  });
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
    service.closeAllConnections();
    service.close();
  }, PATIENCE);

  const during = (name: string, filter: Filter, more?: FilterOptions) =>
    void open.push(served.inbox.filter(name, filter, more));
  const post = async (actor: RemoteActor): Promise<Sent> => {
    const activity = create(actor.id);
    expect((await served.post('/inbox', activity, actor)).status).toBe(202);
    return activity;
  };
  const recordOf = ({ id }: Sent) => served.inbox.activities.get(id);
  const faultsOf = ({ history }: ActivityRecord) =>
    history.filter(({ what }) => what === 'fault').map(({ filter, reason }) => `${filter}: ${reason}`);
  const infoOf = async (name: string) => (await served.inbox.filters.list()).find((one) => one.name === name);

  test('S85 a service that hangs about one domain costs that one a few waits, and the others nothing', async () => {
    const [slow, other] = friends as [RemoteActor, RemoteActor];
    answer = (response, domain) => {
      if (domain !== new URL(slow.id).hostname) accept(response);
    };
    const hung = await Promise.all(Array.from({ length: 6 }, () => post(slow)));
    const quick = await post(other);
    await expect.poll(async () => (await recordOf(quick)).status, { timeout: 20_000 }).toBe('processed');
    expect(faultsOf(await recordOf(quick))).toEqual([]);
    await served.inbox.settled();
    for (const one of hung) {
      const record = await recordOf(one);
      expect([record.status, faultsOf(record)]).toEqual([
        'processed',
        [expect.stringMatching(/^spam: (no answer within 300 ms|not asked)/)],
      ]);
    }
    const before = asked;
    const passed = await post(slow);
    await served.inbox.settled();
    expect([asked - before, faultsOf(await recordOf(passed))]).toEqual([
      0,
      [expect.stringMatching(/^spam: not asked: it gave no answer \d+ times in a row about this domain/)],
    ]);
    expect(await infoOf('spam')).toMatchObject({
      pausedUntil: null,
      settings: { url: expect.stringMatching(/\/\?…$/) },
    });
    answer = accept;
    served.clock.advance(PAUSE_MS);
    const again = await post(slow);
    await served.inbox.settled();
    expect(faultsOf(await recordOf(again))).toEqual([]);
  });

  test('a service that is dead is asked no more for a while: the declared verdict at once, and the chain says why', async () => {
    answer = () => undefined;
    const all = await Promise.all(friends.flatMap((actor) => Array.from({ length: 6 }, () => post(actor))));
    await served.inbox.settled();
    for (const one of all) expect((await recordOf(one)).status).toBe('processed');
    const stranger = await (await served.remote()).actor('new');
    const before = asked;
    const passed = await post(stranger);
    await served.inbox.settled();
    expect([asked - before, faultsOf(await recordOf(passed))]).toEqual([
      0,
      [expect.stringMatching(/^spam: not asked: it gave no answer \d+ times in a row; asked again at /)],
    ]);
    expect(await infoOf('spam')).toMatchObject({
      pausedUntil: new Date(served.clock.now() + PAUSE_MS).toISOString(),
      lastError: { reason: 'no answer within 300 ms' },
    });
    served.clock.advance(PAUSE_MS);
    answer = accept;
    for (const actor of [stranger, ...friends]) {
      const back = await post(actor);
      await served.inbox.settled();
      expect(faultsOf(await recordOf(back))).toEqual([]);
    }
  });

  test('a filter that throws, and one that never ends for one domain, fall back as they say; other domains do not notice', async () => {
    const [bad, good] = friends as [RemoteActor, RemoteActor];
    answer = accept;
    const isBad = (domain: string) => domain === new URL(bad.id).hostname;
    during(
      'throws',
      (_, { domain: { domain } }) => {
        if (isBad(domain)) throw new Error('of glass');
        return undefined;
      },
      { fallback: 'accept' },
    );
    during(
      'never',
      (_, { domain: { domain } }) => (isBad(domain) ? new Promise(() => undefined) : undefined),
      {
        ...{ timeout: '300 ms', fallback: 'drop' },
      },
    );
    const [worse, better] = [await post(bad), await post(good)];
    await expect.poll(async () => (await recordOf(better)).status, { timeout: 20_000 }).toBe('processed');
    expect(faultsOf(await recordOf(better))).toEqual([]);
    await served.inbox.settled();
    const record = await recordOf(worse);
    expect([record.status, faultsOf(record)]).toEqual([
      'dropped',
      ['throws: Error: of glass', 'never: no answer within 300 ms'],
    ]);
    expect(await infoOf('throws')).toMatchObject({
      verdicts: { fault: 1 },
      lastError: { reason: 'Error: of glass' },
    });
  });

  test('S63 a thousand strangers who say that they are gone cost no fetch, and no filter is asked', async () => {
    const far = await served.remote();
    const ghost = await far.actor('ghost');
    const [actor] = friends as [RemoteActor];
    during('counts', () => drop('asked'));
    const before = [far.fetches(), asked];
    const statuses = new Set<number>();
    for (let at = 0; at < 1_000; at += 50)
      await Promise.all(
        Array.from({ length: 50 }, async (_, n) => {
          const id = `${far.origin}/users/gone-${at + n}`;
          const signer = { ...ghost, id, keyId: `${id}#main-key` };
          statuses.add((await served.post('/inbox', deleteSelf(id), signer)).status);
        }),
      );
    await served.inbox.settled();
    expect([[...statuses], [far.fetches(), asked]]).toEqual([[202], before]);
    expect((await served.inbox.activities.list({ domain: far.domain })).items).toEqual([]);
    // Of one that is known the Delete comes to everybody.
    expect((await served.inbox.activities.get((await post(actor)).id)).domain).toBe(
      new URL(actor.id).hostname,
    );
  });
});
