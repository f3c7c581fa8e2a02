/** A FIRES dataset, followed from its snapshot through everything that it says later, whatever its server does meanwhile. */
import { describe, expect, test } from 'vitest';
import { databases } from '../databases.ts';
import { type FiresServer, firesServer } from './fires-server.ts';
import { DAY_MS, MARIA, placeOn, settledRecord } from './place.ts';

const ACTOR = 'https://bad.example/users/mal';
const pathsOf = (server: FiresServer): string[] =>
  server.lists.seen.map(({ path, status }) => `${status} ${path.replace(/^\/datasets\/[^/]*/, '')}`);

describe.each(databases)('a FIRES dataset on $name', (kind) => {
  const place = placeOn(kind);
  const subscribe = async (server: FiresServer, more: object = {}) => {
    const process = place.process();
    const wish = { url: server.url, kind: 'fires', mode: 'auto', ...more } as const;
    const { id, source } = await process.desk.add(wish, MARIA);
    return { id, source, record: await settledRecord(process, id) };
  };
  /** A day later, by a process that was started anew. */
  const nextDay = async (id: string, parts: object = {}) => {
    place.pass(1.2 * DAY_MS);
    return settledRecord(place.process(parts), id);
  };

  test('is followed through recommendation, change and retraction, by processes that are started anew', async () => {
    await using server = await firesServer();
    server.recommend('spam.example', 'drop', [], [`${server.lists.origin}/labels/1`]);
    server.recommend('loud.example', 'filter');
    server.recommend('blind.example', 'filter', ['reject-media', 'ignore-reports']);
    server.recommend('friend.example', 'accept');
    server.say({ type: 'Advisory', entityKind: 'Domain', entityKey: 'odd.example', labels: [] });
    server.recommend('ap.invalid', 'drop');
    server.lists.show('/labels/1', {
      body: JSON.stringify({ type: 'fires:Label', nameMap: { en: 'Spam' } }),
    });
    const { id, source, record } = await subscribe(server);
    expect(record).toMatchObject({ state: 'ok', entries: 5, pending: 0 });
    expect(await place.said(source)).toEqual([
      'blind.example none no-media no-reports',
      'friend.example allow',
      'loud.example silence',
      'spam.example block',
    ]);
    const entries = await place.process().desk.entries(id);
    expect(entries.items.find(({ key }) => key === 'spam.example')).toMatchObject({
      labelNames: ['Spam'],
      isApplied: true,
    });
    expect(entries.items.find(({ key }) => key === 'odd.example')).toMatchObject({
      severity: null,
      isApplied: false,
    });

    server.ways.isOld = true;
    server.recommend('loud.example', 'reject');
    server.retract('friend.example');
    server.retract('spam.example');
    server.recommend('spam.example', 'filter');
    expect(await nextDay(id)).toMatchObject({ state: 'ok', pending: 0 });
    expect(await place.said(source)).toEqual([
      'blind.example none no-media no-reports',
      'loud.example block',
      'spam.example silence',
    ]);
    // Nothing new: one question, and no answer but that.
    const before = server.lists.seen.length;
    await nextDay(id);
    expect(pathsOf(server).slice(before)).toEqual([expect.stringMatching(/^304 \/changes\?since=/)]);
    server.retract('spam.example');
    await nextDay(id);
    expect(await place.said(source)).toEqual([
      'blind.example none no-media no-reports',
      'loud.example block',
    ]);
  });

  test('misses nothing where `next` skips a change, and goes on where a process died between a page and the next', async () => {
    await using server = await firesServer();
    server.recommend('first.example', 'drop');
    const { id, source } = await subscribe(server);
    server.ways.page = 3;
    for (let at = 0; at < 11; at++) server.recommend(`d${String(at).padStart(2, '0')}.example`, 'drop');
    // Two pages, then the process is gone: its successor begins behind them.
    place.pass(1.2 * DAY_MS);
    const dying = place.process({ limits: { pagesMax: 2 } });
    await dying.desk.poll(id);
    expect(await place.said(source)).toEqual(['first.example block']);
    await settledRecord(place.process(), id);
    expect((await place.said(source)).length).toBe(12);
    const since = pathsOf(server).map((path) => /since=019ac0de-0000-7(\d+)/.exec(path)?.[1]);
    expect(since.filter((one) => one !== undefined)).toEqual(['001', '001', '004', '007', '010', '012']);
  });

  test('takes back what is named by its change alone, forgets what a tombstone buries, and meets one again in the whole', async () => {
    await using server = await firesServer();
    const spam = server.recommend('spam.example', 'drop');
    const dead = server.recommend('dead.example', 'drop');
    const buried = server.recommend('buried.example', 'drop');
    server.recommend('stays.example', 'drop');
    server.say({
      type: 'Recommendation',
      entityKind: 'actor',
      entityKey: ACTOR,
      recommendedPolicy: 'reject',
    });
    const { id, source } = await subscribe(server);
    expect([...place.suspended]).toEqual([`${source} ${ACTOR}`]);
    server.say({ type: 'Retraction', entityKind: 'actor', entityKey: ACTOR });
    await nextDay(id);
    expect(place.suspended.size).toBe(0);
    // A page that shows old ids again says of which entity they are.
    const { origin } = server.lists;
    const page = (uuid: string, items: object[]) => ({
      since: uuid,
      body: JSON.stringify({ type: 'OrderedCollectionPage', orderedItems: items }),
    });
    const last = '019ac0de-ffff-7000-8000-000000000000';
    const item = (uuid: string, type: string) => ({ id: `${origin}/datasets/x/changes/${uuid}`, type });
    const { body } = page('', [item(spam, 'Retraction'), item(dead, 'Tombstone'), item(last, 'Retraction')]);
    const changes = new URL(`${server.url}/changes`).pathname;
    server.lists.show(changes, { body });
    place.pass(1.2 * DAY_MS);
    const process = place.process({ limits: { pagesMax: 1 } });
    await process.desk.poll(id);
    server.lists.show(changes, { body: page('', []).body });
    await settledRecord(process, id);
    expect(await place.said(source)).toEqual(['buried.example block', 'stays.example block']);
    // In the place of a change that was read long ago: only the whole shows it, and that is read once a week.
    server.say({ type: 'Tombstone' }, buried);
    await nextDay(id);
    expect(await place.said(source)).toContain('buried.example block');
    place.pass(7 * DAY_MS);
    await settledRecord(place.process(), id);
    expect(await place.said(source)).not.toContain('buried.example block');
  });

  test('changes nothing for an empty, broken, dead, hanging or endless answer, and goes on when it is over', async () => {
    await using server = await firesServer();
    for (const name of ['a', 'b', 'c']) server.recommend(`${name}.example`, 'drop');
    const { id, source } = await subscribe(server);
    const said = ['a.example block', 'b.example block', 'c.example block'];
    const changes = new URL(`${server.url}/changes`).pathname;
    const shown = [
      [{ body: '' }, /not a? ?collection|no collection/],
      [{ body: '<html>' }, /no collection/],
      [{ body: '{"orderedItems":{}}' }, /no collection/],
      [{ body: '{"orderedItems":[{"id":"x"}]}' }, /order of their ids/],
      [{ status: 500, body: '' }, /answered 500/],
      ['hang', /no answer within/],
      ['giant', /over 100000 bytes/],
    ] as const;
    for (const [answer, error] of shown) {
      server.lists.show(changes, answer);
      const limits = answer === 'hang' ? { deadlineMs: 300 } : { bytesMax: 100_000 };
      const record = await nextDay(id, { limits });
      expect(record.error).toMatch(error);
      expect(await place.said(source)).toEqual(said);
    }
    // The snapshot of a server that has lost everything is a week later no reason either.
    const snapshot = new URL(`${server.url}/snapshot`).pathname;
    server.lists.show(changes, { body: '{"orderedItems":[]}' });
    server.lists.show(snapshot, { body: '{"type":"Collection","totalItems":0,"orderedItems":[]}' });
    place.pass(8 * DAY_MS);
    expect(await settledRecord(place.process(), id)).toMatchObject({
      state: 'suspicious',
      suspicion: 'it is empty',
    });
    expect(await place.said(source)).toEqual(said);
  });

  test('is found from its server’s origin, and is refused where its parts lie elsewhere', async () => {
    await using server = await firesServer();
    server.recommend('spam.example', 'drop');
    const { record } = await subscribe(server, { url: server.lists.origin });
    expect(record).toMatchObject({ state: 'ok', entries: 1 });
    const path = new URL(server.url).pathname;
    const endpoints = { changes: 'http://127.0.0.1:1/c', snapshot: `${server.url}/snapshot` };
    server.lists.show(path, { body: JSON.stringify({ type: 'Dataset', id: server.url, endpoints }) });
    await expect(place.process().desk.probe({ url: server.url, kind: 'fires' })).rejects.toMatchObject({
      code: 'ERR_REMOTE',
      message: expect.stringContaining('own origin'),
    });
  });
});
