/** `sallyport reports`, `appeals` and `audit`, as a moderator types them; the command runs in this process. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { main } from '../../src/cli/main.ts';
import { pglite } from '../databases.ts';
import type { RemoteActor, RemoteDomain } from '../fediverse/index.ts';
import { PATIENCE, type Served, serve } from '../inbox/served.ts';

let served: Served;
let remote: RemoteDomain;
let mal: RemoteActor;
beforeAll(async () => {
  served = await serve({ kind: pglite });
  remote = await served.remote();
  mal = await remote.actor('mal');
}, PATIENCE);
afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

/** What the verb printed, and its exit code. */
async function sallyport(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const hear = (stream: NodeJS.WriteStream, name: keyof typeof said) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      said[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      return true;
    });
  const spies = [hear(process.stdout, 'out'), hear(process.stderr, 'err')];
  try {
    const where = ['--url', `http://${served.address}`, '--token', 'moderator-token'];
    return { code: await main([...words, ...where]), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.stdout.removeAllListeners('error');
  }
}

test(
  'a report is sent, found, taken care of, sent on and resolved; nothing happens in a dry run',
  async () => {
    const send = ['reports', 'send', mal.id, '--content', 'Scam', '--actor', 'alice'];
    expect((await sallyport(...send, '--dry-run')).out).toBe(`Would be reported here: ${mal.id}\n`);
    expect((await served.inbox.reports.list()).items).toEqual([]);
    expect((await sallyport(...send)).out).toBe('Report 1 is open.\n');
    expect((await sallyport('reports', 'ls', '--target', remote.domain)).out).toMatch(
      /^ID +STATE +ABOUT .*\n1 +open +\S+\/users\/mal +\S+\/users\/alice +1 +- .* Scam\n$/,
    );
    const dry = await sallyport('reports', 'resolve', '1', '--reason', 'x', '--dry-run');
    expect(dry.out).toBe(`Would resolve report 1 (open) about ${mal.id}.\n`);
    expect((await sallyport('reports', 'claim', '1')).out).toBe('Report 1 is claimed.\n');
    const forwarded = await sallyport('reports', 'forward', '1', '--json');
    expect(JSON.parse(forwarded.out)).toMatchObject({ domain: remote.domain, deliveries: 1 });
    expect((await sallyport('reports', 'resolve', '1')).code).toBe(2);
    expect((await sallyport('reports', 'resolve', '1', '--reason', 'told')).out).toBe(
      'Report 1 is resolved.\n',
    );
    const { code, err } = await sallyport('reports', 'claim', '1');
    expect([code, err]).toMatchObject([1, expect.stringMatching(/^sallyport reports: 409 /)]);
    expect((await sallyport('reports', 'show', '1')).out).toMatch(/maria +resolve +told/);
  },
  PATIENCE,
);

test(
  'an appeal is entered, and decided with a reason; who decided stands in the log',
  async () => {
    const { domain } = remote;
    await served.inbox.domains.block(domain, { reason: 'spam' });
    const would = await sallyport('appeals', 'link', domain, '--dry-run');
    expect(would.out).toBe(`Would make a link for ${domain}, which is blocked.\n`);
    expect((await sallyport('appeals', 'link', domain)).out).toMatch(
      /^https:\/\/us\.example\/moderation\/appeals\/[\w-]{43}\nGood for one appeal until 20/,
    );
    const enter = ['appeals', 'enter', domain, '--reason', 'We mended it', '--contact', 'root@it'];
    expect((await sallyport(...enter)).out).toBe(`The appeal of ${domain} is entered.\n`);
    expect(await sallyport(...enter)).toMatchObject({ code: 1, out: expect.stringContaining('too-early') });
    expect((await sallyport('appeals', 'ls', '--state', 'open')).out).toMatch(/^1 +127\.\S+ +open/m);
    expect((await sallyport('appeals', 'overturn', '1')).code).toBe(2);
    const dry = await sallyport('appeals', 'overturn', '1', '--reason', 'x', '--dry-run');
    expect(dry.out).toBe(`Would overturn the appeal of ${domain}, which is open.\n`);
    const done = await sallyport('appeals', 'overturn', '1', '--reason', 'they did');
    expect(done.out).toBe(`The appeal of ${domain} is overturned.\n`);
    expect(await served.inbox.domains.get(domain)).toMatchObject({ state: 'active', reason: 'they did' });

    const listed = await sallyport('audit', 'ls', '--domain', domain, '--verb', 'unblock');
    expect(listed.out).toMatch(/maria +unblock +domain:127\.\S+ +blocked +active +they did\n$/);
    expect((await sallyport('audit', 'ls', '--domain', domain, '--since', '1h', '--json')).out).toContain(
      'unblock',
    );
    expect((await sallyport('audit', 'ls', '--until', '2001-01-01')).out).toBe('None.\n');
    const lines = (await sallyport('audit', 'export', '--subject', 'appeal:1')).out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).verb)).toEqual(['appeal', 'overturn']);
    expect((await sallyport('audit', 'export', '--format', 'csv')).out).toMatch(/^seq,at,by,verb,/);
    expect((await sallyport('audit', 'export', '--format', 'xml')).code).toBe(2);
  },
  PATIENCE,
);
