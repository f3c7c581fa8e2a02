/** A moderator's verbs about a domain, through the admin API, and what its servers see of them. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresql } from '../databases.ts';
import { follow, like, type RemoteActor, type Reply, rsaKey, type Signer } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve, shells } from './served.ts';

const NOTE = `${ORIGIN}/notes/1`;
const HOUR = 3_600_000;

describe.each(places)('a domain ($name)', (place) => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(place, { rateLimit: { limit: 1_000, window: '1 hour' } });
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  const verb = (domain: string, name: string, body: object = {}): Promise<Reply> =>
    served.admin(`/domains/${encodeURIComponent(domain)}/${name}`, body, 'moderator-token');
  const show = (domain: string) => served.admin(`/domains/${encodeURIComponent(domain)}`);
  const knock = (actor: RemoteActor, shell: (typeof shells)[number] = place.shell) =>
    served.through(shell).post('/inbox', like(actor.id, NOTE), actor);
  const newcomer = async () => {
    const remote = await served.remote();
    return { domain: remote.domain, actor: await remote.actor('ann'), remote };
  };

  test('that is blocked gets 403 through every door, and is welcome again when it is unblocked', async () => {
    const { domain, actor } = await newcomer();
    expect((await knock(actor)).status).toBe(202);
    await served.inbox.settled();
    const blocked = await verb(domain, 'block', {
      reason: 'spam',
      publicComment: 'spam',
      privateComment: 'x',
    });
    expect(blocked.status).toBe(200);
    const note = { reason: 'spam', publicComment: 'spam', privateComment: 'x', by: 'maria', until: null };
    expect(blocked.json()).toMatchObject({ domain, state: 'blocked', strikes: 0, ...note });
    await served.inbox.settled();
    for (const shell of shells) expect((await knock(actor, shell)).status).toBe(403);

    expect((await verb(domain, 'unblock', { reason: 'they said sorry' })).json()).toMatchObject({
      ...{ state: 'active', by: 'maria', reason: 'they said sorry', publicComment: null },
    });
    await served.inbox.settled();
    for (const shell of shells) expect((await knock(actor, shell)).status).toBe(202);
    const { items } = await served.inbox.transitionsPage({ machine: 'domain', limit: 200 });
    expect(items.filter(({ key }) => key === domain)).toMatchObject([
      { from: 'active', to: 'blocked', event: 'moderator.blocked', reason: 'spam', by: 'maria' },
      { from: 'blocked', to: 'active', event: 'moderator.unblocked', by: 'maria' },
    ]);
  });

  test('whose block was just answered is refused at once, or what it got in ends without effect', async () => {
    const { domain, actor } = await newcomer();
    expect((await knock(actor)).status).toBe(202);
    await verb(domain, 'block', { reason: 'spam' });
    const activity = follow(actor.id, `${ORIGIN}/users/alice`);
    const { status } = await served.post('/inbox', activity, actor);
    await served.inbox.settled();
    if (status === 202) expect((await served.inbox.activities.get(activity.id)).status).toBe('rejected');
    else expect(status).toBe(403);
    expect((await served.inbox.followRequests.list({ actor: actor.id })).items).toEqual([]);
    expect((await knock(actor)).status).toBe(403);
  });

  test('is blocked with everything below it, but not with what only ends like it', async () => {
    const { privateKey, publicKeyPem } = await rsaKey();
    const server = await keyServer(publicKeyPem);
    try {
      const { port } = server.address() as AddressInfo;
      const knockFrom = async (host: string) => {
        const actor = `http://${host}:${port}/users/ann`;
        const signer: Signer = { keyId: `${actor}#main-key`, privateKey };
        return (await served.post('/inbox', like(actor, NOTE), signer)).status;
      };
      const name = `bad-${place.shell.slice(0, 4)}.localhost`;
      expect(await knockFrom(`a.b.${name}`)).toBe(202);
      await verb(name, 'block', { reason: 'spam' });
      await served.inbox.settled();
      const hosts = [name, `sub.${name}`, `a.b.${name}`, `A.B.${name.toUpperCase()}`, `${name}.`];
      for (const host of hosts) expect([host, await knockFrom(host)]).toEqual([host, 403]);
      for (const host of [`not${name}`, `${name}.other.localhost`])
        expect([host, await knockFrom(host)]).toEqual([host, 202]);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('can be blocked before anybody has met it, and asks nobody for a key while it is', async () => {
    const { domain, actor, remote } = await newcomer();
    expect((await verb(domain, 'block', { reason: 'on a list' })).status).toBe(200);
    await served.inbox.settled();
    expect((await knock(actor)).status).toBe(403);
    expect(remote.fetches()).toBe(0);
  });

  test('is blocked until the time that was said, and opens by itself', async () => {
    const { domain, actor } = await newcomer();
    const until = new Date(served.clock.now() + HOUR).toISOString();
    expect((await verb(domain, 'block', { reason: 'a day off', until })).json()).toMatchObject({ until });
    await served.inbox.settled();
    const opened = nextTransition(served, domain, 'active');
    served.clock.advance(HOUR - 1_000);
    expect((await knock(actor)).status).toBe(403);
    served.clock.advance(1_000);
    expect(await opened).toMatchObject({ from: 'blocked', event: 'due', by: null });
    await served.inbox.settled();
    expect((await knock(actor)).status).toBe(202);
  });

  test('that is limited gets 429 until its time is over, one window unless somebody says otherwise', async () => {
    const { domain, actor } = await newcomer();
    expect((await verb(domain, 'limit')).json()).toMatchObject({
      state: 'rate-limited',
      until: new Date(served.clock.now() + HOUR).toISOString(),
    });
    await served.inbox.settled();
    served.clock.advance(HOUR - 10_000);
    for (const shell of shells) {
      const reply = await knock(actor, shell);
      expect([reply.status, reply.headers['retry-after']]).toEqual([429, '10']);
    }
    const opened = nextTransition(served, domain, 'active');
    served.clock.advance(10_000);
    expect((await knock(actor)).status).toBe(202);
    expect(await opened).toMatchObject({ from: 'rate-limited', event: 'due' });
    expect((await show(domain)).json()).toMatchObject({ state: 'active', until: null, strikes: 0 });
  });

  test('is set back to active from every state', async () => {
    const { domain, actor } = await newcomer();
    for (const before of ['limit', 'block']) {
      await verb(domain, before, { reason: 'x' });
      expect((await verb(domain, 'reset', {})).json()).toMatchObject({ state: 'active', strikes: 0 });
      await served.inbox.settled();
      expect((await knock(actor)).status).toBe(202);
    }
    expect((await verb(domain, 'reset', {})).status).toBe(200);
  });

  test('answers 409 to a verb that its state does not know, and stays as it is', async () => {
    const { domain } = await newcomer();
    expect((await verb(domain, 'unblock')).status).toBe(409);
    await verb(domain, 'block', { reason: 'spam' });
    const illegal = await verb(domain, 'limit');
    expect(illegal.status).toBe(409);
    expect(illegal.headers['content-type']).toBe('application/problem+json');
    expect(illegal.json()).toMatchObject({
      type: 'urn:sallyport:problem:not-allowed-in-state',
      state: 'blocked',
    });
    expect((await show(domain)).json()).toMatchObject({ state: 'blocked', reason: 'spam' });
  });

  test('is blocked with a reason and with times that make sense, or not at all', async () => {
    const past = new Date(served.clock.now() - 1).toISOString();
    for (const body of [{}, { reason: '' }, { reason: ' ' }, { reason: 5 }, { reason: 'x', until: past }])
      expect((await verb('nobody.example', 'block', body)).status).toBe(422);
    for (const until of ['tomorrow', 5, '2030-01-01', '2030-01-01T00:00:00', [], {}])
      expect((await verb('nobody.example', 'block', { reason: 'x', until })).status).toBe(422);
    expect((await show('nobody.example')).status).toBe(404);
  });

  test('is one domain however it is spelled, and what is no domain is refused', async () => {
    const name = `b%C3%BCcher-${place.kind.name.toLowerCase()}.example`;
    const canonical = `xn--${new URL(`https://${decodeURIComponent(name)}`).hostname.slice(4)}`;
    await verb(decodeURIComponent(name), 'block', { reason: 'spam' });
    for (const spelling of [
      ` ${decodeURIComponent(name).toUpperCase()}. `,
      canonical,
      canonical.toUpperCase(),
    ])
      expect((await show(spelling)).json()).toMatchObject({ domain: canonical, state: 'blocked' });
    for (const wrong of ['https://a.example', 'a.example/x', 'a.example:443', 'u@a.example', 'a b', '?', '#'])
      expect([wrong, (await show(wrong)).status]).toEqual([wrong, 400]);
    for (const wrong of ['https://a.example', 'a.example:443', 'u@a.example', 'a b'])
      expect([wrong, (await verb(wrong, 'block', { reason: 'x' })).status]).toEqual([wrong, 422]);
  });

  test('was never a fault of ours', () => expect(served.errors).toEqual([]));
});

test(
  'mail that waits when its domain is blocked ends rejected, without effect (PostgreSQL)',
  async () => {
    await using served = await serve({ kind: postgresql });
    const remote = await served.remote();
    const ann = await remote.actor('ann');
    expect((await served.post('/inbox', like(ann.id, NOTE), ann)).status).toBe(202);
    await served.inbox.settled();
    // Somebody holds the domain's row, so its mail has to wait, and so has the moderator.
    const holder = new pg.Client(served.database);
    await holder.connect();
    await holder.query('begin');
    await holder.query('select 1 from domain where name = $1 for update', [remote.domain]);
    const activity = follow(ann.id, `${ORIGIN}/users/alice`);
    expect((await served.post('/inbox', activity, ann)).status).toBe(202);
    const blocking = served.admin(`/domains/${remote.domain}/block`, { reason: 'spam' });
    await waiting(holder);
    expect((await served.inbox.activities.get(activity.id)).status).toBe('accepted');
    await holder.query('commit');
    expect((await blocking).status).toBe(200);
    await holder.end();

    // The moderator wakes the turn that passed the domain over; by this clock no sweep would ever come.
    await served.inbox.settled();
    expect(await served.inbox.activities.get(activity.id)).toMatchObject({
      status: 'rejected',
      reason: 'the domain is blocked',
    });
    expect((await served.inbox.followRequests.list()).items).toEqual([]);
  },
  PATIENCE,
);

/** Resolves when another session waits for a lock. */
async function waiting(client: pg.Client): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const { rows } = await client.query(
      "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    if (rows.length > 0) return;
    if (performance.now() > deadline) throw new Error('nobody waits for the lock');
  }
}

/** The next transition of a domain into a state, as the log tells it. */
async function nextTransition(served: Served, domain: string, to: 'active' | 'blocked' | 'rate-limited') {
  const signal = AbortSignal.timeout(30_000);
  for await (const transition of served.inbox.transitions({ machine: 'domain', to, signal }))
    if (transition.key === domain) return transition;
  throw new Error(`${domain} did not become ${to}`);
}

/** Serves one key under every name below .localhost: the actor is at the Host that was asked. */
async function keyServer(publicKeyPem: string): Promise<Server> {
  const server = createServer((request, response) => {
    const id = `http://${request.headers.host}/users/ann`;
    const key = { id: `${id}#main-key`, owner: id, publicKeyPem };
    const document = { id, type: 'Person', preferredUsername: 'ann', inbox: `${id}/inbox`, publicKey: key };
    response.setHeader('content-type', 'application/activity+json');
    response.end(
      JSON.stringify({
        '@context': ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1'],
        ...document,
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
