/**
 * The testing kit, as somebody meets it who tests handlers with it. Most tests share one box: what they look at is
 * their own domain's.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInbox } from '../../src/index.ts';
import {
  createTestInbox,
  fixtures,
  matchers,
  type TestInbox,
  type TransitionMatchers,
} from '../../src/testing.ts';

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown>
    extends TransitionMatchers<R> {}
}
expect.extend(matchers);

const BOB = 'https://social.example/users/bob';
const PATIENCE = 120_000;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let box: TestInbox;
beforeAll(async () => {
  box = await createTestInbox({
    actors: { alice: {}, bob: { locked: true } },
    rateLimit: { limit: 20, window: '1 hour' },
    logger: quiet,
  });
}, PATIENCE);
afterAll(() => box[Symbol.asyncDispose](), PATIENCE);

describe('receive', () => {
  test('says how an activity stands once its turn is over', async () => {
    const like = fixtures.activity({ type: 'Like', object: 'https://social.example/notes/1' });
    expect(await box.receive(like)).toMatchObject({
      answer: { status: 202 },
      status: 'processed',
      reason: null,
    });
    expect((await box.activities.get(like.id)).inboxes).toEqual(['https://social.example/inbox']);
  });

  test('says why an activity was refused, which its sender is not told', async () => {
    const actor = 'https://liar.example/users/mal';
    const { answer, status, reason } = await box.receive({
      ...{ type: 'Like', id: 'https://other.example/likes/1', actor, object: BOB },
    });
    expect({ answer: answer.status, status, reason }).toEqual({
      ...{ answer: 401, status: null, reason: 'the id is on another origin than the actor' },
    });
    expect(answer.body).not.toContain('origin');
  });

  test('gives an activity without id and context both, and takes text as it is', async () => {
    const actor = 'https://bare.example/users/al';
    await box.receive({ type: 'Like', actor, object: 'https://social.example/notes/1' });
    await box.receive({ type: 'Like', actor, object: 'https://social.example/notes/1' });
    const text = JSON.stringify({ type: 'Announce', actor, object: 'https://social.example/notes/1' });
    expect(await box.receive(text)).toMatchObject({ status: 'processed' });
    expect(await box.receive(text)).toMatchObject({ status: 'processed' });
    expect((await box.activities.list({ domain: 'bare.example' })).items.map(({ type }) => type)).toEqual([
      ...['Announce', 'Like', 'Like'],
    ]);
    expect((await box.receive('{"type":')).answer.status).toBe(400);
  });

  test('goes to the inbox of the local actor that it names', async () => {
    const activity = fixtures.activity({ type: 'Like', object: 'https://social.example/notes/1' });
    await box.receive(activity, { inbox: 'bob' });
    expect((await box.activities.get(activity.id)).inboxes).toEqual([`${BOB}/inbox`]);
    expect((await box.actors.collection('bob', 'inbox')).items).toContain(activity.id);
    await expect(box.receive(activity, { inbox: 'nobody' })).rejects.toThrow('no local actor nobody');
  });

  test('needs no server that works: an actor counts as proven though its domain is down', async () => {
    const down = box.remote('down.example');
    down.fails(500);
    const activity = fixtures.activity({ type: 'Like', actor: 'https://down.example/users/al', object: BOB });
    expect((await box.receive(activity)).status).toBe('processed');
  });
});

describe('signed for real', () => {
  test.each([
    'cavage',
    'rfc9421',
  ] as const)('by %s, an activity of a known actor is taken', async (signed) => {
    const actor = `https://${signed}.example/users/al`;
    const activity = fixtures.mastodon.follow({ actor, object: BOB });
    expect((await box.receive(activity, { signed })).status).toBe('processed');
    expect(box.remote(`${signed}.example`).fetched).toEqual(['/users/al']);
  });

  test('an activity is refused whose actor has no document with its key', async () => {
    const remote = box.remote('keyless.example');
    remote.serves('/users/al', { ...remote.actor('al').document, publicKey: [] });
    const { answer, reason } = await box.receive(
      fixtures.activity({ type: 'Like', actor: remote.actor('al').id, object: BOB }),
      { signed: true },
    );
    expect(answer.status).toBe(401);
    expect(reason).toContain('no key');
  });
});

describe('the clock', () => {
  test('stands until it is moved, and stops at what is due on the way', async () => {
    const actor = 'https://chatty.example/users/al';
    const before = box.clock.now();
    for (let n = 0; n < 21; n++)
      await box.receive(fixtures.activity({ type: 'Like', actor, object: 'https://social.example/notes/1' }));
    expect(box.clock.now()).toEqual(before);
    expect(box).toHaveTransitioned('domain', 'active', 'rate-limited', 'chatty.example');
    expect(box).not.toHaveTransitioned('domain', 'active', 'rate-limited', 'remote.example');
    expect(box).not.toHaveTransitioned('domain', 'blocked', 'rate-limited');
    expect(box).not.toHaveTransitioned('follow-request', null, 'rejected');
    expect(() => expect(box).toHaveTransitioned('domain', 'active', 'blocked')).toThrow(
      /to have gone from active to blocked[\s\S]*chatty.example: active -> rate-limited/,
    );
    await box.clock.advance('61 minutes');
    expect(box.clock.now().getTime()).toBe(before.getTime() + 61 * 60_000);
    expect(box).toHaveTransitioned('domain', 'rate-limited', 'active', 'chatty.example');
    expect((await box.domains.get('chatty.example')).since).toBe(
      new Date(before.getTime() + 60 * 60_000).toISOString(),
    );
  });

  test('tries a handler that fails again and again, until it is a dead letter within the hour', async () => {
    let calls = 0;
    using _ = box.on('Flag', () => {
      calls++;
      throw new Error('the ticket system is away');
    });
    await box.receive(fixtures.mastodon.flag({ actor: 'https://flags.example/users/al', object: BOB }));
    await box.settled();
    expect(calls).toBe(1);
    await box.clock.advance('21 seconds');
    expect(calls).toBe(4);
    await box.clock.advance('1 hour');
    expect(calls).toBe(10);
    expect((await box.dead.list()).items).toMatchObject([
      { error: expect.stringContaining('the ticket system is away'), attempts: 10 },
    ]);
  });

  test('understands lengths of time only', async () => {
    await expect(box.clock.advance('soon' as '1 hour')).rejects.toThrow('soon is no length of time');
  });
});

describe('remote domains', () => {
  test('get what our actors send; what fails goes out again when its time has come', async () => {
    const friends = box.remote('friends.example');
    const ann = friends.actor('ann', { name: 'Ann' });
    expect(ann.document).toMatchObject({ id: 'https://friends.example/users/ann', name: 'Ann' });
    friends.fails(503);
    const follow = { type: 'Follow', actor: ann.id, object: 'https://social.example/users/alice' };
    await box.receive(follow);
    await box.settled();
    // Signed in both ways: at first contact a server may mean with its 503 that it cannot read the first one.
    expect(friends.received.map(({ status, activity }) => `${activity.type} ${status}`)).toEqual([
      ...['Accept 503', 'Accept 503'],
    ]);
    expect(box.sent.filter(({ to }) => to.includes(ann.inbox))).toEqual([]);
    friends.fails('hang');
    await box.clock.advance('15 seconds');
    friends.fails('refuse');
    await box.clock.advance('1 minute');
    friends.fails(null);
    await box.clock.advance('5 minutes');
    expect(friends.received.map(({ status }) => status)).toEqual([503, 503, null, null, 202]);
    expect(box.sent.filter(({ to }) => to.includes(ann.inbox))).toMatchObject([{ type: 'Accept' }]);
  });

  test('serve the documents of their actors, as the test sets them', async () => {
    const moved = box.remote('moved.example').actor('old');
    moved.set({ alsoKnownAs: ['https://new.example/users/new'], published: '2020-01-01T00:00:00Z' });
    expect(moved.document.alsoKnownAs).toEqual(['https://new.example/users/new']);
    await box.actors.follow('alice', moved.id);
    await box.settled();
    expect(box.sent.at(-1)).toMatchObject({ type: 'Follow', to: [moved.inbox] });
    await expect(box.actors.follow('alice', 'https://moved.example/users/nobody')).rejects.toThrow();
    expect(() => box.remote('not a domain')).toThrow('no domain');
  });
});

describe('held activities', () => {
  const hold = () =>
    box.filter('hold-all', ({ actor }) => {
      if (actor.domain === 'new.example') return { type: 'hold', reason: 'never seen before' };
    });

  test('wait for a moderator, and act once they are approved', async () => {
    using _ = hold();
    const follow = fixtures.misskey.follow({ actor: 'https://new.example/users/al', object: BOB });
    expect(await box.receive(follow)).toMatchObject({ answer: { status: 202 }, status: 'held' });
    expect((await box.held.list()).items).toMatchObject([{ activityId: follow.id, filter: 'hold-all' }]);
    await box.held.approve(follow.id);
    await box.settled();
    expect((await box.followRequests.list({ actor: follow.actor })).items).toMatchObject([
      { state: 'pending' },
    ]);
  });

  test('are dropped when nobody decides for 30 days', async () => {
    using _ = hold();
    const like = fixtures.lemmy.like({ actor: 'https://new.example/users/bea', object: BOB });
    expect((await box.receive(like)).status).toBe('held');
    await box.clock.advance('29 days');
    expect((await box.activities.get(like.id)).status).toBe('held');
    await box.clock.advance('1 day');
    expect((await box.activities.get(like.id)).status).toBe('dropped');
  });
});

describe('S48 simulate', () => {
  test('calls the handlers of a type alone, and says what they decided', async () => {
    const seen: string[] = [];
    using _one = box.on('Follow', async (follow, ctx) => {
      seen.push(`${follow.actor.domain} asks for ${follow.object?.uri}`);
      await ctx.followRequest(follow).reject();
    });
    using _two = box.on('Like', () => void seen.push('a Like'));
    const before = (await box.activities.list()).items.length;
    const follow = fixtures.activity({ type: 'Follow', object: BOB });
    expect(await box.simulate(follow)).toEqual({
      ...{ called: 1, decided: [{ followRequest: follow.id, verb: 'reject' }], sent: [] },
    });
    expect(seen).toEqual([`remote.example asks for ${BOB}`]);
    expect((await box.activities.list()).items.length).toBe(before);
  });

  test('throws what a handler throws', async () => {
    using _ = box.on('Move', () => {
      throw new Error('no');
    });
    await expect(box.simulate({ type: 'Move', actor: 'https://a.example/users/a' })).rejects.toThrow('no');
    await expect(box.simulate({ type: 'Move' })).rejects.toThrow('this is no activity');
  });
});

test('a table of the test is written by a handler in its transaction, and read by the test', async () => {
  await box.query('create table app_like (post text, actor text)');
  using _ = box.on('Like', ({ object, actor }, { transaction }) =>
    transaction((tx) => tx.execute('insert into app_like values ($1, $2)', [object?.uri, actor.uri])),
  );
  const [post, actor] = ['https://social.example/notes/1', 'https://rows.example/users/al'];
  await box.receive({ type: 'Like', actor, object: post });
  await box.settled();
  expect(await box.query('select * from app_like where actor = $1', [actor])).toEqual([{ post, actor }]);
});

test('production has no such clock, network or key: createInbox takes its options and nothing else', async () => {
  const options = { origin: 'https://social.example', database: 'postgres://x' };
  // @ts-expect-error the kit's way in is not exported
  const inbox = createInbox(options, { clock: box.clock });
  expect(inbox.origin).toBe('https://social.example');
  expect(createInbox).toHaveLength(1);
  await inbox.close();
  expect(() => createInbox({ origin: 'https://social.example', signed: false } as never)).toThrow(/signed/);
});

test('a test inbox is awaited first, or it does not compile', () => {
  const notAwaited = async (): Promise<void> => {
    // @ts-expect-error a promise is nothing that is disposed of
    await using left = createTestInbox();
    void left;
  };
  expect(notAwaited).toBeTypeOf('function');
});

describe('a test inbox that is closed', () => {
  test(
    'says what was left running',
    async () => {
      const left = await createTestInbox({ actors: { bob: {} }, logger: quiet });
      const over = Promise.withResolvers<void>();
      let timer: NodeJS.Timeout | undefined;
      left.on('Like', () => {
        timer = setTimeout(() => undefined, 60_000);
        return over.promise;
      });
      await left.receive(fixtures.activity({ type: 'Like', object: BOB }));
      const forgotten = left.clock.advance('1 second');
      await expect(left[Symbol.asyncDispose]()).rejects.toThrow(
        /left running .*clock.advance\('1 second'\), a handler of Like, a timer of a handler of Like/,
      );
      clearTimeout(timer);
      over.resolve();
      await forgotten.catch(() => undefined);
    },
    PATIENCE,
  );
});
