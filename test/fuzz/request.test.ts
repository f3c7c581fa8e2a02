/**
 * Anything at all is sent to a server that listens: heads, signature headers of both kinds, and bodies, mangled at
 * random, over plain sockets where an HTTP client would not send them. Every connection ends with an answer below 500
 * or with a close, in time; and the server still takes a good activity afterwards.
 *
 * The seed is printed; `FUZZ_SEED` repeats a run and `FUZZ_RUNS` makes it longer.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Door, openDoor } from '../../src/cli/door.ts';
import { toNodeHandler } from '../../src/web/node.ts';
import { messageSigned } from '../conformance/message-signature.ts';
import { type RawReply, rawBytes } from '../conformance/raw-post.ts';
import { pglite } from '../databases.ts';
import { bytesOf, create, like, post, type RemoteActor, signedHeaders } from '../fediverse/index.ts';
import { HOST, ORIGIN, PATIENCE, type Served, serve } from '../inbox/served.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 48);
const SEED = Number(process.env.FUZZ_SEED ?? Date.now() & 0x7fff_ffff);
/** A bound for each answer: a body that is too slow is cut off after ten seconds, a head as well. */
const ANSWER_MS_MAX = 25_000;
/** Connections at once: what waits for ten seconds must not make everything wait. */
const WIDTH = 12;

let served: Served;
let door: Door;
let address: string;
let ann: RemoteActor;

beforeAll(async () => {
  console.info(`fuzz: seed ${SEED}, ${RUNS} runs of each property`);
  served = await serve({ kind: pglite });
  door = await openDoor({ host: '127.0.0.1', port: 0 });
  door.answer(toNodeHandler(served.inbox));
  address = `127.0.0.1:${door.port}`;
  ann = await (await served.remote()).actor('ann');
  expect((await good()).status).toBe(202);
}, PATIENCE);
afterAll(async () => {
  door.close();
  await served[Symbol.asyncDispose]();
}, PATIENCE);

const good = () =>
  post(`${ORIGIN}/inbox`, like(ann.id, `${ORIGIN}/notes/1`), ann, {
    ...{ connectTo: address, date: new Date(served.clock.now()), timeoutMs: ANSWER_MS_MAX },
  });

/** Plays each run of a property at once with others, and looks at what every one of them came to. */
async function survives<T>(runs: fc.Arbitrary<T>, play: (run: T) => Promise<RawReply>): Promise<void> {
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(runs, { minLength: WIDTH, maxLength: WIDTH }), async (some) => {
      for (const { status, text } of await Promise.all(some.map(play))) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        expect([status < 500, text.slice(0, 200)]).toEqual([true, text.slice(0, 200)]);
      }
    }),
    {
      seed: SEED,
      numRuns: Math.max(1, Math.ceil(RUNS / WIDTH)),
      interruptAfterTimeLimit: 600_000,
      markInterruptAsFailure: false,
    },
  );
  console.info('fuzz: answers by status, 0 is a close:', Object.fromEntries(statuses));
  expect((await good()).status).toBe(202);
  await served.inbox.settled();
  expect(served.errors).toEqual([]);
  expect((await served.inbox.dead.list()).items).toEqual([]);
}

/** A good request in parts, for what mangles it. */
function whole(body: Uint8Array, kind: 'cavage' | 'message'): [string, string][] {
  const nowMs = served.clock.now();
  const headers =
    kind === 'cavage'
      ? signedHeaders('POST', `${ORIGIN}/inbox`, body, ann, { date: new Date(nowMs) })
      : messageSigned(body, ann, { created: Math.floor(nowMs / 1_000), url: `${ORIGIN}/inbox` });
  return Object.entries({ ...headers, host: HOST, 'content-length': String(body.byteLength) });
}

function request(
  line: string,
  headers: readonly (readonly [string, string])[],
  body: Uint8Array,
  end = '\r\n',
): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}${end}`).join('');
  return Buffer.concat([Buffer.from(`${line}${end}${lines}${end}`, 'latin1'), Buffer.from(body)]);
}

/** Sends. Whoever stays on the line waits for the other side to end it, which takes its ten seconds. */
const send = (bytes: Uint8Array, stays = false): Promise<RawReply> =>
  rawBytes(address, bytes, ANSWER_MS_MAX, !stays);
const stays = fc.oneof(
  { weight: 50, arbitrary: fc.constant(false) },
  { weight: 1, arbitrary: fc.constant(true) },
);

const bytes = (max: number) => fc.uint8Array({ maxLength: max });
const latin1 = (max: number) => bytes(max).map((it) => Buffer.from(it).toString('latin1'));
const field = (max: number) => latin1(max).map((text) => text.replace(/[\r\n\0]/g, ' '));

/** What can happen to a text: bytes cut out, doubled, replaced, put in. */
const change = fc.record({
  how: fc.constantFrom('cut', 'double', 'replace', 'insert'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 40 }),
  by: bytes(20),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

function mangled(text: Uint8Array, changes: readonly Change[]): Buffer {
  let bytes = Buffer.from(text);
  for (const { how, at, length, by } of changes) {
    const start = Math.floor(at * bytes.length);
    const [before, part, after] = [
      bytes.subarray(0, start),
      bytes.subarray(start, start + length),
      bytes.subarray(start + length),
    ];
    const middle = { cut: [], double: [part, part], replace: [by], insert: [by, part] }[how] ?? [];
    bytes = Buffer.concat([before, ...middle, after]);
  }
  return bytes;
}

describe('whatever is sent, nothing breaks', () => {
  test(
    'in the head: methods, targets, and header lines of any bytes',
    async () => {
      const head = fc.record({
        method: fc.oneof(
          { weight: 10, arbitrary: fc.constant('POST') },
          fc.constantFrom('GET', 'QUERY', 'post', ''),
          field(8),
        ),
        target: fc.oneof(
          { weight: 10, arbitrary: fc.constant('/inbox') },
          fc.constantFrom('*', '//', '/inbox?x', `${ORIGIN}/inbox`, '/users/../inbox'),
          field(60),
        ),
        version: fc.oneof(
          { weight: 20, arbitrary: fc.constant('HTTP/1.1') },
          fc.constantFrom('HTTP/1.0', 'HTTP/2.0', '', 'x'),
        ),
        extra: fc.array(
          fc.tuple(
            fc.oneof(
              fc.constantFrom(
                'host',
                'date',
                'digest',
                'content-length',
                'transfer-encoding',
                'signature',
                'expect',
                'connection',
                'upgrade',
              ),
              field(12),
            ),
            field(80),
          ),
          { maxLength: 2 },
        ),
        without: fc.constantFrom('', 'host', 'date', 'digest', 'content-type', 'content-length', 'signature'),
        end: fc.oneof({ weight: 12, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r')),
        changes: fc.oneof(fc.constant([]), fc.array(change, { maxLength: 2 })),
        stays,
      });
      await survives(head, ({ method, target, version, extra, without, end, changes, stays: isStaying }) => {
        const body = bytesOf(like(ann.id, `${ORIGIN}/notes/1`));
        const headers = [...whole(body, 'cavage').filter(([name]) => name !== without), ...extra];
        const sent = request(`${method} ${target} ${version}`, headers, new Uint8Array(), end);
        return send(Buffer.concat([mangled(sent, changes), body]), isStaying);
      });
    },
    PATIENCE,
  );

  test(
    'in a signature header, of draft-cavage or RFC 9421',
    async () => {
      const run = fc.record({
        kind: fc.constantFrom('cavage' as const, 'message' as const),
        changes: fc.array(change, { minLength: 1, maxLength: 4 }),
        which: fc.constantFrom('signature', 'signature-input', 'content-digest', 'digest', 'date'),
        instead: fc.option(field(300)),
      });
      await survives(run, ({ kind, changes, which, instead }) => {
        const body = bytesOf(like(ann.id, `${ORIGIN}/notes/1`));
        const headers = whole(body, kind).map(([name, value]): [string, string] => {
          if (name !== which && !(which === 'signature-input' && kind === 'cavage' && name === 'signature'))
            return [name, value];
          const text = instead ?? mangled(Buffer.from(value, 'latin1'), changes).toString('latin1');
          return [name, text.replace(/[\r\n\0]/g, ' ')];
        });
        return send(request('POST /inbox HTTP/1.1', headers, body), true);
      });
    },
    PATIENCE,
  );

  test(
    'in a body that is signed as it is sent',
    async () => {
      const document = fc.oneof(
        fc
          .record({ changes: fc.array(change, { minLength: 1, maxLength: 6 }) })
          .map(({ changes }) => mangled(bytesOf(create(ann.id)), changes)),
        fc.json({ maxDepth: 8 }).map((text) => Buffer.from(text)),
        fc
          .dictionary(
            fc.constantFrom(
              '@context',
              'id',
              'type',
              'actor',
              'object',
              'to',
              'cc',
              'tag',
              '@graph',
              'proof',
              'signature',
              'published',
            ),
            fc.jsonValue({ maxDepth: 4 }),
          )
          .map((more) => Buffer.from(JSON.stringify({ ...like(ann.id, `${ORIGIN}/notes/1`), ...more }))),
        bytes(2_000).map((it) => Buffer.from(it)),
      );
      const run = fc.record({ body: document, kind: fc.constantFrom('cavage' as const, 'message' as const) });
      await survives(run, ({ body, kind }) =>
        send(request('POST /inbox HTTP/1.1', whole(body, kind), body), true),
      );
    },
    PATIENCE,
  );

  test(
    'in the framing: lengths and chunks that do not fit',
    async () => {
      const run = fc.record({
        length: fc.oneof(
          fc.integer({ min: -5, max: 3_000 }).map(String),
          fc.constantFrom('1e3', '0x10', '', '99999999999999999999', '5, 5'),
        ),
        chunked: fc.boolean(),
        size: fc.oneof(
          fc.nat(2_000).map((n) => n.toString(16)),
          field(6),
        ),
        tail: bytes(200),
        stays,
      });
      await survives(run, ({ length, chunked, size, tail, stays: isStaying }) => {
        const body = bytesOf(like(ann.id, `${ORIGIN}/notes/1`));
        const kept = whole(body, 'cavage').filter(([name]) => name !== 'content-length');
        const framed: [string, string][] = [
          ...kept,
          chunked ? ['transfer-encoding', 'chunked'] : ['content-length', length],
        ];
        const sent = chunked
          ? Buffer.concat([Buffer.from(`${size}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])
          : body;
        return send(Buffer.concat([request('POST /inbox HTTP/1.1', framed, sent), tail]), isStaying);
      });
    },
    PATIENCE,
  );
});
