/** Documents that mean one thing to a reader of JSON and another to a reader of JSON-LD, or that cost too much to read. */
import { create } from '../../fediverse/index.ts';
import { type Attacks, activityOf, must, noteOf, type RemoteActor, type Stage } from '../attack.ts';

const AS = 'https://www.w3.org/ns/activitystreams';

/** Signed by their own actor and refused all the same; how long the slowest took. */
async function refused(
  stage: Stage,
  mallory: RemoteActor,
  bodies: readonly (string | Record<string, unknown>)[],
): Promise<number> {
  let slowest = 0;
  for (const [at, body] of bodies.entries()) {
    const startedMs = performance.now();
    const { status } = await stage.post(body, mallory);
    slowest = Math.max(slowest, performance.now() - startedMs);
    must(status === 400 || status === 401, `document ${at}: answered ${status}`);
  }
  await stage.settled();
  return Math.round(slowest);
}

const text = (activity: object): string => JSON.stringify(activity);

export const jsonld: Attacks = {
  async 'LD-07'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const like = activityOf(mallory, 'Like');
    const documents = [
      {
        ...like,
        '@context': [AS, { actor: 'https://x.example/a', realActor: 'as:actor' }],
        actor: alice.id,
        realActor: mallory.id,
      },
      {
        ...like,
        '@context': [AS, { actor: 'https://x.example/a', real: { '@id': 'as:actor', '@type': '@id' } }],
        actor: alice.id,
        real: mallory.id,
      },
      {
        ...like,
        '@context': [AS, { actor: 'https://x.example/a' }],
        actor: alice.id,
        'as:actor': { id: mallory.id },
      },
      { ...like, '@context': [AS, { thing: { '@id': 'as:object', '@type': '@id' } }], thing: alice.id },
      { ...like, '@context': [AS, { object: 'https://x.example/o' }], 'as:object': { id: alice.id } },
      { ...like, '@context': [AS, { also: { '@id': 'as:actor', '@type': '@id' } }], also: alice.id },
    ];
    await refused(stage, mallory, documents);
    await stage.untouched(like.id);
    return `${documents.length} documents with two readings of who does what to what: none accepted`;
  },

  async 'LD-08'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const context = [AS, { ident: '@id', kind: '@type' }];
    const like = activityOf(mallory, 'Like');
    const other = `${like.id}-other`;
    const { id: _, type: __, ...rest } = like;
    await refused(stage, mallory, [
      { ...like, '@context': context, ident: other },
      { ...like, '@context': context, kind: 'Follow' },
      { ...rest, '@context': context, ident: like.id, kind: 'Delete' },
      { ...like, '@id': other },
      { ...like, '@type': 'Follow' },
      { ...like, 'as:actor': { id: other } },
    ]);
    await stage.untouched(like.id);
    await stage.untouched(other);
    return 'a second id or type under another name: neither is taken';
  },

  async 'LD-10'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const like = activityOf(mallory, 'Like');
    const alice = await stage.victim.actor('alice');
    await refused(stage, mallory, [
      { ...like, '@context': [AS, { as: 'https://evil.example/#' }] },
      { ...like, '@context': [AS, { as: { '@id': 'https://evil.example/#', '@prefix': true } }] },
      { ...like, '@context': [AS, { Like: 'as:Delete' }] },
      { ...like, '@context': [AS, { type: '@id' }] },
      { ...like, '@context': [AS, { id: '@type' }] },
      { ...like, '@context': [AS, { object: { '@id': 'as:actor', '@type': '@id' } }], object: alice.id },
    ]);
    await stage.untouched(like.id);
    const harmless = {
      ...activityOf(mallory, 'Like'),
      '@context': [AS, { toot: 'https://evil.example/#', blurhash: 'toot:blurhash' }],
    };
    stage.expect(await stage.post(harmless, mallory), 202, 400);
    return 'ActivityStreams cannot be given another meaning; a foreign prefix that means something else moves nothing';
  },

  async 'LD-11'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const like = activityOf(mallory, 'Like');
    const { origin } = stage.evil;
    const bases = [
      { '@base': `${origin}/` },
      { '@import': `${origin}/c` },
      { '@propagate': false },
      { '@base': null },
      { '@vocab': null, '@base': `${stage.victim.origin}/` },
    ];
    await refused(
      stage,
      mallory,
      bases.map((more) => ({ ...like, '@context': [AS, more], id: '/activities/relative' })),
    );
    await refused(stage, mallory, [
      { ...like, id: '/activities/relative' },
      { ...like, actor: '/users/mallory' },
      { ...like, id: '//evil.example/1' },
      { ...like, '@context': [AS, { '@vocab': `${AS}#x` }], type: 'unknown', actor: '/users/mallory' },
    ]);
    const relative = { ...activityOf(mallory, 'Follow'), object: '/users/bob' };
    stage.expect(await stage.post(relative, mallory), 202, 400);
    must(
      !(await stage.members('bob', 'followers')).includes(mallory.id),
      'a relative object was made one of ours',
    );
    await stage.untouched(like.id);
    must(stage.evil.fetches('/c') === 0, 'something was imported');
    return 'other bases and imports refused, relative ids belong to nobody, nothing fetched';
  },

  async 'LD-13'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const tag = Array.from({ length: 1_000 }, (_, n) => ({
      '@context': { [`t${n}`]: `https://x.example/${n}` },
      type: 'Note',
    }));
    const urls = { ...activityOf(mallory, 'Like'), '@context': Array(2_000).fill(AS) };
    const ms = await refused(stage, mallory, [{ ...activityOf(mallory, 'Like'), tag }, urls]);
    return `a thousand inline contexts, and two thousand named ones: refused, the slower in ${ms} ms`;
  },

  async 'LD-14'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const chain = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`t${n}`, `t${n + 1}:x`]));
    const ms = await refused(stage, mallory, [{ ...activityOf(mallory, 'Like'), '@context': [AS, chain] }]);
    const short = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`t${n}`, `t${n + 1}:x`]));
    stage.expect(
      await stage.post({ ...activityOf(mallory, 'Like'), '@context': [AS, short] }, mallory),
      202,
      400,
    );
    return `a chain of three thousand terms is refused in ${ms} ms`;
  },

  async 'LD-16'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const depth = 20_000;
    const like = text({ ...activityOf(mallory, 'Like'), object: 0 });
    const nests = [
      `${'['.repeat(depth)}${']'.repeat(depth)}`,
      `${'{"object":'.repeat(depth)}1${'}'.repeat(depth)}`,
    ];
    const bodies = [
      ...nests,
      ...nests.map((nest) => like.replace('"object":0', `"object":${nest}`)),
      '['.repeat(depth),
    ];
    const ms = await refused(stage, mallory, bodies);
    return `five documents twenty thousand levels deep: refused, the slowest in ${ms} ms`;
  },

  async 'LD-17'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const many = Array.from({ length: 50_000 }, (_, n) => `https://a.example/${n}`);
    const tags = many.slice(0, 20_000).map((href) => ({ type: 'Mention', href }));
    const ms = await refused(stage, mallory, [
      activityOf(mallory, 'Like', { to: many.slice(0, 40_000) }),
      activityOf(mallory, 'Like', { cc: many.slice(0, 1_001) }),
      activityOf(mallory, 'Like', { tag: tags }),
    ]);
    stage.expect(await stage.post(activityOf(mallory, 'Like', { cc: many.slice(0, 1_000) }), mallory), 202);
    return `tens of thousands of addressees and tags: refused, the slowest in ${ms} ms; a thousand are taken`;
  },

  async 'LD-20'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const like = activityOf(mallory, 'Like');
    const whole = text(like);
    const bodies = [
      whole.replace('"type":', '"type":"Delete","type":'),
      whole.replace('"actor":', `"actor":${JSON.stringify(alice.id)},"actor":`),
      whole.replace('"actor":', `"\\u0061ctor":${JSON.stringify(alice.id)},"actor":`),
      whole.replace('"object":', '"object":{"a":1,"a":1},"object":'),
      whole.replace(/"object":"[^"]*"/, '"object":{"a":1,"\\u0061":1}'),
    ];
    await refused(stage, mallory, bodies);
    await stage.untouched(like.id);
    return 'a key that stands twice is refused, also where one of the two is escaped, at any depth';
  },

  async 'LD-23'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const { origin } = stage.evil;
    const ids = ['\\ud800', '\\u0000', '\\u2028', '\\u202e', ' '].map((odd) => `${origin}/x${odd}y`);
    const like = text(activityOf(mallory, 'Like', { id: 'ID' }));
    await refused(
      stage,
      mallory,
      ids.slice(0, 2).map((id) => like.replace('"ID"', `"${id}"`)),
    );
    for (const id of ids.slice(2))
      stage.expect(await stage.post(like.replace('"ID"', `"${id}"`), mallory), 202, 400);
    const contents = ['a\\u0000b', 'a\\ud800b', 'a\u2028b\u202ec\\u0007', 'e\u0301 \u00e9'];
    const statuses: number[] = [];
    for (const content of contents) {
      const body = text(create(mallory.id, { content: 'CONTENT' })).replaceAll('CONTENT', content);
      const { status } = await stage.post(body, mallory);
      must(status === 202 || status === 400, `content ${JSON.stringify(content)}: answered ${status}`);
      statuses.push(status);
    }
    const composed = noteOf(mallory, { id: `${origin}/caf\u00e9` });
    const decomposed = noteOf(mallory, { id: `${origin}/cafe\u0301` });
    for (const note of [composed, decomposed]) stage.expect(await stage.post(note, mallory), 202, 400);
    await stage.settled();
    must((await stage.world.served.inbox.dead.list()).items.length === 0, 'a turn failed over it');
    return `what no database can keep is 400 in ids and texts alike (texts: ${statuses.join(' ')}); nothing failed in a turn`;
  },
};
