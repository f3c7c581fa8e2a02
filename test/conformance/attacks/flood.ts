/** Too much of something: what a flood costs, and what it leaves behind. */
import { deleteSelf, rsaKey } from '../../fediverse/index.ts';
import { type Attacks, activityOf, bytesOf, HOST, must, openStage, type Stage } from '../attack.ts';
import { openWorld, REFUSED } from '../world.ts';

/** A request as the core takes it, without TCP: for floods whose sockets would be the test. */
async function handle(
  stage: Stage,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Promise<number> {
  const rawHeaders = Object.entries({ ...headers, host: HOST }).flat();
  const answer = await stage.world.served.inbox.handle({
    ...{ method: 'POST', target: '/inbox', rawHeaders, address: null },
    body: async () => body,
  });
  return answer?.status ?? 0;
}

/** So many in all, `width` at a time; how many were answered otherwise than expected. */
async function flood(
  times: number,
  width: number,
  one: (n: number) => Promise<number>,
  ...expected: number[]
): Promise<void> {
  for (let at = 0; at < times; at += width) {
    const some = Array.from({ length: Math.min(width, times - at) }, (_, n) => one(at + n));
    for (const status of await Promise.all(some)) must(expected.includes(status), `answered ${status}`);
    // Without sockets nothing else would give the event loop its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const mib = (bytes: number): number => Math.round(bytes / 1_048_576);

export const floods: Attacks = {
  async 'FL-01'(stage) {
    const times = stage.world.length === 'long' ? 100_000 : 1_000;
    const { privateKey } = await rsaKey();
    const signed = new Map<string, string>();
    const before = stage.neighbours.lookedUp.length;
    const writes = stage.world.writes;
    const one = async (n: number): Promise<number> => {
      const id = `https://gone-${n % 977}.example/users/${n}`;
      const body = bytesOf(deleteSelf(id));
      // Nobody looks at a signature whose key is gone: one is enough for all.
      signed.set(
        'it',
        signed.get('it') ?? (stage.signed(body, { keyId: 'KEY', privateKey }).signature as string),
      );
      const signature = (signed.get('it') as string).replace('KEY', `${id}#main-key`);
      const headers = {
        signature,
        date: new Date(0).toUTCString(),
        'content-type': 'application/activity+json',
      };
      return handle(stage, headers, body);
    };
    const startedMs = performance.now();
    await flood(times, 100, one, 202);
    const perSecond = Math.round(times / ((performance.now() - startedMs) / 1_000));
    for (let n = 0; n < 20; n++) {
      const id = `${stage.evil.origin}/users/gone-${n}`;
      stage.expect(await stage.post(deleteSelf(id), { keyId: `${id}#main-key`, privateKey }), 202);
    }
    must(stage.neighbours.lookedUp.length === before, 'somebody was looked up');
    must(stage.world.writes === writes, `${stage.world.writes - writes} statements wrote`);
    must(!(await stage.hasDomain('gone-1.example')), 'a domain has a row');
    const anna = await stage.victim.actor('anna');
    await flood(
      100,
      25,
      async (n) =>
        (await stage.post(activityOf(anna, 'Delete', { object: `${stage.victim.origin}/notes/x${n}` }), anna))
          .status,
      202,
    );
    return `${times} Deletes of unknown actors at ${perSecond} a second: no fetch, no look-up, no write; 100 of unknown objects taken`;
  },

  async 'FL-02'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const objects = (count: number) =>
      Array.from({ length: count }, (_, n) => `https://us.example/notes/${n}`);
    const many = activityOf(mallory, 'Flag', { object: objects(10_000) });
    stage.expect(await stage.post(many, mallory), 400);
    await stage.untouched(many.id);
    const some = activityOf(mallory, 'Flag', { object: objects(1_000), content: 'x'.repeat(900_000) });
    stage.expect(await stage.post(some, mallory), 202, 400, 413);
    const large = activityOf(mallory, 'Flag', { object: objects(1), content: 'x'.repeat(1_100_000) });
    stage.expect(await stage.post(large, mallory), 413);
    const report = activityOf(mallory, 'Flag', { object: [stage.bob], content: 'rude' });
    for (let n = 0; n < 10; n++) stage.expect(await stage.post(report, mallory), 202);
    await stage.processed(report.id);
    return 'ten thousand objects and a megabyte are over the caps; one report sent ten times is one activity and one call';
  },

  async 'FL-04'(stage) {
    const isLong = stage.world.length === 'long';
    // Those that ask for a key cost a look-up each; the others show that a name alone costs nothing.
    const [asking, naming] = isLong ? [30_000, 970_000] : [600, 4_000];
    let lines = 0;
    const count = (message: string): void => void (message === REFUSED && lines++);
    const logger = { debug() {}, info: count, warn() {}, error() {} };
    await using world = await openWorld(stage.world.kind, { options: { logger } });
    const own = openStage(world);
    const { privateKey } = await rsaKey();
    const body = bytesOf(activityOf({ id: 'https://a.example/u' }, 'Like'));
    const { signature = '', ...rest } = own.signed(body, { keyId: 'KEY', privateKey });
    const knock = (n: number, algorithm: string): Promise<number> => {
      const named = signature
        .replace('KEY', `http://invented-${n}.example/u#main-key`)
        .replace('rsa-sha256', algorithm);
      return handle(own, { ...rest, signature: named }, body);
    };
    // What is filled once (caches, code, the database's own memory) is full after the first part.
    const warm = asking >> 1;
    await own.settled();
    const writes = world.writes;
    await flood(warm, 100, (n) => knock(n, 'rsa-sha256'), 401);
    const before = process.memoryUsage.rss();
    await flood(asking - warm, 100, (n) => knock(warm + n, 'hs2019'), 401);
    await flood(naming, 1_000, (n) => knock(asking + n, 'unknown'), 401);
    const grown = mib(process.memoryUsage.rss() - before);
    must(grown < 300, `memory grew by ${grown} MiB`);
    must(world.writes === writes, `${world.writes - writes} statements wrote`);
    must(!(await world.served.inbox.metrics()).includes('invented-'), 'a metric names an invented domain');
    must((await world.served.inbox.domains.list()).items.length === 0, 'an invented domain has a row');
    must(lines === asking + naming, `${lines} lines in the log for ${asking + naming} refusals`);
    return `${asking + naming} invented domains, ${asking} of them asked for a key: no row, no machine, no metric; memory grew by ${grown} MiB after the first ${warm}`;
  },

  async 'FL-05'(stage) {
    const limit = stage.world.length === 'long' ? 500 : 50;
    await using world = await openWorld(stage.world.kind, {
      options: { rateLimit: { limit, window: '1 hour' } },
    });
    const own = openStage(world);
    const mallory = await own.evil.actor('mallory');
    const emoji = '\u{1f600}'.repeat(256);
    const kinds = ['Like', 'Announce', 'EmojiReact'];
    const one = async (n: number): Promise<number> =>
      (
        await own.post(
          activityOf(mallory, kinds[n % 3] as string, { content: emoji, _misskey_reaction: emoji }),
          mallory,
        )
      ).status;
    await flood(limit, 25, one, 202, 400);
    await flood(25, 25, one, 429);
    await own.settled();
    const anna = await own.victim.actor('anna');
    own.expect(await own.post(activityOf(anna, 'Like'), anna), 202);
    stage.statuses.push(...own.statuses);
    stage.beforeInbox = own.statuses.filter((status) => /^[45]/.test(status)).length;
    must(own.lines().length === stage.beforeInbox, 'not one line for each refusal');
    return `${limit} reactions with a kilobyte of emoji are taken, then 429 for that domain alone`;
  },
};
