/**
 * Discovery and reading: row S87 of the checklist. How others find our actors, in which form they read them, and who may
 * read at all.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pglite } from '../databases.ts';
import {
  follow,
  PUBLIC,
  type RemoteActor,
  type RemoteDomain,
  type Signer,
  signedHeaders,
} from '../fediverse/index.ts';
import { HOST, ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const INSTANCE = `${ORIGIN}/users/_instance`;
const ACTIVITY_JSON = 'application/activity+json';
const LD_JSON = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"';
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';
const NO_BODY = new Uint8Array();

describe.each(places)('S87 discovery ($name)', (place) => {
  let served: Served;
  let note: string;
  beforeAll(async () => {
    const url = 'https://www.us.example/@alice';
    served = await serve(place, { actors: { alice: { url }, bob: {} } });
    note = (await served.inbox.send('alice', { type: 'Note', content: 'Find me', to: PUBLIC }))
      .object as string;
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);
  const finger = (resource: string, more = '') =>
    served.ask('GET', `/.well-known/webfinger?resource=${encodeURIComponent(resource)}${more}`);
  const ask = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
    served.ask(method, new URL(url).pathname + new URL(url).search, headers);

  test('WebFinger finds an actor by its account, with and without a leading @, and by its URL', async () => {
    for (const resource of [`acct:alice@${HOST}`, `acct:@alice@${HOST}`, ALICE]) {
      const reply = await finger(resource);
      expect([resource, reply.status]).toEqual([resource, 200]);
      expect(reply.headers).toMatchObject({
        ...{ 'content-type': 'application/jrd+json', 'access-control-allow-origin': '*' },
      });
      expect(reply.json()).toEqual({
        subject: `acct:alice@${HOST}`,
        aliases: [ALICE, 'https://www.us.example/@alice'],
        links: [
          { rel: 'self', type: ACTIVITY_JSON, href: ALICE },
          {
            ...{ rel: 'http://webfinger.net/rel/profile-page', type: 'text/html' },
            href: 'https://www.us.example/@alice',
          },
        ],
      });
    }
  });

  test('WebFinger finds the instance by its actor, by its host and by its origin', async () => {
    for (const resource of [INSTANCE, `acct:_instance@${HOST}`, `acct:${HOST}@${HOST}`, ORIGIN, `${ORIGIN}/`])
      expect((await finger(resource)).json()).toMatchObject({
        subject: `acct:_instance@${HOST}`,
        aliases: [INSTANCE],
      });
    const actor = (await ask(INSTANCE)).json();
    expect(actor).toMatchObject({ type: 'Application', publicKey: { owner: INSTANCE } });
  });

  test('WebFinger gives only the links that were asked for, and says 400 and 404 as it should', async () => {
    const { links } = (await finger(ALICE, '&rel=self')).json() as { links: unknown[] };
    expect(links).toEqual([{ rel: 'self', type: ACTIVITY_JSON, href: ALICE }]);
    expect((await finger(ALICE, '&rel=http://x.example/none')).json()).toMatchObject({ links: [] });
    for (const unknown of [
      `acct:nobody@${HOST}`,
      'acct:alice@other.example',
      'acct:bob',
      `${ORIGIN}/users/nobody`,
    ])
      expect([unknown, (await finger(unknown)).status]).toEqual([unknown, 404]);
    for (const bad of ['', 'alice', `@alice@${HOST}`])
      expect([bad, (await finger(bad)).status]).toEqual([bad, 400]);
    expect((await served.ask('GET', '/.well-known/webfinger')).status).toBe(400);
    expect((await finger(ALICE, `&resource=${ALICE}`)).status).toBe(400);
    expect((await finger('alice')).headers['access-control-allow-origin']).toBe('*');
  });

  test('host-meta leads to WebFinger, as XML and as JSON', async () => {
    const template = `${ORIGIN}/.well-known/webfinger?resource={uri}`;
    const xml = await served.ask('GET', '/.well-known/host-meta');
    expect(xml.headers['content-type']).toBe('application/xrd+xml');
    expect(xml.body).toContain(`<Link rel="lrdd" template="${template}"/>`);
    const json = await served.ask('GET', '/.well-known/host-meta.json');
    expect(json.json()).toMatchObject({ links: [{ rel: 'lrdd', template }] });
  });

  test('NodeInfo is there in both versions that are asked for', async () => {
    const { links } = (await served.ask('GET', '/.well-known/nodeinfo')).json() as {
      links: { rel: string; href: string }[];
    };
    expect(links.map(({ rel }) => rel.split('/').at(-1))).toEqual([
      ...['2.1', '2.0', 'activitystreams#Application'],
    ]);
    // The actor that stands for the whole server. FEP-2677
    expect(links.pop()?.href).toBe(`${ORIGIN}/users/_instance`);
    for (const { rel, href } of links) {
      const reply = await ask(href);
      expect(reply.headers['content-type']).toContain(`profile="${rel}#"`);
      expect(reply.json()).toMatchObject({ version: rel.split('/').at(-1), protocols: ['activitypub'] });
    }
  });

  test('a document is served in the form that was asked for, and a page for people where there is one', async () => {
    const bob = `${ORIGIN}/users/bob`;
    const page = 'https://www.us.example/@alice';
    const table: readonly [url: string, accept: string | undefined, status: number, type?: string][] = [
      [ALICE, ACTIVITY_JSON, 200, ACTIVITY_JSON],
      [ALICE, LD_JSON, 200, LD_JSON],
      [ALICE, 'application/ld+json', 200, LD_JSON],
      [ALICE, `${LD_JSON}, ${ACTIVITY_JSON};q=0.5`, 200, LD_JSON],
      [ALICE, `${ACTIVITY_JSON}, ${LD_JSON}`, 200, ACTIVITY_JSON],
      [ALICE, 'application/json', 200, ACTIVITY_JSON],
      [ALICE, '*/*', 200, ACTIVITY_JSON],
      [ALICE, undefined, 200, ACTIVITY_JSON],
      [ALICE, `${ACTIVITY_JSON}, text/html;q=0.1`, 200, ACTIVITY_JSON],
      [ALICE, 'text/html', 303, page],
      [ALICE, BROWSER, 303, page],
      [ALICE, 'image/png', 303, page],
      // Of these there is no page: JSON is better than nothing, where it will do at all.
      [bob, BROWSER, 200, ACTIVITY_JSON],
      [bob, 'text/html', 406],
      [bob, `${ACTIVITY_JSON};q=0`, 406],
      [note, 'text/html', 406],
      [note, LD_JSON, 200, LD_JSON],
      [`${note}/likes`, ACTIVITY_JSON, 200, ACTIVITY_JSON],
      [`${ALICE}/followers`, 'text/html', 406],
    ];
    for (const [url, accept, status, is] of table) {
      const reply = await ask(url, accept === undefined ? {} : { accept });
      expect([url, accept, reply.status]).toEqual([url, accept, status]);
      expect(reply.headers.vary).toBe('accept');
      if (is !== undefined) expect(reply.headers[status === 303 ? 'location' : 'content-type']).toBe(is);
    }
  });

  test('HEAD says what GET says, and what has not changed is not sent again', async () => {
    for (const url of [ALICE, note, `${ALICE}/outbox?page=first`]) {
      const whole = await ask(url, { accept: ACTIVITY_JSON });
      const head = await ask(url, { accept: ACTIVITY_JSON }, 'HEAD');
      const { etag = '', 'cache-control': cache } = whole.headers as Record<string, string>;
      expect([head.status, head.body, head.headers.etag]).toEqual([200, '', etag]);
      expect(cache).toMatch(/^public, max-age=\d+$/);
      expect(await ask(url, { 'if-none-match': etag })).toMatchObject({ status: 304, body: '' });
      expect((await ask(url, { 'if-none-match': '"other"' })).status).toBe(200);
    }
  });
});

describe('S87 where documents are only for those who sign for it', () => {
  let served: Served;
  let home: RemoteDomain;
  let away: RemoteDomain;
  let ann: RemoteActor;
  let bea: RemoteActor;
  let open: string;
  let secret: string;
  let closed: string;
  beforeAll(async () => {
    served = await serve({ kind: pglite }, { authorizedFetch: true });
    home = await served.remote();
    away = await served.remote();
    ann = await home.actor('ann');
    bea = await away.actor('bea');
    await served.post('/inbox', follow(ann.id, ALICE), ann);
    await served.inbox.settled();
    const say = async (content: string, to: string) =>
      (await served.inbox.send('alice', { type: 'Note', content, to })).object as string;
    open = await say('For all', PUBLIC);
    secret = await say('For Bea', bea.id);
    closed = await say('For those who follow', `${ALICE}/followers`);
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  async function read(
    url: string,
    signer: Signer | null,
    tamper?: (headers: Record<string, string>) => void,
  ) {
    const names = ['(request-target)', 'host', 'date'];
    const headers =
      signer === null
        ? {}
        : signedHeaders('GET', url, NO_BODY, signer, { signed: names, date: new Date(served.clock.now()) });
    delete (headers as Record<string, string>).digest;
    tamper?.(headers as Record<string, string>);
    return served.ask('GET', new URL(url).pathname + new URL(url).search, {
      accept: ACTIVITY_JSON,
      ...headers,
    });
  }

  test('nobody reads a note or a collection without a signature, and whoever has signed does', async () => {
    for (const url of [open, `${open}/likes`, `${ALICE}/followers?page=first`, `${ALICE}/outbox`]) {
      const reply = await read(url, null);
      expect([url, reply.status, reply.headers['content-type']]).toEqual([
        url,
        401,
        'application/problem+json',
      ]);
      const signed = await read(url, ann);
      expect([url, signed.status]).toEqual([url, 200]);
      expect(signed.headers).toMatchObject({
        ...{ 'cache-control': 'private, no-store', vary: 'accept, signature, signature-input' },
      });
    }
    expect((await read(`${ALICE}/inbox`, ann)).status).toBe(403);
    expect((await read(`${ORIGIN}/notes/never-made`, ann)).status).toBe(404);
  });

  test('what it takes to verify us, and to find us, is there for everybody', async () => {
    const bare = (await read(ALICE, null)).json() as Record<string, unknown>;
    expect(bare).toMatchObject({ id: ALICE, inbox: `${ALICE}/inbox`, publicKey: { owner: ALICE } });
    expect(bare).not.toHaveProperty('followers');
    expect((await read(ALICE, ann)).json()).toHaveProperty('followers');
    expect((await read(INSTANCE, null)).json()).toHaveProperty('publicKey');
    for (const path of [
      `/.well-known/webfinger?resource=${ALICE}`,
      '/.well-known/nodeinfo',
      '/nodeinfo/2.1',
      '/healthz',
    ])
      expect([path, (await served.ask('GET', path)).status]).toEqual([path, 200]);
  });

  test('a signature that does not hold is none', async () => {
    const other = await home.actor('other');
    const stranger: Signer = { keyId: ann.keyId, privateKey: other.privateKey };
    expect((await read(open, stranger)).status).toBe(401);
    expect(
      (await read(open, ann, (headers) => Object.assign(headers, { signature: 'garbage' }))).status,
    ).toBe(401);
    expect(
      (await read(open, ann, (headers) => Object.assign(headers, { date: new Date(0).toUTCString() })))
        .status,
    ).toBe(401);
    const elsewhere = signedHeaders('GET', `${open}/likes`, NO_BODY, ann, {
      ...{ signed: ['(request-target)', 'host', 'date'], date: new Date(served.clock.now()) },
    });
    expect((await read(open, null, (headers) => Object.assign(headers, elsewhere))).status).toBe(401);
    const unsigned = { keyId: `${home.origin}/users/nobody#main-key`, privateKey: other.privateKey };
    expect((await read(open, unsigned)).status).toBe(401);
  });

  test('what is addressed to somebody is read by that one, and to followers by those who follow', async () => {
    const table = [
      [secret, ann, 404],
      [secret, bea, 200],
      [closed, ann, 200],
      [closed, bea, 404],
    ] as const;
    for (const [url, reader, status] of table) expect((await read(url, reader)).status).toBe(status);
  });

  test('a suspended actor reads nothing, and others of its domain do', async () => {
    const { actors } = served.inbox;
    await actors.suspend(ann.id, { reason: 'harassment' });
    await served.inbox.settled();
    for (const url of [open, closed]) expect([url, (await read(url, ann)).status]).toEqual([url, 403]);
    expect((await read(open, await home.actor('ada'))).status).toBe(200);
    await actors.unsuspend(ann.id);
    await served.inbox.settled();
    expect((await read(closed, ann)).status).toBe(200);
  });

  test('a blocked domain reads nothing, and its keys are not even looked for', async () => {
    expect((await read(open, bea)).status).toBe(200);
    await served.inbox.domains.block(away.domain, { reason: 'scraping' });
    await served.inbox.settled();
    const before = away.fetches();
    for (const url of [open, `${ALICE}/followers`, ALICE]) {
      const reply = await read(url, bea);
      expect([url, reply.status, reply.json()]).toMatchObject([
        url,
        403,
        { type: 'urn:sallyport:problem:blocked' },
      ]);
    }
    const cyd = await away.actor('cyd');
    expect((await read(open, cyd)).status).toBe(403);
    expect(away.fetches()).toBe(before);
    // A key may lie on another domain than its actor: the actor's counts, too.
    const keyId = `${home.origin}/keys/cyd`;
    const publicKey = { id: keyId, owner: cyd.id, publicKeyPem: cyd.publicKeyPem };
    cyd.document.publicKey = publicKey;
    home.serve('/keys/cyd', (_, response) =>
      response.writeHead(200, { 'content-type': ACTIVITY_JSON }).end(JSON.stringify(publicKey)),
    );
    expect((await read(open, { keyId, privateKey: cyd.privateKey })).status).toBe(403);
    await served.inbox.domains.unblock(away.domain);
    await served.inbox.settled();
    expect((await read(open, { keyId, privateKey: cyd.privateKey })).status).toBe(200);
    expect((await read(open, ann)).status).toBe(200);
  });
});
