/** The verbs that talk to a running server, as a moderator types them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { follow, post, type RemoteActor, type RemoteDomain, remoteDomain } from '../fediverse/index.ts';
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
