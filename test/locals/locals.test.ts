/** Who is local, by a map or by the service's own resolver, and with which keys. */
import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Facts } from '../../src/activity.ts';
import { createLocals, type Locals, type LocalsParts } from '../../src/locals.ts';
import type { ActorResolver, ResolvedActor, Settings } from '../../src/options.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { type DatabaseKind, databases, postgresql, type TestDatabase } from '../databases.ts';
import { rsaKey } from '../fediverse/index.ts';
import { PREPARED_ORIGIN as ORIGIN } from '../setup/global.ts';

const logged: string[] = [];
const note = (message: string, facts?: object) => void logged.push(`${message} ${JSON.stringify(facts)}`);
const logger = { debug() {}, info() {}, warn: note, error: note };
const id = (name: string) => `${ORIGIN}/users/${name}`;
const person = (handle: string, more: Partial<ResolvedActor> = {}): ResolvedActor => ({
  id: id(handle),
  handle,
  ...more,
});
const factsNaming = (facts: Partial<Facts>): Facts => ({
  ...{ id: 'https://far.example/1', type: 'Create', actor: 'https://far.example/a', objects: [] },
  ...{ inner: null, target: null, addressees: [] },
  ...facts,
});

/** A database for the tests of one block, with a clock that is set by hand. */
function placeOn(kind: DatabaseKind) {
  let nowMs = Date.UTC(2026, 10, 25, 12);
  let database: TestDatabase | undefined;
  const stores: Store[] = [];
  const open = async (): Promise<Store> => {
    const { database: url, dataDirectory } = database as TestDatabase;
    const place = { database: url ?? null, dataDirectory, origin: ORIGIN, logger };
    const store = await openStore(place, { clock: { now: () => nowMs } });
    stores.push(store);
    return store;
  };
  beforeAll(async () => {
    database = await kind.open();
    await open();
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await database?.drop();
  });
  return {
    pass(ms: number) {
      nowMs += ms;
    },
    another: open,
    locals(
      actors: Settings['actors'],
      parts: LocalsParts & { store?: Store; actorPath?: string } = {},
    ): Promise<Locals> {
      const { store = stores[0] as Store, actorPath = '/users/:name', ...rest } = parts;
      return createLocals({ origin: ORIGIN, host: 'us.example', actors, actorPath, logger }, store, rest);
    },
  };
}

describe.each(databases)('actors of a map, on $name', (kind) => {
  const place = placeOn(kind);

  test('are found by id, by handle and by path, in one spelling, with the instance actor among them', async () => {
    const locals = await place.locals({ alice: {}, carol: { locked: true, name: 'Carol', type: 'Group' } });
    const alice = await locals.byHandle('alice');
    expect(alice).toMatchObject({
      id: id('alice'),
      inbox: `${id('alice')}/inbox`,
      locked: false,
      name: 'alice',
    });
    expect(await locals.byId(id('alice'))).toEqual(alice);
    expect(await locals.byPath('/users/alice')).toEqual(alice);
    expect(await locals.resolve(id('carol'))).toMatchObject({ locked: true, name: 'Carol', type: 'Group' });
    const others = [
      ...[
        id('Alice'),
        `${id('alice')}/`,
        `${id('alice')}?x`,
        `${id('alice')}#main-key`,
        id('%61lice'),
        id('bob'),
      ],
      ...['https://us.example.evil.example/users/alice', 'http://us.example/users/alice', '', 'x', ORIGIN],
    ];
    for (const other of others) {
      expect(await locals.byId(other), other).toBeNull();
      expect(await locals.resolve(other), other).toBeNull();
    }
    expect(await locals.byHandle('__proto__')).toBeNull();
    expect(await locals.instance()).toMatchObject({ id: id('_instance'), type: 'Application', locked: true });
    expect((await locals.byId(id('_instance')))?.handle).toBe('_instance');
  });

  test('have inboxes at their ids, whether or not there is such an actor', async () => {
    const locals = await place.locals({ alice: {} }, { actorPath: '/@:name' });
    const paths = [
      '/@alice/inbox',
      '/@nobody/inbox',
      '/@alice',
      '/inbox',
      '/@/inbox',
      '/@a/b/inbox',
      '/@%61/inbox',
    ];
    expect(paths.map((path) => locals.isInboxPath(path))).toEqual([true, true, ...Array(5).fill(false)]);
    expect((await locals.byHandle('alice'))?.inbox).toBe(`${ORIGIN}/@alice/inbox`);
  });

  test('keep the keys that were made for them once, whoever asks, and after a restart', async () => {
    const first = await place.locals({ dora: {} });
    const found = await Promise.all(Array.from({ length: 10 }, () => first.byHandle('dora')));
    expect(new Set(found.map((actor) => actor?.publicKeyPem)).size).toBe(1);
    const [dora] = found;
    expect(
      createPublicKey(dora?.privateKeyPem as string).equals(createPublicKey(dora?.publicKeyPem as string)),
    ).toBe(true);
    const second = await place.locals({ dora: {} });
    expect(await second.byId(id('dora'))).toEqual(dora);
  });

  test('that the map names no more stay, locked, because others follow them', async () => {
    const before = await (await place.locals({ erin: {} })).byHandle('erin');
    logged.length = 0;
    const after = await (await place.locals({})).byHandle('erin');
    expect(after).toEqual({ ...before, locked: true });
    expect(logged.join()).toContain('not configured any more');
    // Under another template that is another actor.
    expect(await (await place.locals({}, { actorPath: '/@:name' })).byHandle('erin')).toBeNull();
  });

  test('may bring the keys they already have, and only a pair of RSA keys is one', async () => {
    const [one, two] = await Promise.all([rsaKey(), rsaKey()]);
    const { publicKeyPem, privateKeyPem } = one;
    const locals = await place.locals({ frank: { keys: { publicKeyPem, privateKeyPem } } });
    expect(await locals.byHandle('frank')).toMatchObject({ publicKeyPem, privateKeyPem });
    const wrong = place.locals({
      frank: { keys: { publicKeyPem: two.publicKeyPem, privateKeyPem } },
      gina: { keys: { publicKeyPem: 'x', privateKeyPem: 'y' } },
      _instance: {},
    });
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_CONFIG' });
    await expect(wrong).rejects.toThrow(
      /actors.frank.*not a pair.*actors.gina.*not PEM.*_instance.*reserved/s,
    );
    await expect(place.locals({}, { actorPath: '/users' })).rejects.toThrow(/actorPath/);
  });
});

describe('two processes on one PostgreSQL', () => {
  const place = placeOn(postgresql);

  test('have the same keys for an actor, also when both make them at the same time', async () => {
    const actors = Object.fromEntries(['a', 'b', 'c', 'd'].map((handle) => [handle, {}]));
    const houses = await Promise.all([
      place.locals(actors),
      place.another().then((store) => place.locals(actors, { store })),
    ]);
    for (const handle of Object.keys(actors)) {
      const [here, there] = await Promise.all(houses.map((locals) => locals.byHandle(handle)));
      expect(here?.publicKeyPem).toMatch(/BEGIN PUBLIC KEY/);
      expect(there).toEqual(here);
    }
  });
});

describe.each(databases)('actors of a resolver, on $name', (kind) => {
  const place = placeOn(kind);

  /** A service with users of its own, that counts what it is asked. */
  function service() {
    const users = new Map<string, ResolvedActor>();
    const asked: object[] = [];
    const resolver: ActorResolver = async (query) => {
      asked.push(query);
      return users.get('url' in query ? query.url : id(query.handle)) ?? null;
    };
    return { resolver, asked, add: (actor: ResolvedActor) => void users.set(actor.id, actor), users };
  }

  test('are there as soon as the service has them, and asked for once in five seconds', async () => {
    const { resolver, asked, add } = service();
    const locals = await place.locals(resolver);
    expect(await locals.byId(id('new'))).toBeNull();
    expect(await locals.byHandle('new')).toBeNull();
    add(person('new'));
    const found = await Promise.all([
      locals.byId(id('new')),
      locals.byId(id('new')),
      locals.resolve(id('new')),
    ]);
    expect(found.map((actor) => actor?.handle)).toEqual(['new', 'new', 'new']);
    expect(asked).toEqual([{ url: id('new') }, { handle: 'new' }, { url: id('new') }]);
    await locals.byHandle('new');
    expect(asked).toHaveLength(3);
    // Somebody locks the account, and then leaves.
    add(person('new', { locked: true }));
    place.pass(5_000);
    expect((await locals.byId(id('new')))?.locked).toBe(true);
    expect(asked).toHaveLength(4);
  });

  test('that the service deletes are gone', async () => {
    const { resolver, add, users } = service();
    add(person('left'));
    const locals = await place.locals(resolver);
    expect(await locals.byId(id('left'))).not.toBeNull();
    users.clear();
    place.pass(5_000);
    expect(await locals.byId(id('left'))).toBeNull();
  });

  test('are not asked for where the path is nobody’s, and the instance actor is ours', async () => {
    const { resolver, asked } = service();
    const locals = await place.locals(resolver, { actorPath: '/ap/actors/:id' });
    for (const url of [
      id('alice'),
      `${ORIGIN}/ap/actors/`,
      `${ORIGIN}/ap/actors/%61`,
      'https://far.example/ap/actors/1',
    ])
      expect(await locals.byId(url)).toBeNull();
    expect((await locals.byId(`${ORIGIN}/ap/actors/_instance`))?.handle).toBe('_instance');
    expect((await locals.byHandle('_instance'))?.id).toBe(`${ORIGIN}/ap/actors/_instance`);
    expect(asked).toEqual([]);
  });

  test('bring their own keys, or get keys that last', async () => {
    const { publicKeyPem, privateKeyPem } = await rsaKey();
    const { resolver, add } = service();
    add(person('own', { keys: { publicKeyPem, privateKeyPem }, inbox: `${ORIGIN}/inbox` }));
    add(person('none', { keys: null as never, inbox: null as never }));
    const locals = await place.locals(resolver);
    expect(await locals.byHandle('own')).toMatchObject({
      publicKeyPem,
      privateKeyPem,
      inbox: `${ORIGIN}/inbox`,
    });
    const none = await locals.byHandle('none');
    expect(none).toMatchObject({ inbox: `${id('none')}/inbox` });
    expect((await (await place.locals(resolver)).byHandle('none'))?.publicKeyPem).toBe(none?.publicKeyPem);
  });

  test('that are not what was asked for are nobody, and the log says why', async () => {
    const { publicKeyPem } = await rsaKey();
    const lies: [Partial<ResolvedActor> | string, string][] = [
      [{ id: id('other') }, 'not the one that was asked for'],
      [{ id: 'https://evil.example/users/liar' }, 'not on the origin'],
      [{ id: `${ORIGIN}/u/liar` }, 'does not follow the path template'],
      [{ id: 5 as never }, 'not on the origin'],
      [{ handle: '' }, 'no usable handle'],
      [{ handle: 'a b' }, 'no usable handle'],
      [{ handle: 'a@b' }, 'no usable handle'],
      [{ handle: '_instance' }, 'reserved'],
      [{ inbox: 'https://evil.example/inbox' }, 'its inbox is neither'],
      [{ keys: { publicKeyPem, privateKeyPem: 'x' } }, 'not PEM keys'],
      ['liar', 'not on the origin'],
    ];
    for (const [lie, problem] of lies) {
      logged.length = 0;
      const answer = typeof lie === 'string' ? (lie as never) : { ...person('liar'), ...lie };
      const locals = await place.locals(() => answer);
      expect(await locals.byId(id('liar'))).toBeNull();
      expect(await locals.resolve(id('liar'))).toBeNull();
      expect(logged.join()).toContain(problem);
    }
    const locals = await place.locals(() => person('liar', { id: id('_instance') }));
    expect(await locals.byHandle('liar')).toBeNull();
  });

  test('whose service throws or hangs are an error where it matters, and nobody where one can only say 404', async () => {
    const { resolver, add } = service();
    add(person('known'));
    let mode: 'works' | 'throws' | 'rejects' | 'hangs' = 'works';
    const locals = await place.locals(
      (query) => {
        if (mode === 'throws') throw new Error('no database');
        if (mode === 'rejects') return Promise.reject(new Error('no database'));
        return mode === 'hangs' ? new Promise<never>(() => undefined) : resolver(query);
      },
      { resolverTimeoutMs: 50 },
    );
    const known = await locals.byId(id('known'));
    place.pass(5_000);
    for (const fault of ['throws', 'rejects', 'hangs'] as const) {
      mode = fault;
      logged.length = 0;
      await expect(locals.resolve(id('unknown'))).rejects.toThrow(
        fault === 'hangs' ? 'within 50 ms' : 'no database',
      );
      await expect(locals.factsOf(factsNaming({ addressees: [id('unknown')] }), null)).rejects.toThrow();
      expect(await locals.byId(id('unknown'))).toBeNull();
      expect(logged.join()).toContain('could not be resolved');
      // What it said before still counts.
      expect(await locals.resolve(id('known'))).toEqual(known);
      expect(logged.join()).toContain('what it said before still counts');
      expect((await locals.byHandle('_instance'))?.id).toBe(id('_instance'));
    }
    mode = 'works';
    expect(await locals.resolve(id('unknown'))).toBeNull();
  });
});

describe('what a turn must know of local actors', () => {
  const place = placeOn(databases[0] as DatabaseKind);

  test('is of those that an activity names: the owner of the inbox first, each once, strangers not at all', async () => {
    const locals = await place.locals({ alice: {}, bob: { locked: true }, carol: {} });
    const facts = factsNaming({
      objects: [id('bob')],
      inner: { type: 'Follow', actor: id('carol'), object: 'https://far.example/x' },
      target: `${ORIGIN}/notes/1`,
      addressees: [id('bob'), id('alice'), id('nobody'), id('_instance'), 'https://far.example/a'],
    });
    const named = await locals.factsOf(facts, await locals.byHandle('alice'));
    expect(named).toEqual([
      { id: id('alice'), handle: 'alice', locked: false },
      { id: id('bob'), handle: 'bob', locked: true },
      { id: id('carol'), handle: 'carol', locked: false },
      { id: id('_instance'), handle: '_instance', locked: true },
    ]);
  });

  test('costs the service at most 200 questions', async () => {
    let asked = 0;
    const locals = await place.locals((query) => {
      asked++;
      return 'url' in query ? person(query.url.split('/').at(-1) as string) : null;
    });
    const addressees = Array.from({ length: 1_000 }, (_, n) => id(`u${n}`));
    expect(await locals.factsOf(factsNaming({ addressees }), null)).toHaveLength(200);
    expect(asked).toBe(200);
  });
});
