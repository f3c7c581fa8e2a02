/** A whole policy that is only tried: what it would have done stands in histories and counts, and nothing else happens. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drop, hold } from '../../src/index.ts';
import { create, type RemoteActor, type Sent } from '../fediverse/index.ts';
import { PATIENCE, places, type Served, serve } from '../inbox/served.ts';

describe.each(places)('a shadow policy ($name)', (place) => {
  let served: Served;
  let ann: RemoteActor;
  const open: Disposable[] = [];
  beforeAll(async () => {
    served = await serve(place, {
      shadowFilters: [
        { use: 'keywords', name: 'shops', words: ['buy now'], verdict: 'drop' },
        { use: 'keywords', words: ['cheap'], verdict: 'score', points: 2 },
      ],
      scoreThresholds: { hold: 2 },
    });
    ann = await (await served.remote()).actor('ann');
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  async function send(content: string, activity: Sent = create(ann.id, { content })) {
    expect((await served.post('/inbox', activity, ann)).status).toBe(202);
    await served.inbox.settled();
    return served.inbox.activities.get(activity.id);
  }
  const said = ({ history }: Awaited<ReturnType<typeof send>>) =>
    history.filter(({ what }) => what === 'shadow').map(({ filter, reason }) => [filter, reason]);

  test('lets everything act, and enters in one line what it would have done', async () => {
    const dropped = await send('<p>Buy now, cheap!</p>');
    expect(dropped.status).toBe('processed');
    expect(said(dropped)).toEqual([['shadowFilters', 'would have dropped it: shops: says “buy now”']]);
    const held = await send('<p>So cheap.</p>');
    expect([held.status, said(held)]).toEqual([
      'processed',
      [['shadowFilters', expect.stringMatching(/^would have held it: scores: 2 points/)]],
    ]);
    const passed = await send('<p>Good morning.</p>');
    expect([passed.status, said(passed)]).toEqual(['processed', []]);
    expect((await served.inbox.held.list()).items).toEqual([]);
  });

  test('is asked after what really decides, once, and never again when that is approved', async () => {
    open.push(
      served.inbox.filter('real', ({ content }) => (content === null ? hold('look at it') : undefined)),
    );
    const post = create(ann.id, { content: '<p>Buy now</p>' });
    const held = await send('', post);
    expect([held.status, said(held).length]).toEqual(['held', 1]);
    await served.inbox.held.approve(post.id);
    await served.inbox.settled();
    const after = await served.inbox.activities.get(post.id);
    expect([after.status, said(after).length]).toEqual(['processed', 1]);
  });

  test('is counted by what it would have done, beside what each of its filters said', async () => {
    const metrics = await served.inbox.metrics();
    for (const [verdict, count] of [
      ['drop', 2],
      ['hold', 1],
      ['pass', 1],
    ] as const)
      expect(metrics).toContain(
        `sallyport_filter_verdicts_total{filter="shadowFilters",verdict="${verdict}"} ${count}`,
      );
    const listed = (await served.admin('/filters')).json() as {
      items: { name: string; stage: string; verdicts: object }[];
    };
    expect(listed.items.filter(({ stage }) => stage === 'shadow')).toMatchObject([
      { name: 'shops', verdicts: { drop: 2 } },
      { name: 'keywords#2', verdicts: { score: 1 } },
    ]);
    // Its name is nobody else's.
    expect(() => served.inbox.filter('shadowFilters', () => drop('x'))).toThrow(/already/);
  });
});
