/**
 * Whatever is sent, it is answered, and never with a 5xx: bodies that are none, wrong types in every field, signatures
 * that are broken in every way we could think of, and requests mangled at random. Over both shells, the bodies signed
 * for real, so that they reach the reader of documents.
 */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { pglite } from '../databases.ts';
import {
  bytesOf,
  CONTEXT,
  create,
  like,
  type RemoteActor,
  type Reply,
  signedHeaders,
} from '../fediverse/index.ts';
import { type Door, HOST, ORIGIN, PATIENCE, type Served, serve, shells } from './served.ts';

const NOTE = `${ORIGIN}/notes/1`;

let served: Served;
let ann: RemoteActor;
let doors: readonly Door[];
beforeAll(async () => {
  served = await serve({ kind: pglite });
  ann = await (await served.remote()).actor('ann');
  doors = shells.map((shell) => served.through(shell));
  expect((await served.post('/inbox', like(ann.id, NOTE), ann)).status).toBe(202);
}, PATIENCE);
afterAll(() => served[Symbol.asyncDispose](), PATIENCE);
afterEach(() => expect(served.errors).toEqual([]));

/** Sends each through both doors, a few at a time. */
async function statusesOf(sends: readonly ((door: Door) => Promise<Reply>)[]): Promise<number[]> {
  const statuses: number[] = [];
  for (let at = 0; at < sends.length; at += 8) {
    const some = sends.slice(at, at + 8).flatMap((it) => doors.map((door) => it(door)));
    for (const reply of await Promise.all(some)) {
      if (reply.status >= 400) expect(reply.headers['content-type']).toBe('application/problem+json');
      statuses.push(reply.status);
    }
  }
  return statuses;
}

const signed = (body: Uint8Array | string) => (door: Door) => door.post('/users/alice/inbox', body, ann);

describe('a body', () => {
  test('that is no JSON object, or no activity, is answered 400', async () => {
    const id = `${ann.id}#1`;
    const bodies = [
      ...['[]', 'null', '"x"', '1', 'true', '', ' ', '{}', '{"id":5}', '[[]]', '{"type":"Like"}'],
      ...['{"a":1,"a":2}', '{"__proto__":{}}', '{"@context":null}', '{"@graph":[]}', '[{"type":"Like"}]'],
      ...[JSON.stringify({ '@context': CONTEXT, id, actor: ann.id })],
      JSON.stringify({ '@context': CONTEXT, id, type: 'Like' }),
    ];
    expect(new Set(await statusesOf(bodies.map(signed)))).toEqual(new Set([400]));
  });

  test('may name a context that nobody here knows: it means nothing, and is not fetched', async () => {
    const remote = await served.remote();
    const bea = await remote.actor('bea');
    const activity = { ...like(bea.id, NOTE), '@context': [CONTEXT, `${bea.id}/context`] };
    expect((await served.post('/inbox', activity, bea)).status).toBe(202);
    expect(remote.fetches(`/users/bea/context`)).toBe(0);
  });

  test('that is cut off anywhere is answered 400', async () => {
    const whole = JSON.stringify(like(ann.id, NOTE));
    const cuts = [1, 2, 10, whole.length >> 1, whole.length - 20, whole.length - 1];
    const bodies = cuts.map((at) => whole.slice(0, at));
    expect(new Set(await statusesOf(bodies.map(signed)))).toEqual(new Set([400]));
  });

  test('of bytes that are not UTF-8, or of characters that nobody can keep, is answered 400', async () => {
    const text = (content: string) => JSON.stringify(create(ann.id, { content }));
    const bodies = [
      Buffer.from(text('Ä'), 'latin1'),
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytesOf(text('x'))]),
      Buffer.from(text('x'), 'utf16le'),
      Buffer.concat([bytesOf(text('x')), Buffer.from([0xff])]),
      bytesOf(text('a\u0000b')),
      bytesOf(text('x').replace('"x"', '"\\ud800"')),
    ];
    expect(new Set(await statusesOf(bodies.map(signed)))).toEqual(new Set([400]));
  });

  test('nested fifty thousand deep, or of as many keys, is answered 400', async () => {
    const deep = 50_000;
    const bodies = [
      '['.repeat(deep),
      '{"a":'.repeat(deep),
      `${'{"object":'.repeat(deep)}1${'}'.repeat(deep)}`,
      JSON.stringify({
        ...like(ann.id, NOTE),
        object: JSON.parse(`${'['.repeat(500)}1${']'.repeat(500)}`),
      }),
      `{${Array.from({ length: deep }, (_, at) => `"k${at}":1`).join(',')}}`,
      JSON.stringify({
        ...like(ann.id, NOTE),
        '@context': Array(5_000).fill(CONTEXT),
      }),
    ];
    expect(new Set(await statusesOf(bodies.map(signed)))).toEqual(new Set([400]));
  });

  test('in which short names stand for long ones, so that it means far more than it says, is answered 400', async () => {
    const meaning = (length: number, times: number) =>
      JSON.stringify({
        ...like(ann.id, NOTE),
        '@context': [CONTEXT, { long: `https://x.example/${'y'.repeat(length)}` }],
        // Not for the fast path, so that what it means is kept beside it.
        'as:tag': Array.from({ length: times }, (_, at) => ({ long: at })),
      });
    expect(await statusesOf([signed(meaning(100_000, 900)), signed(meaning(3_000, 600))])).toEqual(
      Array(4).fill(400),
    );
    expect(await statusesOf([signed(meaning(100, 300))])).toEqual([202, 202]);
  });

  test('with a wrong type in any field is taken or refused, and nothing breaks', async () => {
    const wrong = [null, true, -1.5, '', 'x', [], [null], [[]], {}, { id: 5 }, { '@value': 1 }];
    const documents: object[] = [];
    const whole = create(ann.id);
    for (const value of wrong) {
      for (const field of ['@context', 'id', 'type', 'actor', 'object', 'published', 'to', 'cc', 'target'])
        documents.push({ ...whole, [field]: value });
      for (const field of ['id', 'type', 'attributedTo', 'content', 'to', 'tag', 'inReplyTo'])
        documents.push({ ...whole, object: { ...(whole.object as object), [field]: value } });
      for (const type of ['Follow', 'Undo', 'Accept', 'Block', 'Delete'])
        documents.push({ ...like(ann.id, NOTE), type, object: value });
    }
    const replies: Reply[] = [];
    for (let at = 0; at < documents.length; at += 20) {
      const some = documents
        .slice(at, at + 20)
        .map((it, index) => signed(JSON.stringify(it))(doors[index % 2] as Door));
      replies.push(...(await Promise.all(some)));
    }
    for (const { status } of replies) expect([202, 400, 401]).toContain(status);
    await served.inbox.settled();
    expect((await served.inbox.dead.list()).items).toEqual([]);
  }, 120_000);
});

describe('a Signature header', () => {
  const activity = () => bytesOf(like(ann.id, NOTE));
  const broken = (tamper: (signature: string) => string) => (door: Door) =>
    door.post('/inbox', activity(), ann, { tamper });

  test('that is broken, in whatever way, is answered 401', async () => {
    const instead = [
      ...['', ' ', ',', '=', '"', 'keyId', 'keyId=', 'keyId="', 'Signature', 'Bearer x', 'keyId="x"'],
      ...['signature="x"', '\x80\xff', 'a'.repeat(5_000), 'keyId="http://"', 'keyId="http://:x/"', '%00'],
    ];
    const ways: ((signature: string) => string)[] = [
      ...instead.map((text) => () => text),
      (it) => it.slice(0, it.length >> 1),
      (it) => it.slice(0, -1),
      (it) => `${it},`,
      (it) => `${it},${it}`,
      (it) => `${it},keyId="http://evil.example/#k"`,
      (it) => `${it},keyid="http://evil.example/#k"`,
      (it) => it.replaceAll('"', ''),
      (it) => it.replaceAll('"', "'"),
      (it) => it.replaceAll(',', ';'),
      (it) => it.replace('keyId', 'KEYID'),
      (it) => it.replace(/keyId="[^"]*"/, 'keyId=""'),
      (it) => it.replace(/keyId="[^"]*"/, 'keyId="acct:ann@us.example"'),
      (it) => it.replace(/keyId="[^"]*"/, 'keyId="javascript:alert(1)"'),
      (it) => it.replace(/keyId="[^"]*"/, `keyId="${ORIGIN}/users/alice#main-key"`),
      (it) => it.replace(/keyId="([^"]*)"/, 'keyId="$1 x"'),
      (it) => it.replace(/algorithm="[^"]*"/, 'algorithm="rsa-sha1"'),
      (it) => it.replace(/algorithm="[^"]*"/, 'algorithm="hmac-sha256"'),
      (it) => it.replace(/algorithm="[^"]*"/, 'algorithm="rsa-constructor"'),
      (it) => it.replace(/algorithm="[^"]*"/, 'algorithm="none"'),
      (it) => it.replace(/headers="[^"]*"/, 'headers=""'),
      (it) => it.replace(/headers="[^"]*"/, 'headers="date"'),
      (it) => it.replace(/headers="[^"]*"/, 'headers="(request-target) host digest"'),
      (it) => it.replace(/headers="([^"]*)"/, 'headers="$1 $1"'),
      (it) => it.replace(/headers="([^"]*)"/, 'headers="$1 signature"'),
      (it) => it.replace(/headers="([^"]*)"/, 'headers="$1 x-absent"'),
      (it) => it.replace(/headers="([^"]*)"/, 'headers="$1 (created)"'),
      (it) => it.replace(/headers="([^"]*)"/, 'headers="$1\\"'),
      (it) => it.replace(/,headers="[^"]*"/, ''),
      (it) => it.replace(/signature="[^"]*"/, 'signature=""'),
      (it) => it.replace(/signature="[^"]*"/, 'signature="%%%"'),
      (it) => it.replace(/signature="[^"]*"/, 'signature="AAAA"'),
      (it) => it.replace(/signature="(.)/, (_, first) => `signature="${first === 'A' ? 'B' : 'A'}`),
      (it) => `${it},created=abc`,
      (it) => `${it},created=99999999999999`,
      (it) => `${it},expires=1`,
      (it) => `${it},created="-1"`,
    ];
    expect(await statusesOf(ways.map(broken))).toEqual(Array(ways.length * shells.length).fill(401));
  });

  test('beside a header that it must cover and that is missing or wrong is worth nothing: 401', async () => {
    const others = [
      { digest: 'SHA-256=' },
      { digest: `SHA-256=${'A'.repeat(43)}=` },
      { digest: 'MD5=1B2M2Y8AsgTpgAmY7PhCfg==' },
      { digest: ',,' },
      { date: '' },
      { date: 'yesterday' },
      { date: '2026-01-01T00:00:00Z' },
      { date: 'Mon, 30 Feb 2026 10:00:00 GMT' },
      { authorization: 'Signature keyId="x"' },
      { 'signature-input': 'sig1=("@method")' },
    ];
    const sends = others.map(
      (headers) => (door: Door) => door.post('/inbox', activity(), ann, { headers: { ...headers } }),
    );
    expect(new Set(await statusesOf(sends))).toEqual(new Set([401]));
  });
});

/** One way to spoil a request between its signer and us. */
type Mangle =
  | { readonly what: 'body'; readonly at: number; readonly bytes: Uint8Array; readonly isSigned: boolean }
  | { readonly what: 'signature'; readonly at: number; readonly text: string }
  | { readonly what: 'header'; readonly name: string; readonly value: string | null };

const at = fc.double({ min: 0, max: 1, noNaN: true });
const visible = fc.string({
  unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
});
const mangle: fc.Arbitrary<Mangle> = fc.oneof(
  fc.record({
    what: fc.constant('body' as const),
    at,
    bytes: fc.uint8Array({ maxLength: 6 }),
    isSigned: fc.boolean(),
  }),
  fc.record({ what: fc.constant('signature' as const), at, text: visible }),
  fc.record({
    what: fc.constant('header' as const),
    name: fc.constantFrom('date', 'digest', 'content-type', 'signature', 'authorization', 'host', 'x-more'),
    value: fc.option(visible),
  }),
);

function splice(bytes: Uint8Array, where: number, put: Uint8Array): Uint8Array {
  const start = Math.floor(where * bytes.byteLength);
  return Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + put.byteLength)]);
}

function mangled(mangles: readonly Mangle[]) {
  let body: Uint8Array = bytesOf(create(ann.id));
  const bodies = mangles.filter((one) => one.what === 'body');
  for (const one of bodies) if (one.isSigned) body = splice(body, one.at, one.bytes);
  const signedBody = body;
  const date = new Date(served.clock.now());
  let headers: Record<string, string> = signedHeaders('POST', `${ORIGIN}/inbox`, body, ann, { date });
  for (const one of bodies) if (!one.isSigned) body = splice(body, one.at, one.bytes);
  for (const one of mangles) {
    if (one.what === 'signature' && headers.signature !== undefined) {
      // The key id stays, so that no name servers are asked.
      const start = headers.signature.indexOf(',');
      const rest = Buffer.from(headers.signature.slice(start), 'latin1');
      const changed = Buffer.from(splice(rest, one.at, Buffer.from(one.text))).toString('latin1');
      headers = { ...headers, signature: headers.signature.slice(0, start) + changed };
    } else if (one.what === 'header') {
      const { [one.name]: _, ...others } = headers;
      headers = one.value === null ? others : { ...others, [one.name]: one.value };
    }
  }
  const isForged = !Buffer.from(body).equals(signedBody);
  return { headers: { host: HOST, ...headers }, body, isForged };
}

test('a signed request that was mangled on its way is answered in time, and never with a 5xx', async () => {
  let turn = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(mangle, { minLength: 1, maxLength: 3 }), async (mangles) => {
      const { headers, body, isForged } = mangled(mangles);
      const door = doors[turn++ % doors.length] as Door;
      const { status } = await door.ask('POST', '/inbox', headers, body);
      expect([202, 400, 401, 415, 421]).toContain(status);
      // What the signer did not sign is never taken for theirs.
      if (isForged) expect(status).not.toBe(202);
    }),
    { numRuns: 150 },
  );
  expect((await served.post('/inbox', create(ann.id), ann)).status).toBe(202);
}, 120_000);
