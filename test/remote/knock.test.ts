/** Signed fetches from servers that read one way of signing, or the other, or none. */
import { describe, expect, test } from 'vitest';
import { isRefusal } from '../../src/remote/knock.ts';
import { createRemote, type RemoteAnswer, type SignGet } from '../../src/remote.ts';
import { type RemoteDomain, remoteDomain } from '../fediverse/index.ts';

const sign =
  (way: string) =>
  (url: string, headers: Record<string, string>): Record<string, string> => ({
    ...headers,
    'x-signed': `${way} for ${new URL(url).pathname}`,
  });
const signWith: readonly SignGet[] = [sign('new'), sign('old')];

/** Answers by the way that a request is signed in; keeps what it heard. */
function listening(far: RemoteDomain, answers: Readonly<Record<string, number>>, path = '/a') {
  const heard: string[] = [];
  const now = { ...answers };
  far.serve(path, (request, response) => {
    const [way = ''] = String(request.headers['x-signed'] ?? 'not').split(' ');
    heard.push(way);
    response.writeHead(now[way] ?? 500).end('{}');
  });
  return { heard, answers: now };
}

describe('a signed fetch', () => {
  async function using_(act: (get: (url: string) => Promise<RemoteAnswer>) => Promise<void>): Promise<void> {
    const remote = createRemote({ origin: 'https://us.example', allowPrivateAddress: true });
    await act((url) => remote.get(url, { signWith })).finally(() => remote.close());
  }

  test('knocks once where the newer way is taken, from the first time on', () =>
    using_(async (get) => {
      await using far = await remoteDomain();
      const { heard } = listening(far, { new: 200, old: 500 });
      for (let n = 0; n < 3; n++) expect(await get(`${far.origin}/a`)).toMatchObject({ status: 200 });
      expect(heard).toEqual(['new', 'new', 'new']);
    }));

  test('knocks twice where only the older way is taken, and after that once', () =>
    using_(async (get) => {
      await using far = await remoteDomain();
      const { heard } = listening(far, { new: 401, old: 200 });
      for (let n = 0; n < 3; n++) expect(await get(`${far.origin}/a`)).toMatchObject({ status: 200 });
      expect(heard).toEqual(['new', 'old', 'old', 'old']);
    }));

  test('knocks in the other way again when the remembered one starts being refused', () =>
    using_(async (get) => {
      await using far = await remoteDomain();
      const { heard, answers } = listening(far, { new: 401, old: 200 });
      await get(`${far.origin}/a`);
      Object.assign(answers, { new: 200, old: 403 });
      for (let n = 0; n < 2; n++) expect(await get(`${far.origin}/a`)).toMatchObject({ status: 200 });
      expect(heard).toEqual(['new', 'old', 'old', 'new', 'new']);
    }));

  test('of two refusals gives back the one to the way that worked before, else the second', () =>
    using_(async (get) => {
      await using far = await remoteDomain();
      const { heard, answers } = listening(far, { new: 400, old: 403 });
      expect(await get(`${far.origin}/a`)).toMatchObject({ status: 403 });
      answers.new = 200;
      expect(await get(`${far.origin}/a`)).toMatchObject({ status: 200 });
      answers.new = 401;
      expect(await get(`${far.origin}/a`)).toMatchObject({ status: 401 });
      expect(heard).toEqual(['new', 'old', 'new', 'new', 'old']);
    }));

  test('does not knock again at what is missing, gone, too often, or elsewhere', () =>
    using_(async (get) => {
      for (const status of [404, 410, 429, 304]) {
        await using far = await remoteDomain();
        const { heard } = listening(far, { new: status, old: 200 });
        expect(await get(`${far.origin}/a`)).toMatchObject({ status });
        expect(heard).toEqual(['new']);
      }
    }));

  test('takes a stumble for a refusal at first contact, and for a stumble after that', () =>
    using_(async (get) => {
      await using far = await remoteDomain();
      const { heard, answers } = listening(far, { new: 500, old: 200 });
      expect(await get(`${far.origin}/a`)).toMatchObject({ status: 200 });
      answers.old = 503;
      expect(await get(`${far.origin}/a`)).toMatchObject({ status: 503 });
      expect(heard).toEqual(['new', 'old', 'old']);
    }));

  test('remembers each host by itself, also across a redirect', () =>
    using_(async (get) => {
      await using first = await remoteDomain();
      await using second = await remoteDomain();
      const there = listening(second, { new: 401, old: 200 });
      const ways: unknown[] = [];
      first.serve('/go', (request, response) => {
        ways.push(request.headers['x-signed']);
        const isNew = String(request.headers['x-signed']).startsWith('new');
        response.writeHead(isNew ? 307 : 500, { location: `${second.origin}/a` }).end();
      });
      for (let n = 0; n < 2; n++)
        expect(await get(`${first.origin}/go`)).toMatchObject({
          finalUrl: `${second.origin}/a`,
          status: 200,
        });
      expect(ways).toEqual(['new for /go', 'new for /go']);
      expect(there.heard).toEqual(['new', 'old', 'old']);
    }));

  test('does not knock again where nobody answered', () =>
    using_(async (get) => {
      await using far = await remoteDomain();
      let knocks = 0;
      far.serve('/a', (request) => {
        knocks++;
        request.socket.destroy();
      });
      expect(await get(`${far.origin}/a`)).toMatchObject({ ok: false, fault: 'network' });
      expect(knocks).toBe(1);
    }));

  test('that is not signed at all knocks once, and changes nothing of what is remembered', async () => {
    await using far = await remoteDomain();
    const { heard, answers } = listening(far, { not: 401, new: 401, old: 200 });
    const remote = createRemote({ origin: 'https://us.example', allowPrivateAddress: true });
    expect(await remote.get(`${far.origin}/a`)).toMatchObject({ status: 401 });
    await remote.get(`${far.origin}/a`, { signWith });
    answers.not = 200;
    expect(await remote.get(`${far.origin}/a`)).toMatchObject({ status: 200 });
    await remote.get(`${far.origin}/a`, { signWith });
    await remote.close();
    expect(heard).toEqual(['not', 'new', 'old', 'not', 'old']);
  });
});

test('a refusal is any client error but those that are about something else, and a fault at first contact', () => {
  const refusals = (isFirstContact: boolean) =>
    Array.from({ length: 500 }, (_, n) => n + 100).filter((status) => isRefusal(status, isFirstContact));
  const client = Array.from({ length: 100 }, (_, n) => n + 400).filter((n) => ![404, 410, 429].includes(n));
  const server = Array.from({ length: 100 }, (_, n) => n + 500);
  expect(refusals(false)).toEqual(client);
  expect(refusals(true)).toEqual([...client, ...server]);
});
