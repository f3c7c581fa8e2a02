/**
 * What nobody has signed counts against nobody and leaves nothing: no row in any table, whatever it names. Looked at
 * in the tables themselves, after everything was closed.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pglite } from '../databases.ts';
import {
  bytesOf,
  deleteSelf,
  follow,
  like,
  type RemoteActor,
  type RemoteDomain,
  rsaKey,
  type Signer,
  signedHeaders,
} from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve, shells } from './served.ts';

const ALICE = `${ORIGIN}/users/alice`;

describe.each(places)('what is not authenticated ($name)', (place) => {
  let served: Served;
  let victims: RemoteDomain;
  let victim: RemoteActor;
  let forger: Signer;
  beforeAll(async () => {
    served = await serve(place, { rateLimit: { limit: 3, window: '1 hour' }, blockAfterStrikes: 1 });
    victims = await served.remote();
    victim = await victims.actor('victim');
    forger = { keyId: victim.keyId, privateKey: (await rsaKey()).privateKey };
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  test('does not count against the domain that it names, however often it comes', async () => {
    for (let n = 0; n < 5; n++) {
      for (const shell of shells) {
        const door = served.through(shell);
        expect((await door.post('/inbox', follow(victim.id, ALICE), null)).status).toBe(401);
        expect((await door.post('/inbox', follow(victim.id, ALICE), forger)).status).toBe(401);
      }
    }
    await served.inbox.settled();
    expect((await served.admin(`/domains/${victims.domain}`)).status).toBe(404);
    expect((await served.inbox.activities.list()).items).toEqual([]);
  });

  test('a body that was exchanged after it was signed counts for nothing either', async () => {
    const date = new Date(served.clock.now());
    for (let n = 0; n < 5; n++) {
      const genuine = bytesOf(like(victim.id, `${ORIGIN}/notes/1`));
      const headers = signedHeaders('POST', `${ORIGIN}/inbox`, genuine, victim, { date });
      const other = bytesOf(follow(victim.id, ALICE));
      expect((await served.ask('POST', '/inbox', headers, other)).status).toBe(401);
    }
  });

  test('a signed body that is no activity counts for nothing', async () => {
    for (let n = 0; n < 5; n++) expect((await served.post('/inbox', { n }, victim)).status).toBe(400);
  });

  test('the Delete of itself by an actor whom nobody knows is answered 202, and nobody is asked', async () => {
    const strangers = await served.remote();
    const gone = await strangers.actor('gone');
    for (const shell of shells) {
      const reply = await served.through(shell).post('/inbox', deleteSelf(gone.id), gone);
      expect(reply.status).toBe(202);
    }
    const embedded = { ...deleteSelf(gone.id), object: { id: gone.id, type: 'Tombstone' } };
    expect((await served.post('/users/alice/inbox', embedded, gone)).status).toBe(202);
    expect(strangers.fetches()).toBe(0);
    await served.inbox.settled();
    expect((await served.admin(`/domains/${strangers.domain}`)).status).toBe(404);
  });

  test('the Delete of somebody else is no such thing: its signer is asked for', async () => {
    const strangers = await served.remote();
    const one = await strangers.actor('one');
    const { privateKey } = await rsaKey();
    const forged = { ...deleteSelf(one.id), object: victim.id };
    expect((await served.post('/inbox', forged, { keyId: one.keyId, privateKey })).status).toBe(401);
    expect(strangers.fetches('/users/one')).toBeGreaterThan(0);
  });

  test(
    'left no row in any table',
    async () => {
      await served.inbox.settled();
      expect((await served.inbox.transitionsPage({})).items).toEqual([]);
      expect((await served.inbox.domains.list()).items).toEqual([]);
      await served.stop();
      // Who reads the log here, and what is done once a day: the house's own.
      const { meta, actor, sallyport_migrations, consumer, chore, ...rows } = await served.rows();
      expect({ consumer, chore }).toEqual({ consumer: 1, chore: 1 });
      expect(Object.fromEntries(Object.entries(rows).filter(([, count]) => count > 0))).toEqual({});
      expect(Object.keys(rows)).toEqual(
        expect.arrayContaining(['domain', 'mail', 'rate_window', 'remote_key']),
      );
      expect(meta).toBe(1);
    },
    PATIENCE,
  );
});

test.each(shells)(
  'behind a trusted proxy each sender has a budget of its own for keys, and cannot use another’s (%s)',
  async (shell) => {
    await using served = await serve({ kind: pglite, shell }, { trustedProxies: ['127.0.0.0/8'] });
    const remote = await served.remote();
    const { privateKey } = await rsaKey();
    let number = 0;
    const ask = async (forwarded: string): Promise<number> => {
      const keyId = `${remote.origin}/nobody/${++number}`;
      const headers = { 'x-forwarded-for': forwarded };
      const unknown = { keyId, privateKey };
      return (await served.post('/inbox', like(keyId, `${ORIGIN}/notes/1`), unknown, { headers })).status;
    };
    // Whatever a sender writes itself comes before what the proxy adds.
    for (let n = 0; n < 300; n++)
      expect(await ask(`8.8.4.4, 1.1.1.${n % 200}, 8.8.8.8, 127.0.0.9`)).toBe(401);
    expect(await ask('8.8.4.4, 8.8.8.8')).toBe(429);
    expect(await ask('8.8.8.8, 8.8.4.4')).toBe(401);
    expect(await ask('[2606:4700::1]:443')).toBe(401);
    expect(remote.fetches()).toBe(302);
  },
  PATIENCE,
);

test(
  'an address that nobody trusted has forwarded counts for nothing',
  async () => {
    await using served = await serve({ kind: pglite }, { trustedProxies: ['10.0.0.0/8'] });
    const remote = await served.remote();
    const { privateKey } = await rsaKey();
    const headers = { 'x-forwarded-for': '8.8.8.8' };
    for (let n = 0; n < 301; n++) {
      const keyId = `${remote.origin}/nobody/${n}`;
      const reply = await served.post('/inbox', like(keyId, ORIGIN), { keyId, privateKey }, { headers });
      expect(reply.status).toBe(401);
    }
  },
  PATIENCE,
);
