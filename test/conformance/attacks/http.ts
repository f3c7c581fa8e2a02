/** The transport: methods, types, encodings, and senders that are slow, endless or gone. */
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { openDoor } from '../../../src/cli/door.ts';
import { toNodeHandler } from '../../../src/web/node.ts';
import { follow } from '../../fediverse/index.ts';
import { type Attacks, activityOf, bytesOf, HOST, must, type Stage } from '../attack.ts';
import { type RawReply, rawBytes } from '../raw-post.ts';

const SECOND_MS = 1_000;

/** The door of `sallyport start` before this inbox: its bounds are the ones that a server has. */
async function door(stage: Stage): Promise<{ address: string } & Disposable> {
  const opened = await openDoor({ host: '127.0.0.1', port: 0 });
  opened.answer(toNodeHandler(stage.world.served.inbox));
  return { address: `127.0.0.1:${opened.port}`, [Symbol.dispose]: () => opened.close() };
}

/** Sends a beginning, and then a piece every second until the other side has had enough. */
function drip(
  address: string,
  begin: string,
  piece: string,
  limitMs: number,
): Promise<{ text: string; ms: number }> {
  const [host, port] = address.split(':');
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host);
    let text = '';
    const beat = setInterval(() => void socket.write(piece), SECOND_MS);
    const limit = setTimeout(() => {
      clearInterval(beat);
      socket.destroy();
      reject(new Error(`still open after ${limitMs / SECOND_MS} s`));
    }, limitMs);
    const done = (): void => {
      clearInterval(beat);
      clearTimeout(limit);
      socket.destroy();
      resolve({ text, ms: performance.now() - startedMs });
    };
    socket.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    socket.on('error', done);
    socket.on('close', done);
    socket.write(begin);
  });
}

const statusIn = (text: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);

/** A signed request as text, up to its body. */
async function headOf(
  stage: Stage,
  more: Readonly<Record<string, string>>,
): Promise<{ head: string; body: string; id: string }> {
  const anna = await stage.victim.actor('anna');
  const activity = activityOf(anna, 'Like');
  const body = JSON.stringify(activity);
  const headers = { ...stage.signed(Buffer.from(body), anna), ...more };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return { head: `POST /inbox HTTP/1.1\r\n${lines.join('')}\r\n`, body, id: activity.id };
}

export const http: Attacks = {
  async 'HT-01'(stage) {
    const { served } = stage.world;
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND']) {
      for (const path of ['/inbox', '/users/bob/inbox']) {
        const reply = await served.ask(method, path);
        const isReading = (method === 'GET' || method === 'HEAD') && path !== '/inbox';
        const expected = isReading ? 401 : 405;
        must(reply.status === expected, `${method} ${path}: answered ${reply.status}`);
        if (!isReading)
          must(reply.headers.allow === 'POST', `${method} ${path}: Allow is ${reply.headers.allow}`);
        if (path === '/inbox') stage.statuses.push(String(reply.status));
      }
    }
    // No POST, no line: these are mistakes of readers, and no mail.
    stage.beforeInbox = stage.statuses.length;
    return "nine methods at both inboxes: 405 with Allow: POST; reading a person's inbox is 401, it is its owner's";
  },

  async 'HT-02'(stage) {
    const anna = await stage.victim.actor('anna');
    const good = [
      'application/activity+json',
      'application/activity+json; charset=utf-8',
      'Application/Activity+JSON',
      'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
    ];
    for (const type of good) {
      const activity = activityOf(anna, 'Like');
      stage.expect(await stage.post(activity, anna, { headers: { 'content-type': type } }), 202);
      await stage.processed(activity.id);
    }
    const bad = [
      'text/plain',
      'application/json',
      '',
      'multipart/form-data; boundary=x',
      'application/activity',
      'text/html',
      'application/xml',
    ];
    for (const type of bad) {
      const activity = activityOf(anna, 'Like');
      stage.expect(await stage.post(activity, anna, { headers: { 'content-type': type } }), 415);
      await stage.untouched(activity.id);
    }
    for (const type of [
      'application/ld+json; profile="https://other.example/"',
      'application/activity+json; charset=latin1',
    ])
      stage.expect(
        await stage.post(activityOf(anna, 'Like'), anna, { headers: { 'content-type': type } }),
        202,
        415,
      );
    const { 'content-type': _, ...untyped } = stage.signed(bytesOf(activityOf(anna, 'Like')), anna, {
      signed: ['(request-target)', 'host', 'date', 'digest'],
    });
    stage.expect(await stage.raw(Object.entries(untyped), bytesOf(activityOf(anna, 'Like'))), 415);
    return `${good.length} spellings of both types processed; ${bad.length} others, and none at all, are 415 without effect`;
  },

  async 'HT-04'(stage) {
    const anna = await stage.victim.actor('anna');
    const activity = activityOf(anna, 'Like');
    const body = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytesOf(activity)]);
    stage.expect(await stage.post(body, anna), 400);
    await stage.untouched(activity.id);
    stage.expect(await stage.post(activity, anna), 202);
    await stage.processed(activity.id);
    return 'a byte order mark, signed as sent, is no JSON: 400; without it the same activity is processed';
  },

  async 'HT-05'(stage) {
    const anna = await stage.victim.actor('anna');
    const activity = activityOf(anna, 'Like', { content: 'X' });
    const [before = '', after = ''] = JSON.stringify(activity).split('"X"');
    const between = (...bytes: number[]) =>
      Buffer.concat([Buffer.from(`${before}"`), Buffer.from(bytes), Buffer.from(`"${after}`)]);
    const bodies = [
      Buffer.from(JSON.stringify(activity), 'utf16le'),
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(JSON.stringify(activity), 'utf16le')]),
      between(0xff),
      between(0xc0, 0xaf),
      between(0xe0, 0x80, 0xaf),
      between(0xed, 0xa0, 0x80),
      between(0xf4, 0x90, 0x80, 0x80),
      between(0xe2, 0x82),
    ];
    for (const [at, body] of bodies.entries()) {
      const { status } = await stage.post(body, anna);
      must(status === 400, `body ${at}: answered ${status}`);
    }
    await stage.untouched(activity.id);
    return `${bodies.length} bodies in UTF-16, overlong, cut off or with surrogates in UTF-8: 400, nothing kept`;
  },

  async 'HT-07'(stage) {
    using own = await door(stage);
    const { head, id } = await headOf(stage, { 'transfer-encoding': 'chunked' });
    const kilobyte = `400\r\n${' '.repeat(1_024)}\r\n`;
    const { text, ms } = await drip(own.address, head, kilobyte, 60 * SECOND_MS);
    const status = statusIn(text);
    must(status === 408 || status === 413, `answered ${status}`);
    stage.statuses.push(String(status));
    const large = `100000\r\n${' '.repeat(1_048_576)}\r\n`;
    const flood = await drip(own.address, head + large.repeat(3), large, 60 * SECOND_MS);
    must(statusIn(flood.text) === 413, `a flood is answered ${statusIn(flood.text)}`);
    stage.statuses.push('413');
    await stage.untouched(id);
    return `a chunk a second is cut off after ${Math.round(ms / SECOND_MS)} s, a flood of chunks at its size; nothing kept`;
  },

  async 'HT-08'(stage) {
    using own = await door(stage);
    const { head, body, id } = await headOf(stage, { 'content-length': '5000' });
    const held = stage.world.length === 'long' ? 200 : 20;
    const slow = [
      drip(own.address, head.slice(0, 40), 'x', 60 * SECOND_MS),
      drip(own.address, head.slice(0, -2), 'x-more: y\r\n', 60 * SECOND_MS),
      drip(own.address, head, ' ', 60 * SECOND_MS),
      ...Array.from({ length: held }, () =>
        drip(own.address, 'POST /inbox HTTP/1.1\r\n', '', 60 * SECOND_MS),
      ),
    ];
    const good = await headOf(stage, { 'content-length': String(Buffer.byteLength(body)) });
    const reply = await rawBytes(
      own.address,
      Buffer.from(
        good.head.replace(/content-length: \d+/, `content-length: ${Buffer.byteLength(good.body)}`) +
          good.body,
      ),
    );
    must(reply.status === 202, `a good request beside them is answered ${reply.status}`);
    const ended = await Promise.all(slow);
    const statuses = ended.slice(0, 3).map(({ text }) => statusIn(text));
    for (const status of statuses) must(status === 408 || status === 400, `answered ${status}`);
    const longest = Math.round(Math.max(...ended.map(({ ms }) => ms)) / SECOND_MS);
    must(longest < 30, `the slowest was let go on for ${longest} s`);
    stage.statuses.push(...statuses.map(String), '202');
    // Heads that never end are answered by node:http; the slow body is the inbox's own refusal.
    stage.beforeInbox = 2;
    await stage.untouched(id);
    return `two slow heads, a slow body and ${held} silent connections are cut off within ${longest} s; a good one beside them gets in`;
  },

  async 'HT-10'(stage) {
    const anna = await stage.victim.actor('anna');
    const activity = activityOf(anna, 'Like');
    for (const coding of ['gzip', 'br', 'deflate', 'gzip, identity', 'GZIP']) {
      const body = gzipSync(bytesOf(activity));
      stage.expect(await stage.post(body, anna, { headers: { 'content-encoding': coding } }), 415);
    }
    const bomb = gzipSync(Buffer.alloc(64 * 1_048_576));
    stage.expect(await stage.post(bomb, anna, { headers: { 'content-encoding': 'gzip' } }), 415);
    await stage.untouched(activity.id);
    return 'coded bodies are refused by their header and never inflated';
  },

  async 'HT-11'(stage) {
    using own = await door(stage);
    const expecting = async (expect: string): Promise<RawReply & { id: string }> => {
      const { head, body, id } = await headOf(stage, { expect });
      const whole = head.replace('\r\n\r\n', `\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`) + body;
      return { ...(await rawBytes(own.address, Buffer.from(whole))), id };
    };
    const good = await expecting('100-continue');
    must(/^HTTP\/1\.1 (100|417)/.test(good.text), `answered ${good.text.slice(0, 40)}`);
    if (good.text.startsWith('HTTP/1.1 100')) await stage.processed(good.id);
    const odd = await expecting('200-ok');
    must(odd.status === 417, `an unknown expectation is answered ${odd.status}`);
    await stage.untouched(odd.id);
    stage.statuses.push(good.text.slice(9, 12), '417');
    stage.beforeInbox = 1;
    return 'the client is told to go on, and its activity processed once; an expectation that nobody knows is 417';
  },

  async 'HT-13'(stage) {
    const anna = await stage.victim.actor('anna');
    const times = stage.world.length === 'long' ? 40 : 8;
    const [host, port] = stage.world.served.address.split(':');
    const asks = [];
    for (let n = 0; n < times; n++) {
      const one = await stage.victim.actor(`anna-${n}`);
      const ask = follow(one.id, stage.bob);
      const body = bytesOf(ask);
      const headers = Object.entries({
        ...stage.signed(body, one),
        'content-length': String(body.byteLength),
      });
      const head = `POST /inbox HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), host, () => {
          socket.write(Buffer.concat([Buffer.from(head), body]), () => {
            if (n % 2 === 0) socket.resetAndDestroy();
            else socket.destroy();
          });
        });
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
      });
      asks.push({ one, ask });
    }
    for (const { one, ask } of asks) stage.expect(await stage.post(ask, one), 202);
    for (const { one, ask } of asks) {
      await stage.processed(ask.id);
      const times = (await stage.members('bob', 'followers')).filter((id) => id === one.id).length;
      must(times === 1, `${one.id} follows ${times} times`);
    }
    stage.expect(await stage.post(activityOf(anna, 'Like'), anna), 202);
    // Those that went away before their answer may have been refused for it, or taken.
    stage.beforeInbox = -stage.lines().length;
    return `${times} senders went away before their answer and came again: one effect each`;
  },

  async 'HT-14'(stage) {
    const anna = await stage.victim.actor('anna');
    const good = ['{"a":[1,2,{"b":null}]}', '{ }', '{"a":"\\u00e9\\n"}', '{"a":-1.5e-3}', '{"":0}'];
    const bad = [
      '{"a":1,}',
      "{'a':1}",
      '{"a":01}',
      '{"a":.5}',
      '{"a":1}x',
      '{"a":NaN}',
      '{a:1}',
      '{"a":"\t"}',
      '{"a":+1}',
      '[1',
      '"',
      '{"a"',
      '{"a":1 "b":2}',
      '{"a":\\u0031}',
      '/**/{}',
      '{"a":TRUE}',
    ];
    const either = [
      '{"a":1e999}',
      '{"a":1,"a":1}',
      '{"a":"\\ud800"}',
      '{"a":123456789012345678901234567890}',
      `${'['.repeat(500)}${']'.repeat(500)}`,
    ];
    const inside = (text: string): string =>
      JSON.stringify(activityOf(anna, 'Like', { extra: 'X' })).replace('"X"', () => text);
    for (const text of good) stage.expect(await stage.post(inside(text), anna), 202);
    for (const text of bad) {
      for (const body of [text, inside(text)]) {
        const { status } = await stage.post(body, anna);
        must(status === 400, `${body.slice(0, 80)}: answered ${status}`);
      }
    }
    for (const text of [...good, ...either]) stage.expect(await stage.post(text, anna), 400);
    for (const text of either) stage.expect(await stage.post(inside(text), anna), 202, 400);
    await stage.settled();
    return `${good.length + bad.length + either.length} texts, alone and inside an activity: good ones taken, bad ones 400, none a fault`;
  },
};

export { HOST };
