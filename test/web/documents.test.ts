/** What can be read of us over HTTP besides the inbox: actors, discovery, collections, health, metrics. Both shells. */
import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pglite } from '../databases.ts';
import { follow, type RemoteActor, send } from '../fediverse/index.ts';
import { type Door, HOST, ORIGIN, PATIENCE, type Served, serve, shells } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const FOLLOWERS = 120;

let served: Served;
/** Alice's followers, newest first. */
const followers: string[] = [];
beforeAll(async () => {
  served = await serve({ kind: pglite });
  const remote = await served.remote();
  const first: RemoteActor = await remote.actor('f0');
  const { privateKey, publicKeyPem } = first;
  for (let n = 0; n < FOLLOWERS; n++) {
    // All share one key pair, each under its own name: making 120 pairs would take a minute.
    const id = `${remote.origin}/users/f${n}`;
    const publicKey = { id: `${id}#main-key`, owner: id, publicKeyPem };
    const document = { ...first.document, id, inbox: `${id}/inbox`, publicKey };
    remote.serve(`/users/f${n}`, (_, response) =>
      response.writeHead(200, { 'content-type': 'application/activity+json' }).end(JSON.stringify(document)),
    );
    remote.serve(`/users/f${n}/inbox`, (_, response) => void response.writeHead(202).end());
    const signer = { keyId: publicKey.id, privateKey };
    expect((await served.post('/inbox', follow(id, ALICE), signer)).status).toBe(202);
    followers.unshift(id);
  }
  await served.inbox.settled();
}, PATIENCE);
afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

describe.each(shells)('read over HTTP (%s)', (shell) => {
  let door: Door;
  beforeAll(() => {
    door = served.through(shell);
  });
  const read = async (path: string) => (await door.ask('GET', path)).json() as Record<string, unknown>;

  test('an actor shows its document, with a key that can be used', async () => {
    const reply = await door.ask('GET', '/users/bob', { accept: 'application/activity+json' });
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toMatch(/^application\/activity\+json/);
    const document = reply.json() as Record<string, unknown>;
    const id = `${ORIGIN}/users/bob`;
    expect(document).toMatchObject({
      ...{ id, type: 'Person', preferredUsername: 'bob', name: 'Bob', inbox: `${id}/inbox` },
      ...{ outbox: `${id}/outbox`, followers: `${id}/followers`, following: `${id}/following` },
      ...{ liked: `${id}/liked`, manuallyApprovesFollowers: false },
      endpoints: { sharedInbox: `${ORIGIN}/inbox` },
      publicKey: { id: `${id}#main-key`, owner: id },
    });
    const { publicKeyPem } = document.publicKey as { publicKeyPem: string };
    expect(createPublicKey(publicKeyPem).asymmetricKeyDetails).toMatchObject({ modulusLength: 2_048 });
    expect(document['@context']).toEqual(expect.arrayContaining(['https://www.w3.org/ns/activitystreams']));
  });

  test('a locked actor says so, and the instance has an actor of its own', async () => {
    expect(await read('/users/carol')).toMatchObject({ manuallyApprovesFollowers: true });
    expect(await read('/users/_instance')).toMatchObject({
      ...{ type: 'Application', preferredUsername: '_instance', id: `${ORIGIN}/users/_instance` },
    });
  });

  test('what was never made is 404', async () => {
    for (const path of [
      ...['/users/nobody', '/users/nobody/followers', '/users/alice/nothing', '/users/alice/activities/x'],
      ...['/notes/1', '/', '/nothing', '/users/', '/users/alice/', '/users//alice', '/users/%61lice%00'],
      ...['/users/alice/../bob/x', '/.well-known/nothing', '/inbox/', '/constructor', '/users/__proto__'],
    ])
      expect([path, (await door.ask('GET', path)).status]).toEqual([path, 404]);
  });

  test('WebFinger finds an actor by its account and by its id', async () => {
    for (const resource of [`acct:alice@${HOST}`, `acct:Alice@${HOST.toUpperCase()}`, ALICE]) {
      const reply = await door.ask('GET', `/.well-known/webfinger?resource=${encodeURIComponent(resource)}`);
      expect(reply.status).toBe(200);
      expect(reply.headers['content-type']).toMatch(/^application\/jrd\+json/);
      expect(reply.headers['access-control-allow-origin']).toBe('*');
      expect(reply.json()).toMatchObject({
        ...{ subject: `acct:alice@${HOST}`, aliases: [ALICE] },
        links: expect.arrayContaining([{ rel: 'self', type: 'application/activity+json', href: ALICE }]),
      });
    }
    for (const [query, status] of [
      [`?resource=acct:nobody@${HOST}`, 404],
      ['?resource=acct:alice@other.example', 404],
      [`?resource=acct:%00@${HOST}`, 404],
      [`?resource=acct:%25ff@${HOST}`, 404],
      ['?resource=alice', 400],
      ['?resource=', 400],
      ['', 400],
    ] as const) {
      const reply = await door.ask('GET', `/.well-known/webfinger${query}`);
      expect([query, reply.status]).toEqual([query, status]);
      expect(reply.headers['content-type']).toBe('application/problem+json');
    }
  });

  test('NodeInfo says what software this is', async () => {
    const { links } = (await read('/.well-known/nodeinfo')) as { links: { rel: string; href: string }[] };
    const [link] = links;
    expect(link?.rel).toBe('http://nodeinfo.diaspora.software/ns/schema/2.1');
    expect(new URL(link?.href as string).origin).toBe(ORIGIN);
    const reply = await door.ask('GET', new URL(link?.href as string).pathname);
    expect(reply.headers['content-type']).toContain('http://nodeinfo.diaspora.software/ns/schema/2.1#');
    expect(reply.json()).toMatchObject({
      ...{ version: '2.1', software: { name: 'sallyport', version: '0.1.0' }, protocols: ['activitypub'] },
      ...{ services: { inbound: [], outbound: [] }, openRegistrations: false, usage: { users: {} } },
    });
  });

  test('a collection is read page by page, newest first, each member once', async () => {
    const collection = await read('/users/alice/followers');
    expect(collection).toMatchObject({
      ...{ id: `${ALICE}/followers`, type: 'OrderedCollection', totalItems: FOLLOWERS },
    });
    const found: string[] = [];
    let next = collection.first as string | undefined;
    while (next !== undefined) {
      const { pathname, search, origin } = new URL(next);
      expect(origin).toBe(ORIGIN);
      const page = await read(pathname + search);
      expect(page).toMatchObject({ id: next, type: 'OrderedCollectionPage', partOf: `${ALICE}/followers` });
      found.push(...(page.orderedItems as string[]));
      next = page.next as string | undefined;
    }
    expect(found).toEqual(followers);
    expect((await door.ask('GET', '/users/alice/followers?page=x')).status).toBe(400);
    for (const name of ['following', 'liked', 'outbox'])
      expect(await read(`/users/alice/${name}`)).toMatchObject({ totalItems: 0, type: 'OrderedCollection' });
  });

  test('an inbox is for its owner alone', async () => {
    const reply = await door.ask('GET', '/users/alice/inbox');
    expect(reply.status).toBe(401);
    expect(reply.headers['content-type']).toBe('application/problem+json');
  });

  test('HEAD is answered like GET, without the body', async () => {
    for (const path of ['/users/alice', '/healthz', '/users/alice/followers', '/nodeinfo/2.1', '/nothing']) {
      const [head, whole] = [await door.ask('HEAD', path), await door.ask('GET', path)];
      expect([path, head.status, head.body]).toEqual([path, whole.status, '']);
      expect(head.headers['content-type']).toBe(whole.headers['content-type']);
    }
  });

  test('other methods are answered 405 with Allow', async () => {
    for (const path of ['/users/alice', '/users/alice/followers', '/.well-known/webfinger', '/healthz']) {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const reply = await door.ask(method, path);
        expect([path, reply.status, reply.headers.allow]).toEqual([path, 405, 'GET, HEAD']);
      }
    }
  });

  test('what was asked of another host is answered 421, except health and metrics', async () => {
    const other = { host: 'other.example' };
    for (const path of ['/users/alice', '/.well-known/webfinger?resource=x:y', '/nodeinfo/2.1']) {
      const reply = await door.ask('GET', path, other);
      expect([path, reply.status]).toEqual([path, 421]);
      expect(reply.headers['content-type']).toBe('application/problem+json');
    }
    for (const path of ['/healthz', '/readyz', '/metrics'])
      expect([path, (await door.ask('GET', path, other)).status]).toEqual([path, 200]);
  });

  test('forwarded headers change nothing of what is said', async () => {
    const forwarded = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil',
    };
    const reply = await door.ask('GET', '/users/alice', forwarded);
    expect(reply.json()).toMatchObject({ id: ALICE });
    expect(reply.body).not.toContain('evil');
  });

  test('metrics have the names that the contract promises', async () => {
    const reply = await door.ask('GET', '/metrics');
    expect(reply.headers['content-type']).toMatch(/^text\/plain/);
    for (const line of [
      /^sallyport_requests_total\{status="202"\} \d+$/m,
      /^sallyport_activities_total\{status="processed"\} \d+$/m,
      /^sallyport_transitions_total\{machine="follow-request",from="pending",to="accepted"\} 120$/m,
      /^sallyport_machines\{machine="domain",state="active"\} 1$/m,
      /^sallyport_machines\{machine="follow-request",state="accepted"\} 120$/m,
      /^sallyport_verify_seconds_count \d+$/m,
      /^sallyport_turn_seconds_count \d+$/m,
      /^sallyport_turn_size_sum \d+$/m,
      /^sallyport_mailbox_depth \d+$/m,
      /^sallyport_pool_queue_depth 0$/m,
      /^sallyport_deliveries_total\{result="delivered"\} 120$/m,
      /^sallyport_event_loop_delay_seconds\{quantile="0.5"\} [\d.e-]+$/m,
      /^sallyport_event_loop_delay_seconds\{quantile="0.99"\} [\d.e-]+$/m,
      /^process_cpu_seconds_total [\d.]+$/m,
      /^process_resident_memory_bytes \d+$/m,
    ])
      expect(reply.body).toMatch(line);
  });
});

test(
  'health goes on while the inbox closes; readiness, documents and inboxes do not',
  async () => {
    const [host, port] = served.address.split(':');
    const ask = (path: string) =>
      send('GET', ORIGIN + path, { host: HOST }, null, { connectTo: `${host}:${port}` });
    expect([(await ask('/healthz')).status, (await ask('/readyz')).status]).toEqual([200, 200]);
    await served.inbox.close();
    expect((await ask('/healthz')).status).toBe(200);
    for (const path of ['/readyz', '/users/alice']) {
      const reply = await ask(path);
      expect([path, reply.status, reply.headers['retry-after']]).toEqual([path, 503, '5']);
      expect(reply.headers['content-type']).toBe('application/problem+json');
    }
    expect(served.errors).toEqual([]);
  },
  PATIENCE,
);
