/**
 * What a simulation predicts is what the policy then does: random activities go, signed, to an inbox without filters and
 * are simulated there; the same ones go to a fresh inbox with the policy on, at the same times. Each must stand there as
 * it was predicted.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SimulationRecord } from '../../src/api/simulations.ts';
import type { BuiltInFilter, InboxOptions } from '../../src/index.ts';
import { accept, announce, create, follow, like, type RemoteActor, type Sent } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const ALICE = `${ORIGIN}/users/alice`;
const BOB = `${ORIGIN}/users/bob`;
const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
/** Shown when it fails, and chosen anew each time. */
const seed = Math.floor(Math.random() * 2 ** 31);

const verdict = fc.constantFrom('hold', 'drop', 'reject', 'shadow');
const outcome = fc.oneof(
  fc.record({ verdict }),
  fc.record({ verdict: fc.constant('score'), points: fc.constantFrom(1, 2, -1) }),
);
const kind = fc.constantFrom<Record<string, unknown>>(
  { use: 'keywords', words: ['buy now'] },
  { use: 'mentions', max: 1 },
  { use: 'account-age', olderThan: '1 day', unknown: 'accept' },
  { use: 'first-contact' },
  { use: 'duplicate-content', characters: 10, window: '20 minutes' },
  { use: 'follow-bursts', perDomain: 1, window: '30 minutes' },
  { use: 'object-age', olderThan: '1 day' },
  { use: 'unknown-reply' },
  { use: 'types', activities: ['Create', 'Follow', 'Accept'] },
  { use: 'relevance' },
  { use: 'stranger-media' },
  { use: 'newcomer-links', knownFor: '30 minutes' },
);
const filters = fc.array(
  fc.tuple(kind, outcome).map(([one, more]) => ({ ...one, ...more }) as unknown as BuiltInFilter),
  { minLength: 1, maxLength: 4 },
);
const scoreThresholds = fc.constantFrom(undefined, { hold: 2 }, { hold: 1, drop: 3 });

/** One activity as it is made once there are actors. */
const deed = fc.record({
  what: fc.constantFrom('post', 'post', 'post', 'like', 'follow', 'share', 'befriend' as const),
  who: fc.nat(3),
  minutes: fc.nat(25),
  content: fc.constantFrom(
    'Good morning, everybody.',
    'Buy now! Cheap.',
    '<a href="https://far.example/">look</a> here',
  ),
  mentions: fc.constantFrom<string[]>([], [ALICE], [ALICE, BOB]),
  answers: fc.constantFrom('nothing', 'nothing', 'the last post', 'something unknown', 'alice'),
  isOld: fc.boolean(),
  hasMedia: fc.boolean(),
});
type Deed = typeof deed extends fc.Arbitrary<infer One> ? One : never;

/** Every verdict at least once: what is random may miss one. */
const plain: Deed = {
  ...{ what: 'post', who: 0, minutes: 1, content: 'Good morning, everybody.', mentions: [] },
  ...{ answers: 'nothing', isOld: false, hasMedia: false },
};
const everyVerdict: [{ filters: BuiltInFilter[]; scoreThresholds: { hold: number } }, Deed[]] = [
  {
    filters: [
      { use: 'keywords', words: ['buy now'], verdict: 'drop' },
      { use: 'types', activities: ['Create', 'Follow'], verdict: 'reject' },
      { use: 'mentions', max: 1, verdict: 'hold' },
      { use: 'object-age', olderThan: '1 day', verdict: 'score', points: 1 },
      { use: 'stranger-media', verdict: 'score', points: 1 },
      { use: 'relevance', verdict: 'shadow' },
    ],
    scoreThresholds: { hold: 2 },
  },
  [
    plain,
    { ...plain, content: 'Buy now! Cheap.' },
    { ...plain, who: 2, what: 'like' },
    { ...plain, who: 2, mentions: [ALICE, BOB] },
    { ...plain, isOld: true },
    { ...plain, isOld: true, hasMedia: true },
    { ...plain, who: 3, what: 'follow' },
  ],
];

describe.each(places)('what is predicted ($name)', (place) => {
  let quiet: Served;
  beforeAll(async () => {
    quiet = await serve(place, { actors: { alice: {}, bob: {} } });
  }, PATIENCE);
  afterAll(() => quiet[Symbol.asyncDispose](), PATIENCE);

  /** Four actors of two domains that nobody has met; two of the accounts are young. */
  async function strangers(nowMs: number): Promise<RemoteActor[]> {
    const found: RemoteActor[] = [];
    for (let d = 0; d < 2; d++) {
      const remote = await quiet.remote();
      for (const [name, ageMs] of [
        ['old', 90 * DAY_MS],
        ['new', MINUTE_MS],
      ] as const) {
        const actor = await remote.actor(name);
        Object.assign(actor.document, { published: new Date(nowMs - ageMs).toISOString() });
        found.push(actor);
      }
    }
    return found;
  }

  function write(
    { what, content, mentions, answers, isOld, hasMedia }: Deed,
    { id }: RemoteActor,
    posts: Sent[],
    atMs: number,
  ): Sent {
    if (what === 'like') return like(id, `${ORIGIN}/notes/1`);
    if (what === 'follow') return follow(id, ALICE);
    const last = posts.at(-1)?.object as { id: string } | undefined;
    if (what === 'share') return announce(id, last?.id ?? `${ORIGIN}/notes/1`, new Date(atMs));
    const replies = {
      'the last post': last?.id,
      'something unknown': 'https://far.example/1',
      alice: `${ORIGIN}/notes/1`,
    };
    const inReplyTo = (replies as Record<string, string | undefined>)[answers] ?? null;
    const published = new Date(atMs - (isOld ? 3 * DAY_MS : 0));
    const post = create(id, { content: `<p>${content}</p>`, mentions, inReplyTo, published });
    const media = { type: 'Document', mediaType: 'image/png', url: 'https://far.example/1.png' };
    return hasMedia ? { ...post, object: { ...(post.object as object), attachment: [media] } } : post;
  }

  /** A deed as it is sent, at its time; in each inbox its Follow has another id. */
  interface Step {
    readonly atMs: number;
    readonly actor: RemoteActor;
    readonly activity: Sent;
    readonly isAnswer: boolean;
  }

  async function play({ inbox, post }: Served, steps: readonly Step[], clock: { at(ms: number): void }) {
    for (const { atMs, actor, activity, isAnswer } of steps) {
      clock.at(atMs);
      const object = isAnswer ? (await inbox.actors.follow('alice', actor.id)).activityId : activity.object;
      const { status } = await post('/inbox', { ...activity, object }, actor, { date: new Date(atMs) });
      expect(status).toBe(202);
      await inbox.settled();
    }
    const found = new Map<string, string>();
    for (const { activity } of steps)
      found.set(activity.id, (await inbox.activities.get(activity.id)).status);
    return found;
  }

  test(
    'is what the policy does when it is switched on',
    async () => {
      const property = fc.asyncProperty(
        fc.record({ filters, scoreThresholds }),
        fc.array(deed, { minLength: 8, maxLength: 14 }),
        async (policy, deeds) => {
          quiet.clock.advance(DAY_MS);
          const beganMs = quiet.clock.now();
          const actors = await strangers(beganMs);
          const posts: Sent[] = [];
          let atMs = beganMs;
          const steps = deeds.map((one): Step => {
            atMs += one.minutes * MINUTE_MS;
            const actor = actors[one.who] as RemoteActor;
            const isAnswer = one.what === 'befriend';
            const activity = isAnswer ? accept(actor.id, 'one of ours') : write(one, actor, posts, atMs);
            if (activity.type === 'Create') posts.push(activity);
            return { atMs, actor, activity, isAnswer };
          });
          const recorded = await play(quiet, steps, {
            at: (ms) => quiet.clock.advance(ms - quiet.clock.now()),
          });

          const since = new Date(beganMs).toISOString();
          quiet.clock.advance(1);
          const begun = (
            await quiet.admin('/simulations', { policy, since, samples: 20 })
          ).json() as SimulationRecord;
          const look = async () => (await quiet.admin(`/simulations/${begun.id}`)).json() as SimulationRecord;
          await expect.poll(async () => (await look()).state, { timeout: 60_000 }).toBe('done');
          const { result } = await look();
          expect(result?.activities).toBe(steps.length);
          const changed = (result?.filters ?? []).flatMap(({ samples }) => samples);
          const predicted = new Map([
            ...recorded,
            ...changed.map(({ activityId, to }) => [activityId, to] as const),
          ]);

          let nowMs = beganMs;
          const options: Partial<InboxOptions> = { ...policy, actors: { alice: {}, bob: {} } };
          await using strict = await serve(place, options, undefined, { clock: { now: () => nowMs } });
          const at = (ms: number): void => {
            nowMs = ms;
          };
          const done = await play(strict, steps, { at });
          expect([...done]).toEqual([...predicted]);
        },
      );
      await fc.assert(property, {
        numRuns: Number(process.env.SALLYPORT_PREDICTIONS ?? 2),
        seed,
        examples: [everyVerdict as never],
        endOnFailure: true,
      });
    },
    PATIENCE,
  );
});
