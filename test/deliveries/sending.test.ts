/** What leaves, in which order, and to whom: real POSTs from a real database to real servers. */
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { enqueue, insertOwnActivities } from '../../src/store/deliveries.ts';
import { sql } from '../../src/store/statement.ts';
import { databases } from '../databases.ts';
import { type Delivered, type RemoteDomain, readDelivery, remoteDomain } from '../fediverse/index.ts';
import { placeOn } from './place.ts';

const idsOf = (received: readonly Delivered[]): unknown[] => received.map(({ activity }) => activity.id);

/** An inbox that keeps everybody waiting; `answer` lets those go who wait, and all who come later. */
function holding(domain: RemoteDomain) {
  const waiting: ServerResponse[] = [];
  const first = Promise.withResolvers<void>();
  let status: number | null = null;
  domain.serve('/inbox', (request, response) => {
    request.resume();
    if (status !== null) return void response.writeHead(status).end();
    waiting.push(response);
    first.resolve();
  });
  return {
    waiting,
    /** Somebody waits. */
    asked: first.promise,
    answer(with_: number) {
      status = with_;
      for (const response of waiting.splice(0)) response.writeHead(with_).end();
    },
  };
}

describe.each(databases)('outgoing mail, on $name', (kind) => {
  const place = placeOn(kind);

  test('leaves after COMMIT, and not at all when the transaction is rolled back', async () => {
    await using far = await remoteDomain();
    const deliveries = place.deliveries();
    const failed = place.store.transaction(async (tx) => {
      await place.write(tx, `${far.origin}/inbox`, far.domain, 3);
      deliveries.wake();
      throw new Error('changed my mind');
    });
    await expect(failed).rejects.toThrow('changed my mind');
    await deliveries.settled();
    expect([far.received, await place.rows(far.domain), await place.mailbox(far.domain)]).toEqual([
      [],
      [],
      undefined,
    ]);
    const ids = await place.send(far);
    deliveries.wake();
    expect((await far.delivery()).activity).toEqual({
      id: ids[0],
      type: 'Create',
      actor: place.alice.id,
      object: 0,
    });
    await deliveries.settled();
    expect(await place.rows(far.domain)).toEqual([
      { activityId: ids[0], state: 'delivered', attempts: 1, error: null },
    ]);
    expect(await place.mailbox(far.domain)).toEqual({ dueMs: null, isLeased: false, failures: 0 });
    expect(place.results).toEqual(['delivered']);
  });

  test('is signed by its actor, over the method, the URL, the time and the bytes', async () => {
    await using far = await remoteDomain();
    await place.send(far);
    await place.deliveries().settled();
    const [delivered = {} as Delivered] = far.received;
    const { id, publicKeyPem } = place.alice;
    expect(readDelivery(delivered, far.origin, publicKeyPem)).toEqual({
      scheme: 'rfc9421',
      keyId: `${id}#main-key`,
      names: ['@method', '@target-uri', 'content-digest', 'content-type'],
      isRight: true,
    });
    const { headers } = delivered;
    expect(headers['signature-input']).toContain(`;created=${Math.floor(place.store.clock.now() / 1_000)};`);
    expect(headers).toMatchObject({
      date: new Date(place.store.clock.now()).toUTCString(),
      host: new URL(far.origin).host,
      'content-type': 'application/activity+json',
    });
  });

  test('to one domain goes one at a time and in order, from however many processes', async () => {
    await using far = await remoteDomain();
    let under = 0;
    let most = 0;
    const ids: unknown[] = [];
    far.serve('/inbox', async (request, response) => {
      most = Math.max(most, ++under);
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      ids.push((JSON.parse(Buffer.concat(chunks).toString()) as { id: string }).id);
      under--;
      response.writeHead(202).end();
    });
    const sent = await place.send(far, 45);
    const processes = [place.deliveries(), place.deliveries()];
    await Promise.all(processes.map((deliveries) => deliveries.settled()));
    sent.push(...(await place.send(far, 5)));
    await Promise.all(processes.map((deliveries) => deliveries.settled()));
    expect(ids).toEqual(sent);
    expect(most).toBe(1);
  });

  test('to a live domain does not wait for a dead one, nor for a hundred and fifty', async () => {
    await using live = await remoteDomain();
    await using dead = await remoteDomain();
    const held = holding(dead);
    await place.store.transaction(async (tx) => {
      const [activityId = ''] = await place.write(tx, `${dead.origin}/inbox`, dead.domain);
      const letter = { inbox: `${dead.origin}/inbox`, activityId, actor: place.alice.id };
      const names = Array.from({ length: 150 }, (_, n) => `dead-${n}.example`);
      await enqueue(
        tx,
        names.map((domain) => ({ ...letter, domain })),
        place.store.clock.now() - 1,
      );
      // They have not answered before, and all are due for longer than the live one.
      await tx.run(sql`update outgoing set failures = 1 where domain like 'dead-%'`);
    });
    const deliveries = place.deliveries();
    deliveries.wake();
    await held.asked;
    place.pass(1);
    await place.send(live);
    deliveries.wake();
    await live.delivery();
    expect(held.waiting.length).toBeLessThanOrEqual(33);
    await deliveries.close(0);
    // What was broken off is still there, for whoever comes next.
    expect(await place.rows('dead-0.example')).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    await place.store.run(sql`delete from delivery where state = 'waiting'`);
  });

  test('to a live domain does not wait either for a hundred of whom nobody knows yet that they are dead', async () => {
    await using live = await remoteDomain();
    await using dead = await remoteDomain();
    const held = holding(dead);
    await place.store.transaction(async (tx) => {
      const [activityId = ''] = await place.write(tx, `${dead.origin}/inbox`, dead.domain);
      const letter = { inbox: `${dead.origin}/inbox`, activityId, actor: place.alice.id };
      const names = Array.from({ length: 100 }, (_, n) => `unknown-${n}.example`);
      await enqueue(
        tx,
        names.map((domain) => ({ ...letter, domain })),
        place.store.clock.now() - 1,
      );
    });
    const deliveries = place.deliveries({ slowMs: 20 });
    deliveries.wake();
    await held.asked;
    place.pass(1);
    await place.send(live);
    deliveries.wake();
    await live.delivery();
    await deliveries.close(0);
    expect(await place.rows('unknown-0.example')).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    await place.store.run(sql`delete from delivery where state = 'waiting'`);
  });

  test('that nobody can send any more is a dead letter, and those behind it go out', async () => {
    await using far = await remoteDomain();
    const inbox = `${far.origin}/inbox`;
    const lost = { domain: far.domain, inbox, activityId: 'https://us.example/lost', actor: place.alice.id };
    const ids = await place.store.transaction(async (tx) => {
      const own = {
        id: 'https://us.example/left',
        actor: 'https://us.example/users/left',
        type: 'x',
        body: '{}',
      };
      await insertOwnActivities(tx, [own], 0);
      const left = { ...lost, activityId: own.id, actor: own.actor };
      await enqueue(tx, [lost, left, { ...lost, activityId: own.id, inbox: 'https://us.example/inbox' }], 0);
      return place.write(tx, inbox, far.domain);
    });
    await place.deliveries().settled();
    expect(idsOf(far.received)).toEqual(ids);
    expect((await place.dead(far.domain)).map(({ error }) => error)).toEqual([
      'the activity is not kept any more',
      'the sending actor is no local actor any more',
      'own-origin: the URL is on our own origin',
    ]);
  });

  test('waits while the service cannot say who its actor is, and that is held against nobody', async () => {
    await using far = await remoteDomain();
    const ids = await place.send(far);
    let isBroken = true;
    const resolve = async () => {
      if (isBroken) throw new Error('no database');
      return place.alice;
    };
    const deliveries = place.deliveries({ locals: { resolve } });
    await deliveries.settled();
    expect(await place.rows(far.domain)).toMatchObject([{ state: 'waiting', attempts: 0 }]);
    expect(place.logged.join()).toContain('no database');
    isBroken = false;
    place.pass(60_000);
    await deliveries.settled();
    expect(idsOf(far.received)).toEqual(ids);
    expect(place.results).toEqual(['delivered']);
  });
});

describe.each(databases)('a process that is not alone or not for ever, on $name', (kind) => {
  const place = placeOn(kind);

  test('writes nothing about a delivery when it has lost its lease meanwhile', async () => {
    await using far = await remoteDomain();
    for (const late of [202, 500, 410]) {
      place.results.length = 0;
      const held = holding(far);
      const [id] = await place.send(far);
      const slow = place.deliveries();
      slow.wake();
      await held.asked;
      place.pass(60_000);
      const [frozen] = held.waiting.splice(0);
      held.answer(202);
      await place.deliveries().settled();
      const delivered = { activityId: id, state: 'delivered', attempts: 1, error: null };
      expect((await place.rows(far.domain)).at(-1)).toEqual(delivered);
      frozen?.writeHead(late).end();
      await slow.settled();
      expect((await place.rows(far.domain)).at(-1)).toEqual(delivered);
      expect(await place.mailbox(far.domain)).toEqual({ dueMs: null, isLeased: false, failures: 0 });
      expect(place.results).toEqual(['delivered']);
    }
    expect(await place.dead(far.domain)).toEqual([]);
  });

  test('that dies between the POST and its record has it sent once more, with the same id', async () => {
    await using far = await remoteDomain();
    const ids = await place.send(far, 2);
    const { store } = place;
    const dying = { ...store, transaction: () => Promise.reject(new Error('killed')) };
    const first = place.deliveries({ store: dying });
    await first.settled();
    expect(idsOf(far.received)).toEqual([ids[0]]);
    expect(await place.rows(far.domain)).toMatchObject([{ attempts: 0 }, { attempts: 0 }]);
    // Another one may not touch the mailbox before the lease of the dead one has run out.
    const second = place.deliveries();
    place.pass(59_999);
    await second.settled();
    expect(far.received).toHaveLength(1);
    place.pass(1);
    await second.settled();
    expect(idsOf(far.received)).toEqual([ids[0], ids[0], ids[1]]);
    expect((await place.rows(far.domain)).map(({ state }) => state)).toEqual(['delivered', 'delivered']);
  });

  test('that closes ends its POST, gives the mailbox back, and sends no more', async () => {
    await using far = await remoteDomain();
    const held = holding(far);
    await place.send(far, 3);
    const closing = place.deliveries();
    closing.start();
    await held.asked;
    const closed = closing.close(10_000);
    closing.wake();
    held.answer(202);
    await closed;
    expect((await place.rows(far.domain)).map(({ state }) => state)).toEqual([
      'delivered',
      'waiting',
      'waiting',
    ]);
    expect(await place.mailbox(far.domain)).toMatchObject({ isLeased: false, failures: 0 });
    await closing.settled();
    expect((await place.rows(far.domain)).map(({ state }) => state)).toEqual([
      'delivered',
      'waiting',
      'waiting',
    ]);
    // At once somebody else takes it over.
    await place.deliveries().settled();
    expect((await place.rows(far.domain)).map(({ state }) => state)).toEqual(Array(3).fill('delivered'));
  });

  test('that runs out of patience breaks off its POST, which is no fault of the other side', async () => {
    await using far = await remoteDomain();
    const held = holding(far);
    const [id] = await place.send(far);
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const closing = place.deliveries();
    closing.start();
    await held.asked;
    await closing.close(0);
    expect(await place.rows(far.domain)).toEqual([
      { activityId: id, state: 'waiting', attempts: 0, error: null },
    ]);
    expect(await place.mailbox(far.domain)).toMatchObject({ isLeased: false, failures: 0 });
    expect(place.results).toEqual([]);
    expect(timers()).toBeLessThanOrEqual(before);
    held.answer(202);
    await place.deliveries().settled();
    expect(await place.rows(far.domain)).toMatchObject([{ state: 'delivered', attempts: 1 }]);
  });
});
