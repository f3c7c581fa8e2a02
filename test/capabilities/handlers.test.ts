/**
 * User code after COMMIT: rows S37 to S45 and S49 of the checklist, and the recipes of the README, each run as it stands
 * there. Everything goes through HTTP and the public API of one inbox; each test adds its handlers and takes them away.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ActivityMap, ActivityRecord, Handler, Inbox, Logger } from '../../src/index.ts';
import { drop } from '../../src/index.ts';
import {
  announce,
  create,
  follow,
  like,
  type RemoteActor,
  type RemoteDomain,
  type Sent,
  undo,
} from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';
import { alertModerators } from '../recipes/alert-moderators.ts';
import { autoAccept } from '../recipes/auto-accept.ts';
import { countByDay } from '../recipes/daily-statistics.ts';
import { enforcePolicy } from '../recipes/interaction-policy.ts';
import { notifyByMail } from '../recipes/notify-by-mail.ts';
import { syncLikes } from '../recipes/sync-likes.ts';
import { callWebhook } from '../recipes/webhook.ts';

const ALICE = `${ORIGIN}/users/alice`;
const CAROL = `${ORIGIN}/users/carol`;
const TABLES = [
  'create table app_post (uri text primary key, like_count int not null default 0)',
  'create table app_like (post text, actor text, primary key (post, actor))',
  'create table app_statistics (day text, type text, count int not null, primary key (day, type))',
];

describe.each(places)('handlers ($name)', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let ann: RemoteActor;
  const early: string[] = [];
  let count = 0;
  const open: Disposable[] = [];
  const logged: { level: string; message: string; facts: Record<string, unknown> }[] = [];
  let asking: { text: string; values: unknown[]; answer(rows: Record<string, unknown>[]): void } | null =
    null;

  beforeAll(async () => {
    const to =
      (level: string) =>
      (message: string, facts: object = {}) =>
        void logged.push({ level, message, facts: { ...facts } });
    const logger: Logger = { debug() {}, info: to('info'), warn: to('warn'), error: to('error') };
    served = await serve(
      place,
      { logger, blockAfterStrikes: 1, rateLimit: { limit: 60, window: '1 hour' } },
      (inbox) => {
        inbox.on('Arrive' as 'Like', ({ id }) => void early.push(id));
        // The service's own door to the database that it shares: on PGlite there is no other.
        inbox.on('Question' as 'Like', (_, { transaction }) =>
          transaction(async (tx) => asking?.answer(await tx.execute(asking.text, asking.values))),
        );
      },
    );
    home = await served.remote();
    ann = await home.actor('ann');
    for (const table of TABLES) await query(table);
  }, PATIENCE);
  afterEach(() => {
    for (const one of open.splice(0)) one[Symbol.dispose]();
  });
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  /** The inbox as a recipe gets it: what it registers goes away with the test. */
  const recipe = (): Inbox =>
    new Proxy(served.inbox, {
      get(inbox, name: keyof Inbox) {
        const value = inbox[name];
        if (name !== 'on' && name !== 'before' && name !== 'filter') return value;
        return (what: string, code: unknown, options: object = {}) => {
          // A name that was taken before would go on where that handler stopped.
          const named = name === 'filter' ? options : { name: `${what} ${++count}`, ...options };
          const one = (value as (...all: unknown[]) => Disposable)(what, code, named);
          open.push(one);
          return one;
        };
      },
    });
  const on = <T extends keyof ActivityMap>(type: T, handler: Handler<ActivityMap[T]>): Disposable =>
    recipe().on(type, handler);
  const bare = (type: string, more: object = {}, actor = ann): Sent => ({
    ...{ '@context': 'https://www.w3.org/ns/activitystreams', type, actor: actor.id },
    ...{ id: `${home.origin}/${type}/${Math.random()}`, ...more },
  });
  async function send(activity: Sent, actor = ann, path = '/inbox'): Promise<ActivityRecord> {
    expect((await served.post(path, activity, actor)).status).toBe(202);
    await served.inbox.settled();
    return served.inbox.activities.get(activity.id);
  }
  async function query(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
    const rows: Record<string, unknown>[] = [];
    asking = { text, values, answer: (found) => rows.push(...found) };
    await send(bare('Question'));
    asking = null;
    return rows;
  }
  const note = async () =>
    (await served.inbox.actors.send('alice', { type: 'Note', content: 'hi', to: 'as:Public' }))
      .object as string;
  const atLevel = (level: string) => logged.filter((line) => line.level === level);

  test('S37 a handler sees what is committed: from another connection the count has changed', async () => {
    const uri = await note();
    const seen: unknown[] = [];
    on('Like', async ({ object }) => {
      const reply = await served.ask('GET', `${new URL(object?.uri as string).pathname}/likes`);
      seen.push((reply.json() as { totalItems: number }).totalItems);
    });
    expect((await send(like(ann.id, uri))).status).toBe('processed');
    expect(seen).toEqual([1]);
  });

  test('S38 activities are handed out by their type, each as what it is', async () => {
    const seen: string[] = [];
    on('Like', ({ type, object }) => void seen.push(`${type} of ${object?.uri}`));
    on('Follow', ({ type, object }) => void seen.push(`${type} of ${object?.uri}`));
    on('Announce', ({ type, object }) => void seen.push(`${type} of ${object?.uri}`));
    on('Flag', ({ type, objects }) => void seen.push(`${type} of ${objects.length}`));
    await send(like(ann.id, `${ORIGIN}/notes/1`));
    await send(follow(ann.id, ALICE));
    await send(bare('Flag', { object: [ALICE, `${ORIGIN}/notes/1`] }));
    await send(announce(ann.id, `${ORIGIN}/notes/2`));
    expect(seen).toEqual([
      ...[`Like of ${ORIGIN}/notes/1`, `Follow of ${ALICE}`, 'Flag of 2', `Announce of ${ORIGIN}/notes/2`],
    ]);
  });

  test('S39 a handler that was registered before the start is called, and one registered later', async () => {
    const before = bare('Arrive');
    await send(before);
    const late: string[] = [];
    on('Arrive' as 'Like', ({ id }) => void late.push(id));
    await served.inbox.settled();
    const after = bare('Arrive');
    await send(after);
    expect([early, late]).toEqual([[before.id, after.id], [after.id]]);
  });

  test('S40 a failing handler stops nobody: the good one runs, and the failure is logged with its stack', async () => {
    const good: string[] = [];
    recipe().on('Listen' as 'Like', () => Promise.reject(new Error('out of order')), { name: 'bad' });
    on('Listen' as 'Like', ({ id }) => void good.push(id));
    const activity = bare('Listen');
    expect((await send(activity)).status).toBe('processed');
    expect(good).toEqual([activity.id]);
    const [line] = atLevel('error').filter(({ facts }) => facts.handler === 'bad');
    expect(line).toMatchObject({
      message: 'a handler failed',
      facts: { activityId: activity.id, attempt: 1 },
    });
    expect(line?.facts.stack).toContain('handlers.test.ts');
    expect(await served.inbox.metrics()).toContain(
      'sallyport_handler_calls_total{handler="bad",result="failed"} 1',
    );
  });

  test('S41 people hear by mail of likes and followers, and of what is not theirs they hear nothing', async () => {
    const mails: { to: string; subject: string; text: string }[] = [];
    const uri = await note();
    notifyByMail(
      recipe(),
      { send: async (mail) => void mails.push(mail) },
      {
        mailOf: (actor) => (actor === ALICE ? 'alice@example.org' : null),
        authorOf: (post) => (post === uri ? ALICE : null),
      },
    );
    await send(like(ann.id, uri));
    await send(like(ann.id, 'https://elsewhere.example/notes/1'));
    const bea = await home.actor('bea');
    await send(follow(bea.id, ALICE), bea);
    expect(mails.map(({ subject }) => subject)).toEqual(['Your post was liked', 'New follower']);
    expect(mails[0]).toMatchObject({ to: 'alice@example.org', text: `${ann.id} liked ${uri}` });
  });

  test('S42 a Like of what nobody knows, or of what is gone, is processed, and handlers get its id', async () => {
    const seen: (string | undefined)[] = [];
    on('Like', ({ object }) => void seen.push(object?.uri));
    const [unknown, gone] = [`${ORIGIN}/notes/never-made`, await note()];
    await served.inbox.actors.send('alice', { type: 'Delete', object: gone });
    for (const uri of [unknown, gone]) expect((await send(like(ann.id, uri))).status).toBe('processed');
    expect(seen).toEqual([unknown, gone]);
  });

  test('S43 rows of the service stay in step with the likes, however often they come', async () => {
    const uri = await note();
    await query('insert into app_post (uri) values ($1)', uri);
    syncLikes(recipe());
    const rows = () =>
      query(
        'select like_count, (select count(*)::int from app_like where post = $1) as rows from app_post where uri = $1',
        uri,
      );
    const first = like(ann.id, uri);
    for (let n = 0; n < 3; n++) await send(first);
    await send(like(ann.id, uri));
    await send(like(ann.id, 'https://elsewhere.example/notes/9'));
    expect(await rows()).toEqual([{ like_count: 1, rows: 1 }]);
    await send(undo(ann.id, first));
    expect(await rows()).toEqual([{ like_count: 0, rows: 0 }]);
  });

  test('S44 a hundred at once are counted as a hundred', async () => {
    countByDay(recipe());
    const actors = await Promise.all(
      Array.from({ length: 5 }, async () => (await served.remote()).actor('al')),
    );
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => {
        const actor = actors[n % 5] as RemoteActor;
        return served.post('/inbox', like(actor.id, `${ORIGIN}/notes/${n}`), actor, { timeoutMs: PATIENCE });
      }),
    );
    await served.inbox.settled();
    expect(await query("select type, count from app_statistics where type = 'Like'")).toEqual([
      { type: 'Like', count: 100 },
    ]);
  });

  test('S45 a service that does not answer delays no other handler, and is asked again', async () => {
    let hooks = 0;
    const keys: unknown[] = [];
    home.serve('/hook', (request, response) => {
      keys.push(request.headers['idempotency-key']);
      // The first time it never answers.
      if (hooks++ > 0) response.writeHead(204).end();
    });
    const others: string[] = [];
    callWebhook(recipe(), `${home.origin}/hook`, 300);
    on('Create', ({ id }) => void others.push(id));
    const said = create(ann.id);
    await served.post('/inbox', said, ann);
    await expect.poll(() => others, { timeout: 30_000 }).toEqual([said.id]);
    await served.inbox.settled();
    served.clock.advance(1_000);
    await served.inbox.settled();
    await expect.poll(() => hooks, { timeout: 30_000 }).toBe(2);
    expect(keys).toEqual([said.id, said.id]);
    home.serve('/hook', null);
  });

  test('S46 the policy of the service stops what it does not want, by actor, by object, by content', async () => {
    const [closed, mal] = [await note(), await home.actor('mal')];
    enforcePolicy(recipe(), {
      isBlocked: async (actor) => actor === mal.id,
      isClosed: (post) => post === closed,
      mentionsMax: 2,
    });
    const statusOf = async (activity: Sent, actor = ann) => (await send(activity, actor)).status;
    expect(await statusOf(create(mal.id), mal)).toBe('dropped');
    expect(await statusOf(like(ann.id, closed))).toBe('rejected');
    expect(await statusOf(create(ann.id, { mentions: [ALICE, CAROL, `${ORIGIN}/users/bob`] }))).toBe(
      'dropped',
    );
    expect(await statusOf(create(ann.id, { mentions: [ALICE] }))).toBe('processed');
    expect((await served.inbox.objects.get(closed)).likes.total).toBe(0);
  });

  test('S34 a report reaches the moderators with all that it is about; what is unknown is a warning', async () => {
    const mails: { subject: string; text: string }[] = [];
    alertModerators(recipe(), { send: async (mail) => void mails.push(mail) }, 'mods@example.org');
    const objects = [await note(), `${ORIGIN}/notes/never-made`, ALICE];
    await send(bare('Flag', { object: objects, content: 'rude' }));
    expect(mails).toMatchObject([{ text: `rude\n\n${objects.join('\n')}` }]);
    expect(atLevel('warn').map(({ facts }) => facts.object)).toContain(objects[1]);
    // She has reported alice before, today: it is one report.
    const { items } = await served.inbox.reports.list();
    expect(items).toMatchObject([{ actor: ann.id, content: 'rude', count: 2 }]);
    expect(items[0]?.objects).toEqual(expect.arrayContaining(objects));
  });

  test('friends of the service are accepted at a locked account, others wait', async () => {
    const [friend, stranger] = [await home.actor('friend'), await home.actor('stranger')];
    autoAccept(recipe(), async (actor) => actor === friend.id);
    for (const actor of [friend, stranger]) await send(follow(actor.id, CAROL), actor);
    expect((await served.inbox.actors.collection('carol', 'followers')).items).toEqual([friend.id]);
    const { items } = await served.inbox.followRequests.list({ state: 'pending' });
    expect(items.map(({ follower }) => follower)).toEqual([stranger.id]);
  });

  test('a handler can answer: what it sends goes out as the recipient, or as whom it names', async () => {
    on('Invite' as 'Like', async ({ actor }, { send: reply }) => {
      await reply({ type: 'Note', content: 'Thank you' }, actor.uri);
    });
    await send(bare('Invite'), ann, '/users/alice/inbox');
    const { activity } = await home.delivery(({ activity: { type } }) => type === 'Create');
    expect(activity).toMatchObject({ actor: ALICE, object: { content: 'Thank you' } });
    const problems: unknown[] = [];
    on('Join' as 'Like', ({ actor }, { send: reply }) =>
      reply({ type: 'Note', content: 'Who am I?' }, actor.uri).catch(({ code }) => void problems.push(code)),
    );
    await send(bare('Join'));
    expect(problems).toEqual(['ERR_INVALID']);
  });

  test('nobody calls the inbox from inside of a transaction, by whatever way', async () => {
    const codes: unknown[] = [];
    const { domains } = served.inbox;
    on('Travel' as 'Like', async (travel, { transaction, followRequest }) => {
      await transaction(async () => {
        const attempts: (() => Promise<unknown>)[] = [
          () => served.inbox.domains.block('x.example', { reason: 'x' }),
          () => domains.block('x.example', { reason: 'x' }),
          () => followRequest(travel).accept(),
          () => served.inbox.fetch(new Request(`${ORIGIN}/users/alice`)),
          () => served.inbox.settled(),
          () => transaction(async () => undefined),
        ];
        for (const attempt of attempts)
          codes.push(await Promise.try(attempt).catch(({ code }: { code: string }) => code));
      });
    });
    await send(bare('Travel'));
    expect(codes).toEqual(Array.from({ length: 6 }, () => 'ERR_IN_TRANSACTION'));
  });

  test('S49 a drop is information, a block by the runtime a warning, a failing handler an error', async () => {
    open.push(served.inbox.filter('quiet', ({ type }) => (type === 'Leave' ? drop('not today') : undefined)));
    const left = bare('Leave');
    await send(left);
    expect(atLevel('info')).toContainEqual({
      ...{ level: 'info', message: 'a filter stopped an activity' },
      facts: { stage: 'filter', filter: 'quiet', verdict: 'drop', reason: 'not today', activityId: left.id },
    });
    on('Read' as 'Like', () => {
      throw new Error('S49');
    });
    await send(bare('Read'));
    expect(atLevel('error').map(({ facts }) => facts.error)).toContain('Error: S49');
    const chatty = await (await served.remote()).actor('chatty');
    const likes = Array.from({ length: 61 }, () => like(chatty.id, `${ORIGIN}/notes/1`));
    const replies = await Promise.all(
      likes.map((one) => served.post('/inbox', one, chatty, { timeoutMs: PATIENCE })),
    );
    expect(replies.filter(({ status }) => status === 429)).toHaveLength(1);
    await served.inbox.settled();
    expect(atLevel('warn').map(({ facts }) => facts.domain)).toContain(new URL(chatty.id).hostname);
  });
});
