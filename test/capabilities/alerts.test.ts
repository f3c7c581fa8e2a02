/** Who hears of it: rows S58, S75, S76 and S80, with a real mail server and a real receiver of webhooks. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MailServer, mailServer, type Receiver, receiver, signatureOf } from '../alerts/receivers.ts';
import { create, like, type RemoteActor, type RemoteDomain } from '../fediverse/index.ts';
import { PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const SECRET = 'a secret of some length';
const DAY_MS = 86_400_000;

describe.each(places)('alerts ($name)', (place) => {
  let mail: MailServer;
  let hook: Receiver;
  let served: Served;
  beforeAll(async () => {
    mail = await mailServer();
    hook = await receiver();
    served = await serve(place, {
      rateLimit: { limit: 3, window: '1 hour' },
      blockAfterStrikes: 1,
      filters: [{ use: 'keywords', words: ['perhaps'], verdict: 'hold' }],
      alerts: [
        {
          use: 'mail',
          url: mail.url,
          from: 'Sallyport <inbox@us.example>',
          to: ['mo@us.example', 'di@us.example'],
        },
        { use: 'webhook', url: hook.url, secret: SECRET, events: ['domain.*', 'domain_block.*', 'hold.*'] },
      ],
    });
  }, PATIENCE);
  afterAll(async () => {
    await served?.[Symbol.asyncDispose]();
    await mail?.[Symbol.asyncDispose]();
    await hook?.[Symbol.asyncDispose]();
  }, PATIENCE);

  /** What was sent since the last look. */
  async function news(): Promise<{ mails: MailServer['mails']; told: Receiver['told'] }> {
    await served.inbox.settled();
    return { mails: mail.mails.splice(0), told: hook.told.splice(0) };
  }
  async function flood(home: RemoteDomain, actor: RemoteActor, times: number): Promise<number[]> {
    const statuses: number[] = [];
    for (let n = 0; n < times; n++)
      statuses.push(
        (await served.post('/inbox', like(actor.id, `https://${home.domain}/${n}`), actor)).status,
      );
    return statuses;
  }

  test('S75 S58 an automatic block is one mail, however often the blocked domain comes back', async () => {
    const home = await served.remote();
    const ann = await home.actor('ann');
    expect(await flood(home, ann, 4)).toEqual([202, 202, 202, 429]);
    const { mails, told } = await news();
    expect(mails.map(({ subject, to }) => [subject, to])).toEqual([
      [
        expect.stringContaining(`${home.domain} is blocked: rate limit exceeded`),
        ['mo@us.example', 'di@us.example'],
      ],
    ]);
    expect(mails[0]?.text).toContain('cause: auto');
    expect(mails[0]?.messageId).toMatch(/^<alert-\d+@us\.example>$/);
    expect(told.map(({ body }) => body.event)).toEqual(['domain.state_changed', 'domain_block.created']);
    expect(new Set(await flood(home, ann, 50))).toEqual(new Set([403]));
    served.clock.advance(60_000);
    expect(await news()).toEqual({ mails: [], told: [] });
  });

  test('S76 a block by a person is no mail, and webhooks hear of every change of state, signed', async () => {
    await served.admin('/domains/spam.example/block', { reason: 'spam' }, 'moderator-token');
    await served.inbox.domains.unblock('spam.example');
    const { mails, told } = await news();
    expect(mails).toEqual([]);
    expect(told.map(({ body: { event, object } }) => [event, object.domain, object.cause ?? null])).toEqual([
      ['domain.state_changed', 'spam.example', 'manual'],
      ['domain_block.created', 'spam.example', 'manual'],
      ['domain.state_changed', 'spam.example', 'manual'],
      ['domain_block.deleted', 'spam.example', 'manual'],
    ]);
    const [first] = told;
    expect(first?.body).toEqual({
      event: 'domain.state_changed',
      created_at: new Date(served.clock.now()).toISOString(),
      object: expect.objectContaining({ from: 'active', to: 'blocked', by: 'maria', reason: 'spam' }),
    });
    for (const { headers, raw } of told) {
      expect(headers['x-hub-signature']).toBe(signatureOf(SECRET, raw));
      expect(headers['content-type']).toBe('application/json');
    }
    expect(new Set(told.map(({ headers }) => headers['x-sallyport-delivery'])).size).toBe(4);
  });

  test('what is held is one line of a digest for people, and one webhook each', async () => {
    const home = await served.remote();
    const ann = await home.actor('ann');
    for (let n = 0; n < 3; n++) await served.post('/inbox', create(ann.id, { content: `perhaps ${n}` }), ann);
    const { mails, told } = await news();
    expect(mails).toEqual([]);
    expect(told.map(({ body }) => body.event)).toEqual(['hold.created', 'hold.created', 'hold.created']);
    expect(told[0]?.body.object).toMatchObject({ type: 'Create', actor: ann.id, state: 'held', by: null });
    served.clock.advance(600_000);
    const later = await news();
    expect(later.mails.map(({ subject }) => subject)).toEqual([
      '[sallyport] 3 activities are held for a moderator',
    ]);
    expect(later.mails[0]?.text.match(/^- /gm)).toHaveLength(3);
    const [one] = (await served.inbox.held.list()).items;
    await served.inbox.held.approve(one?.id as string, { by: 'maria' });
    const decided = await news();
    expect(decided.told.map(({ body: { event, object } }) => [event, object.by])).toEqual([
      ['hold.released', 'maria'],
    ]);
    expect(decided.mails).toEqual([]);
  });

  test('S80 blocks that are old, or whose review date comes, are listed, and once a week mailed', async () => {
    await news();
    const soon = new Date(served.clock.now() + 5 * DAY_MS);
    await served.inbox.domains.block('soon.example', { reason: 'a test', reviewAt: soon });
    await served.inbox.domains.block('late.example', {
      reason: 'a test',
      reviewAt: new Date(served.clock.now() + 300 * DAY_MS),
    });
    await served.inbox.domains.block('old.example', { reason: 'long ago' });
    const due = async (query = ''): Promise<unknown[]> => {
      const { items } = (await served.admin(`/domains?review=due${query}`)).json() as {
        items: { domain: string }[];
      };
      return items.map(({ domain }) => domain).filter((name) => name.endsWith('.example'));
    };
    expect(await due()).toEqual(['soon.example']);
    expect(await due('&withinDays=2')).toEqual([]);
    served.clock.advance(8 * DAY_MS);
    expect(await due('&withinDays=0&olderThanDays=8')).toEqual(['old.example', 'soon.example']);
    const { mails } = await news();
    const digests = mails.filter(({ subject }) => subject.includes('due for a review'));
    expect(digests).toHaveLength(1);
    expect(digests[0]?.text).toContain('soon.example, a test');
    expect(digests[0]?.text).not.toContain('late.example');
    served.clock.advance(5 * DAY_MS);
    expect((await news()).mails).toEqual([]);
    served.clock.advance(200 * DAY_MS);
    expect(await due()).toEqual(['old.example', 'soon.example']);
    const again = (await news()).mails.filter(({ subject }) => subject.includes('due for a review'));
    expect(again).toHaveLength(1);
    expect(again[0]?.text).toContain('old.example, long ago');
  });
});
