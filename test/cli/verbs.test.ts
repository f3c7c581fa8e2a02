/** The verbs that talk to a running server, as a moderator types them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  create,
  follow,
  post,
  type RemoteActor,
  type RemoteDomain,
  remoteDomain,
} from '../fediverse/index.ts';
import { begin, type Finished, ORIGIN, preparedDirectory, run, type Server, serve } from './command.ts';

const SLOW = 240_000;

let place: Awaited<ReturnType<typeof preparedDirectory>>;
let server: Server;
let remote: RemoteDomain;
let al: RemoteActor;
beforeAll(async () => {
  place = await preparedDirectory();
  remote = await remoteDomain();
  al = await remote.actor('al');
  const env = { SALLYPORT_ACTORS: 'alice,carol:locked', SALLYPORT_ALLOW_PRIVATE_ADDRESS: '1' };
  server = await serve(place.directory, env);
}, SLOW);
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await remote?.close();
  place?.[Symbol.dispose]();
});

/** In the server's own data directory, so that the verb finds it by its run.json. */
const sallyport = (...args: string[]): Promise<Finished> =>
  run(args, { SALLYPORT_DATA: server.directory }, server.directory);

test(
  'a domain is blocked, shown, listed and unblocked',
  async () => {
    const blocked = await sallyport(
      'domains',
      'block',
      'Bad.Example',
      '--reason',
      'phishing',
      '--until',
      '2h',
    );
    expect(blocked).toMatchObject({ code: 0, stderr: '' });
    expect(blocked.stdout).toMatch(/^bad\.example is blocked until 20\d\d-\S+\.\n$/);
    const shown = await sallyport('domains', 'show', 'bad.example', '--json');
    expect(JSON.parse(shown.stdout)).toMatchObject({ state: 'blocked', reason: 'phishing', by: 'admin' });
    const plain = await sallyport('domains', 'show', 'bad.example');
    expect(plain.stdout).toMatch(/^rule +block, by manual$/m);
    const listed = await sallyport('domains', 'ls', '--state', 'blocked');
    expect(listed.stdout).toMatch(/^DOMAIN +STATE/);
    expect(listed.stdout).toMatch(/^bad\.example +blocked .* phishing$/m);
    expect((await sallyport('domains', 'unblock', 'bad.example')).stdout).toBe('bad.example is active.\n');
    const twice = await sallyport('domains', 'unblock', 'bad.example');
    expect(twice.code).toBe(1);
    expect(twice.stderr).toMatch(/^sallyport domains: 409 /);
  },
  SLOW,
);

test(
  'a domain is limited and reset',
  async () => {
    expect((await sallyport('domains', 'limit', 'loud.example')).stdout).toMatch(/is rate-limited until/);
    expect((await sallyport('domains', 'reset', 'loud.example')).stdout).toBe('loud.example is active.\n');
  },
  SLOW,
);

test(
  'a follow request is found and accepted, and tail tells of it',
  async () => {
    await using tail = begin(
      ['tail', '--machine', 'follow-request', '--since', '0'],
      { SALLYPORT_DATA: server.directory },
      server.directory,
    );
    const sent = follow(al.id, `${ORIGIN}/users/carol`);
    const answer = await post(`${ORIGIN}/users/carol/inbox`, sent, al, {
      connectTo: new URL(server.url).host,
    });
    expect(answer.status).toBe(202);
    await tail.said(/new → pending/);
    const listed = await sallyport('follows', 'ls', '--state', 'pending', '--json');
    const [request] = JSON.parse(listed.stdout);
    expect(request).toMatchObject({ follower: al.id, following: `${ORIGIN}/users/carol` });
    expect((await sallyport('follows', 'accept', request.id)).stdout).toBe(
      `${al.id} → ${ORIGIN}/users/carol is accepted.\n`,
    );
    await tail.said(/pending → accepted .*by admin/);
    tail.child.kill('SIGINT');
    expect((await tail.finished()).code).toBe(0);
    await remote.delivery(({ activity }) => activity.type === 'Accept');
    expect((await sallyport('follows', 'ls', '--state', 'pending')).stdout).toBe('None.\n');
  },
  SLOW,
);

test(
  'a machine is drawn from what runs',
  async () => {
    const { stdout } = await sallyport('machines', 'show', 'domain');
    expect(stdout).toMatch(
      /^stateDiagram-v2\n {2}\[\*\] --> active\n {2}state "rate-limited" as rate_limited\n/,
    );
    expect(stdout).toMatch(/^ {2}rate_limited --> active: moderator\.reset \/ after until$/m);
    const json = JSON.parse((await sallyport('machines', 'show', 'domain', '--format', 'json')).stdout);
    expect(json).toMatchObject({ id: 'domain', initial: 'active' });
    expect((await sallyport('machines', 'ls')).stdout).toMatch(/^follow-request +pending \d/m);
  },
  SLOW,
);

test(
  'dead letters that are not there cannot be retried, nor what is not held approved',
  async () => {
    expect((await sallyport('dead', 'ls', '--json')).stdout).toBe('[]\n');
    for (const words of [
      ['dead', 'retry'],
      ['held', 'approve'],
    ]) {
      const { code, stderr } = await sallyport(...words, '4711');
      expect(code).toBe(1);
      expect(stderr).toMatch(/404 Not found/);
    }
    expect((await sallyport('held', 'ls', '--json')).stdout).toBe('[]\n');
  },
  SLOW,
);

test(
  'counts, alerts, reviews and what would be pruned are shown',
  async () => {
    const dislike = { ...create(al.id), type: 'Listen' };
    const connectTo = new URL(server.url).host;
    expect((await post(`${ORIGIN}/inbox`, dislike, al, { connectTo })).status).toBe(202);
    await expect
      .poll(async () => (await sallyport('analytics', '--by', 'type')).stdout, { timeout: SLOW / 4 })
      .toMatch(/^Listen +1 +\d+ % /m);
    const counts = JSON.parse((await sallyport('analytics', '--from', '2h', '--json')).stdout);
    expect(counts).toMatchObject({ subject: 'activity', by: 'status', bucket: 'hour' });
    expect((await sallyport('analytics', 'overview')).stdout).toMatch(/^domains active +\d+$/m);
    expect((await sallyport('domains', 'history', 'bad.example')).stdout).toMatch(
      / block +admin +phishing$/m,
    );
    expect((await sallyport('domains', 'block', 'old.example', '--reason', 'x')).code).toBe(0);
    expect((await sallyport('domains', 'review', '--older-than', '0')).stdout).toMatch(/^old\.example +20/m);
    expect((await sallyport('domains', 'review')).stdout).toBe('None.\n');
    expect((await sallyport('alerts', 'ls')).stdout).toBe('None.\n');
    expect(await sallyport('alerts', 'test')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/404/),
    });
    const pruned = await sallyport('prune', '--dry-run');
    expect(pruned.stdout).toMatch(/^TABLE +OLDER THAN +WOULD GO\n/);
    expect(pruned.stdout).toMatch(/^audit +kept +0$/m);
    expect((await sallyport('prune', '--forget', 'nobody')).stdout).toBe('Forgotten: none.\n');
  },
  SLOW,
);

test(
  'flags and environment name another server and another person',
  async () => {
    const flags = await run(['domains', 'ls', '--url', server.url, '--token', server.token]);
    expect(flags.code).toBe(0);
    const env = { SALLYPORT_URL: server.url, SALLYPORT_ADMIN_TOKEN: 'wrong' };
    const wrong = await run(['domains', 'ls'], env);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/401 Not authenticated/);
  },
  SLOW,
);

test(
  'filters are listed, explained, and tried on a document in a file',
  async () => {
    expect((await sallyport('filters', 'ls')).stdout).toBe('None.\n');
    const builtIn = await sallyport('filters', 'built-in');
    expect(builtIn.stdout).toMatch(/^keywords +hold +finds words/m);
    const explained = await sallyport('filters', 'built-in', 'newcomer-links');
    expect(explained.stdout).toMatch(/^knownFor +"7 days" +"3 days" +how long/m);
    const [note, list] = ['note.json', 'filters.json'].map((name) => join(server.directory, name)) as [
      string,
      string,
    ];
    writeFileSync(note, JSON.stringify(create(al.id, { content: 'b<b>uy</b> now' })));
    writeFileSync(
      list,
      JSON.stringify({ filters: [{ use: 'keywords', words: ['buy now'], verdict: 'drop' }] }),
    );
    expect((await sallyport('filters', 'try', note)).stdout).toBe('processed\nasked: nobody\n');
    expect((await sallyport('filters', 'try', note, '--with', list)).stdout).toBe(
      [
        'dropped by keywords#1: says “buy now”',
        'asked: keywords#1',
        '  keywords#1  drop  says “buy now”  (buy now)',
        'the domain would get a strike: keywords#1: says “buy now”\n',
      ].join('\n'),
    );
    const asJson = JSON.parse((await sallyport('filters', 'try', note, '--with', list, '--json')).stdout);
    expect(asJson).toMatchObject({ status: 'dropped', filter: 'keywords#1', asked: ['keywords#1'] });
    writeFileSync(list, '[{"use":"keywords","words":[]}]');
    const wrong = await sallyport('filters', 'try', note, '--with', list);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('filters[0].words')]);
    expect((await sallyport('filters', 'try', join(server.directory, 'nothing'))).code).toBe(2);
  },
  SLOW,
);
