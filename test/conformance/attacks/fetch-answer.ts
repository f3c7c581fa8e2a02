/** What a server can answer when we ask it for a key. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { answerOf, rawServer } from '../../remote/raw-server.ts';
import { type Attacks, activityOf, must, type RemoteActor, type Stage } from '../attack.ts';

const ACTIVITY_JSON = 'application/activity+json';
const MINUTE_MS = 60_000;

/** Posts with a key that this path serves; it must be refused without effect. Says how long it took. */
async function refusedKey(
  stage: Stage,
  keyId: string,
  { privateKey }: Pick<RemoteActor, 'privateKey'>,
): Promise<number> {
  const actor = { id: `${stage.evil.origin}/users/mallory` };
  const activity = activityOf(actor, 'Like');
  const startedMs = performance.now();
  stage.expect(await stage.post(activity, { keyId, privateKey }), 401);
  const ms = performance.now() - startedMs;
  must(ms < 20_000, `${keyId} took ${Math.round(ms / 1_000)} s`);
  await stage.untouched(activity.id);
  return ms;
}

export const fetchAnswer: Attacks = {
  async 'SF-07'(stage) {
    const mallory = await stage.evil.actor('mallory');
    let sent = 0;
    let isOpen = 0;
    const flood = (length?: number) =>
      stage.evil.serve(`/flood-${length ?? 'endless'}`, (_, response) => {
        response.writeHead(200, {
          'content-type': ACTIVITY_JSON,
          ...(length && { 'content-length': length }),
        });
        const chunk = Buffer.alloc(65_536, ' ');
        isOpen++;
        response.once('close', () => isOpen--);
        const write = (): void => {
          let goesOn = true;
          while (!response.destroyed && goesOn) {
            goesOn = response.write(chunk);
            sent += chunk.length;
          }
          if (!response.destroyed) response.once('drain', write);
        };
        write();
      });
    flood();
    flood(1_073_741_824);
    for (const path of ['/flood-endless', '/flood-1073741824'])
      await refusedKey(stage, `${stage.evil.origin}${path}`, mallory);
    must(sent < 64 * 1_048_576, `${Math.round(sent / 1_048_576)} MiB were taken`);
    must(isOpen <= 1, `${isOpen} connections stayed open`);
    return `a gigabyte announced, and a body without end: cut off after ${Math.round(sent / 1_048_576)} MiB were written`;
  },

  async 'SF-08'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const members = stage.world.length === 'long' ? 64 : 8;
    const zeros = Buffer.alloc(16 * 1_048_576, ' ');
    const member = gzipSync(zeros);
    const gzip = Buffer.concat(Array.from({ length: members }, () => member));
    const bombs: readonly [string, Buffer][] = [
      ['gzip', gzip],
      ['br', brotliCompressSync(zeros)],
      ['deflate', deflateSync(zeros)],
      ['gzip, gzip', gzipSync(gzip)],
      ['gzip,gzip,gzip,br', gzipSync(gzipSync(gzip))],
      ['zstd', Buffer.from('x')],
    ];
    const before = process.memoryUsage.rss();
    for (const [at, [coding, body]] of bombs.entries()) {
      stage.evil.serve(`/bomb/${at}`, (_, response) =>
        response.writeHead(200, { 'content-type': ACTIVITY_JSON, 'content-encoding': coding }).end(body),
      );
      await refusedKey(stage, `${stage.evil.origin}/bomb/${at}`, mallory);
    }
    const grown = Math.round((process.memoryUsage.rss() - before) / 1_048_576);
    return `${members * 16} MiB in ${Math.round(gzip.length / 1_024)} kB of gzip, and five other codings: refused, memory grew by ${grown} MiB`;
  },

  async 'SF-10'(stage) {
    const { privateKey } = await stage.evil.actor('mallory');
    const cookies = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`x-cookie-${n}`, 'x=y']));
    const lines = Array.from({ length: 100 }, () => 'set-cookie: x=y').join('\r\n');
    const type = { 'content-type': ACTIVITY_JSON };
    const answers: readonly (string | Buffer)[] = [
      answerOf(200, { ...type, ...cookies }, '{}'),
      `HTTP/1.1 200 OK\r\n${lines}\r\ncontent-type: ${ACTIVITY_JSON}\r\ncontent-length: 2\r\n\r\n{}`,
      `${'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(2_000)}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}`,
      'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1_000),
      '<html>an old server</html>',
      `HTTP/1.1 200 OK\r\ncontent-type: ${ACTIVITY_JSON}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
      `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(200_000)}\r\n\r\n`,
      `HTTP/1.1 200 ${'O'.repeat(100_000)}\r\n\r\n`,
      'HTTP/1.1 999 x\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}',
      'HTTP/1.1 302 Found\r\nlocation: http://[\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      '\x16\x03\x01\x00\x00',
      '',
    ];
    await using odd = await rawServer((socket, request) => {
      const at = Number(/^GET \/(\d+)/.exec(request)?.[1] ?? 0);
      socket.end(answers[at] ?? '');
    }, stage.neighbours.address);
    for (const at of answers.keys()) await refusedKey(stage, `${odd.origin}/${at}`, { privateKey });
    const good = await stage.victim.actor('good');
    stage.expect(await stage.post(activityOf(good, 'Like'), good), 202);
    return `${answers.length} answers that HTTP does not know: no key from any, and the next good one is found`;
  },

  async 'SF-11'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const pages = [
      `<html><head>${'<link rel="alternate" '.repeat(40_000)}</head></html>`,
      `<a ${'a="'.repeat(300_000)}`,
      `<!doctype html><link rel=alternate type="${ACTIVITY_JSON}" href="${stage.evil.origin}/users/mallory">`,
    ];
    let slowest = 0;
    for (const [at, page] of pages.entries()) {
      for (const type of ['text/html', ACTIVITY_JSON]) {
        const path = `/page/${at}/${type.length}`;
        stage.evil.serve(path, (_, response) => response.writeHead(200, { 'content-type': type }).end(page));
        slowest = Math.max(slowest, await refusedKey(stage, `${stage.evil.origin}${path}`, mallory));
      }
    }
    must(stage.evil.fetches('/users/mallory') === 0, 'a link in a page was followed');
    return `six pages, ReDoS shapes among them: none is parsed, no link followed, the slowest took ${Math.round(slowest)} ms`;
  },

  async 'SF-13'(stage) {
    const many = await stage.evil.actor('many');
    const genuine = many.document.publicKey;
    const other = (n: number) => ({ id: `${many.id}#${n}`, owner: many.id, publicKeyPem: many.publicKeyPem });
    const keys = Array.from({ length: 1_000 }, (_, n) => other(n));
    many.document.publicKey = [...keys, genuine];
    stage.expect(await stage.post(activityOf(many, 'Like'), many), 401);
    stage.world.served.clock.advance(11 * MINUTE_MS);
    many.document.publicKey = [genuine, ...keys];
    stage.expect(await stage.post(activityOf(many, 'Like'), many), 202);
    return 'of a thousand keys only the first few are looked at: the last one is none, the first one is';
  },

  async 'OB-13'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const types = [
      'application/json',
      'text/plain',
      'application/ld+json',
      'text/html',
      'application/octet-stream',
      'image/png',
    ];
    const upload = `${stage.victim.origin}/media/x.json`;
    for (const type of types) {
      const publicKey = { id: upload, owner: upload, publicKeyPem: mallory.publicKeyPem };
      stage.victim.serve('/media/x.json', { ...mallory.document, id: upload, publicKey }, type);
      const forged = activityOf({ id: upload }, 'Like');
      stage.expect(await stage.post(forged, { keyId: upload, privateKey: mallory.privateKey }), 401);
      await stage.untouched(forged.id);
      const relayed = activityOf(await stage.victim.actor('alice'), 'Like');
      stage.victim.serve(new URL(relayed.id).pathname, relayed, type);
      stage.expect(await stage.post(relayed, mallory), 202, 401);
      await stage.untouched(relayed.id);
      stage.world.served.clock.advance(11 * MINUTE_MS);
    }
    return `${types.length} types under which servers hand out uploads: neither a key nor an activity is taken from them`;
  },

  async 'OB-14'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const { privateKey } = mallory;
    const alias = `${stage.evil.origin}/@mallory`;
    mallory.document.publicKey = { id: alias, owner: mallory.id, publicKeyPem: mallory.publicKeyPem };
    stage.evil.serve('/@mallory', mallory.document);
    const before = stage.evil.fetches('/users/mallory');
    stage.expect(await stage.post(activityOf(mallory, 'Like'), { keyId: alias, privateKey }), 202);
    must(stage.evil.fetches('/users/mallory') === before + 1, 'the document was not asked for at its own id');
    const alice = await stage.victim.actor('alice');
    const foreign = `${stage.evil.origin}/@alice`;
    const publicKey = { id: foreign, owner: alice.id, publicKeyPem: mallory.publicKeyPem };
    stage.evil.serve('/@alice', { ...alice.document, publicKey });
    const forged = activityOf(alice, 'Like');
    stage.expect(await stage.post(forged, { keyId: foreign, privateKey }), 401);
    must(stage.victim.fetches('/users/alice') === 1, 'the other host was not asked for what is its own');
    await stage.untouched(forged.id);
    return 'a document under another id is asked for once at that id, and only that copy counts, on either host';
  },
};
