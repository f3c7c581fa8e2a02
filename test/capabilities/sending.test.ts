/**
 * Sending: row S86 of the checklist. What our actors say reaches everybody that it is for, once, signed, and what becomes of
 * it can be seen.
 */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { follow, PUBLIC, type RemoteActor, type RemoteDomain, readDelivery } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const FOLLOWERS = `${ALICE}/followers`;

describe.each(places)('S86 sending ($name)', (place) => {
  let served: Served;
  const homes: RemoteDomain[] = [];
  let fans: RemoteActor[];
  beforeAll(async () => {
    served = await serve(place);
    for (let n = 0; n < 3; n++) homes.push(await served.remote());
    fans = await Promise.all(homes.flatMap((home) => [home.actor('ann'), home.actor('bea')]));
    for (const fan of fans) await served.post('/inbox', follow(fan.id, ALICE), fan);
    await served.inbox.settled();
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  const copies = (home: RemoteDomain, id: string) =>
    home.received.filter(({ activity }) => activity.id === id);
  const deliveries = async (query = '') =>
    ((await served.admin(`/deliveries?${query}`)).json() as { items: Record<string, unknown>[] }).items;

  test('followers get it once for each shared inbox, in one signed POST each', async () => {
    const note = { type: 'Note', content: 'To all', to: PUBLIC, cc: FOLLOWERS };
    const { activityId, object, deliveries: count } = await served.inbox.send('alice', note);
    expect(count).toBe(3);
    await served.inbox.settled();
    const { publicKey } = (await served.ask('GET', '/users/alice')).json() as {
      publicKey: { publicKeyPem: string };
    };
    for (const home of homes) {
      const [copy, ...more] = copies(home, activityId);
      expect([copy?.path, more]).toEqual(['/inbox', []]);
      expect(readDelivery(copy as never, home.origin, publicKey.publicKeyPem)).toMatchObject({
        ...{ isRight: true, keyId: `${ALICE}#main-key` },
      });
      expect(copy?.activity).toMatchObject({
        type: 'Create',
        actor: ALICE,
        object: { id: object, attributedTo: ALICE },
      });
    }
    expect(
      (await deliveries('state=delivered&limit=3')).map(({ state, attempts }) => [state, attempts]),
    ).toEqual([
      ['delivered', 1],
      ['delivered', 1],
      ['delivered', 1],
    ]);
    expect((await served.inbox.actors.collection('alice', 'outbox')).items[0]).toBe(activityId);
  });

  test('`to` adds addressees, whom the activity need not name; nobody gets it twice', async () => {
    const [home] = homes as [RemoteDomain, RemoteDomain, RemoteDomain];
    const [ann, bea] = fans as [RemoteActor, RemoteActor];
    const like = { type: 'Like', object: `${home.origin}/notes/1` };
    const { activityId, deliveries: count } = await served.inbox.send('alice', like, {
      to: [ann.id, bea.id],
    });
    await served.inbox.settled();
    expect([count, copies(home, activityId).length]).toEqual([1, 1]);
    const quiet = { type: 'Note', content: 'Secretly', to: [ann.id], bcc: [bea.id] };
    const sent = await served.inbox.send('alice', quiet);
    await served.inbox.settled();
    const [copy] = copies(home, sent.activityId);
    expect(JSON.stringify(copy?.activity)).not.toContain(bea.id);
    // One implementation, two names.
    const other = await served.inbox.actors.send('alice', like, { to: [ann.id] });
    await served.inbox.settled();
    expect(copies(home, other.activityId)).toHaveLength(1);
  });

  test('a domain that fails is tried again, as can be seen, and the others do not wait for it', async () => {
    const [dead, ...living] = homes as [RemoteDomain, RemoteDomain, RemoteDomain];
    dead.answer(503);
    const note = { type: 'Note', content: 'Some are ill', cc: FOLLOWERS };
    const { activityId } = await served.inbox.send('alice', note);
    await served.inbox.settled();
    for (const home of living) expect(copies(home, activityId)).toHaveLength(1);
    const [waiting, ...more] = await deliveries(`state=waiting`);
    expect([waiting, more]).toMatchObject([
      { domain: dead.domain, inbox: `${dead.origin}/inbox`, state: 'waiting', attempts: 1 },
      [],
    ]);
    const dueMs = Date.parse(waiting?.nextAt as string) - served.clock.now();
    expect(dueMs).toBe(15_000);
    dead.answer(202);
    await served.inbox.settled();
    expect(copies(dead, activityId)).toHaveLength(0);
    served.clock.advance(dueMs);
    await served.inbox.settled();
    expect(copies(dead, activityId)).toHaveLength(1);
    expect(await deliveries('state=waiting')).toEqual([]);
  });

  test('a domain that hangs holds up nobody, and one that says 410 is not asked again', async () => {
    const [hanging, gone, living] = homes as [RemoteDomain, RemoteDomain, RemoteDomain];
    const held = Promise.withResolvers<ServerResponse>();
    hanging.serve('/inbox', (request, response) => {
      request.resume();
      held.resolve(response);
    });
    gone.answer(410);
    const { activityId } = await served.inbox.send('alice', {
      type: 'Note',
      content: 'Hello?',
      cc: FOLLOWERS,
    });
    await living.delivery(({ activity }) => activity.id === activityId);
    expect((await deliveries(`domain=${hanging.domain}`))[0]).toMatchObject({
      state: 'waiting',
      attempts: 0,
    });
    (await held.promise).writeHead(503).end();
    await served.inbox.settled();
    const { items } = (await served.admin('/dead')).json() as { items: object[] };
    expect(items[0]).toMatchObject({ kind: 'delivery', activityId, attempts: 1 });
    expect((await deliveries(`domain=${gone.domain}`))[0]).toMatchObject({ state: 'dead' });
    hanging.serve('/inbox', null);
    gone.answer(202);
    served.clock.advance(60_000);
    await served.inbox.settled();
    expect([copies(hanging, activityId).length, copies(gone, activityId).length]).toEqual([1, 0]);
  });
});
