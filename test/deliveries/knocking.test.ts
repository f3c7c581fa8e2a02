/** Which way a delivery is signed: the newer one first, the other after a refusal, and the one that worked from then on. */
import { describe, expect, test } from 'vitest';
import { sql } from '../../src/store/statement.ts';
import { databases } from '../databases.ts';
import { type Delivered, type RemoteDomain, readDelivery, remoteDomain } from '../fediverse/index.ts';
import { MINUTE_MS, placeOn } from './place.ts';

type Answer = (scheme: 'rfc9421' | 'draft-cavage') => number;

describe.each(databases)('a delivery, on $name', (kind) => {
  const place = placeOn(kind);

  /** An inbox that answers by the way in which a request is signed, and keeps what it took: its effects. */
  function reading(far: RemoteDomain, answer: Answer) {
    const inbox = { answer, knocks: [] as string[], effects: [] as string[], wrong: 0 };
    far.serve('/inbox', async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      const { headers, rawHeaders } = request;
      const activity = JSON.parse(body) as { id: string };
      const delivered: Delivered = { path: '/inbox', headers, rawHeaders, body, activity };
      const { scheme, isRight } = readDelivery(delivered, far.origin, place.alice.publicKeyPem);
      inbox.knocks.push(scheme);
      if (!isRight) inbox.wrong++;
      const status = inbox.answer(scheme);
      if (status < 300) inbox.effects.push(activity.id);
      response.writeHead(status).end();
    });
    return inbox;
  }
  const only =
    (scheme: string, refusal = 401): Answer =>
    (used) =>
      used === scheme ? 202 : refusal;
  const remembered = async ({ domain }: RemoteDomain): Promise<unknown> =>
    (
      await place.store.run<{ scheme: string | null }>(
        sql`select scheme from outgoing where domain = ${domain}`,
      )
    )[0]?.scheme;

  test('to a server that reads RFC 9421 is sent once', async () => {
    await using far = await remoteDomain();
    const inbox = reading(far, only('rfc9421'));
    const ids = await place.send(far, 3);
    await place.deliveries().settled();
    expect(inbox).toMatchObject({ knocks: Array(3).fill('rfc9421'), effects: ids, wrong: 0 });
    expect(await remembered(far)).toBe('rfc9421');
  });

  test.each([
    400, 401, 403, 415, 500, 501,
  ])('to a server that answers RFC 9421 with %i is signed in the older way, and so is all that follows', async (refusal) => {
    await using far = await remoteDomain();
    const inbox = reading(far, only('draft-cavage', refusal));
    const ids = await place.send(far, 3);
    await place.deliveries().settled();
    expect(inbox.knocks).toEqual(['rfc9421', 'draft-cavage', 'draft-cavage', 'draft-cavage']);
    // Refused, and then taken: each has had one effect there.
    expect(inbox).toMatchObject({ effects: ids, wrong: 0 });
    expect(await place.rows(far.domain)).toMatchObject(
      ids.map(() => ({ state: 'delivered', attempts: 1, error: null })),
    );
    expect(place.results).toEqual(['delivered', 'delivered', 'delivered']);
    expect(await remembered(far)).toBe('draft-cavage');
  });

  test('is signed in the way that worked also by the next process', async () => {
    await using far = await remoteDomain();
    const inbox = reading(far, only('draft-cavage'));
    await place.send(far);
    await place.deliveries().settled();
    await place.send(far);
    await place.deliveries().settled();
    expect(inbox.knocks).toEqual(['rfc9421', 'draft-cavage', 'draft-cavage']);
  });

  test('to a server that has learnt the newer way, or unlearnt it, is signed in the other way once', async () => {
    await using far = await remoteDomain();
    const inbox = reading(far, only('draft-cavage'));
    const deliveries = place.deliveries();
    await place.send(far);
    await deliveries.settled();
    for (const scheme of ['rfc9421', 'draft-cavage'] as const) {
      inbox.answer = only(scheme);
      inbox.knocks.length = 0;
      await place.send(far, 2);
      await deliveries.settled();
      const other = scheme === 'rfc9421' ? 'draft-cavage' : 'rfc9421';
      expect(inbox.knocks).toEqual([other, scheme, scheme]);
      expect(await remembered(far)).toBe(scheme);
    }
  });

  test('that is refused both ways waits or ends by the answer to the way that worked before, else by the second', async () => {
    await using far = await remoteDomain();
    const inbox = reading(far, (scheme) => (scheme === 'rfc9421' ? 400 : 401));
    const deliveries = place.deliveries();
    await place.send(far);
    await deliveries.settled();
    expect(await place.rows(far.domain)).toMatchObject([{ state: 'waiting', error: 'answered 401' }]);
    expect([await remembered(far), inbox.knocks.length]).toEqual([null, 2]);
    inbox.answer = only('rfc9421');
    place.pass(MINUTE_MS);
    await deliveries.settled();
    inbox.answer = (scheme) => (scheme === 'rfc9421' ? 400 : 401);
    await place.send(far);
    await deliveries.settled();
    expect((await place.rows(far.domain)).at(-1)).toMatchObject({ state: 'dead', error: 'answered 400' });
    // What worked once is still what is tried first.
    expect(await remembered(far)).toBe('rfc9421');
  });

  test('is not sent a second time where it may have been taken: no answer, a fault later on, or too often', async () => {
    await using far = await remoteDomain();
    const inbox = reading(far, () => 202);
    const deliveries = place.deliveries();
    await place.send(far);
    await deliveries.settled();
    for (const status of [500, 503, 429, 404, 410, 308]) {
      inbox.answer = () => status;
      inbox.knocks.length = 0;
      await place.send(far);
      place.pass(24 * 60 * MINUTE_MS);
      await deliveries.settled();
      expect([status, ...new Set(inbox.knocks)]).toEqual([status, 'rfc9421']);
    }
    await using silent = await remoteDomain();
    let knocks = 0;
    silent.serve('/inbox', (request) => {
      knocks++;
      request.socket.destroy();
    });
    await place.send(silent);
    await deliveries.settled();
    expect(knocks).toBe(1);
    expect(await remembered(silent)).toBeNull();
  });
});
