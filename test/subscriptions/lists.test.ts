/** Lists that come as a whole: what they say becomes rules of their own, and nothing that goes wrong lets anybody in. */
import { describe, expect, test } from 'vitest';
import type { SubscriptionWish } from '../../src/api/subscriptions.ts';
import { databases } from '../databases.ts';
import { listServer } from './list-server.ts';
import { DAY_MS, MARIA, MINUTE_MS, placeOn, settledRecord } from './place.ts';

const CSV = '#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate';
const csvOf = (...rows: string[]): string => [CSV, ...rows].join('\n');
const AUTO = { mode: 'auto' } satisfies Partial<SubscriptionWish>;
const named = (count: number): string[] => Array.from({ length: count }, (_, at) => `d${at}.example`);

describe.each(databases)('a subscription to a list on $name', (kind) => {
  const place = placeOn(kind);

  test('makes rules of the list’s own, follows what changes, and takes back what the list no longer says', async () => {
    await using server = await listServer();
    const body = csvOf(
      'spam.example,suspend,false,false,mass mail,false',
      'loud.example,silence,true,false,,false',
    );
    server.show('/list.csv', { body, etag: '"1"' });
    const process = place.process();
    const url = `${server.origin}/list.csv`;
    const added = await process.desk.add({ url, kind: 'csv', name: 'Friends', ...AUTO }, MARIA);
    expect(added).toMatchObject({ state: 'waiting', by: 'maria', everySeconds: 86_400 });
    const source = `list:${added.id}`;
    expect(await settledRecord(process, added.id)).toMatchObject({
      state: 'ok',
      entries: 2,
      pending: 0,
      error: null,
    });
    expect(await place.said(source)).toEqual(['loud.example silence no-media', 'spam.example block']);
    const { rules } = await place.rules.of('spam.example');
    expect(rules[0]).toMatchObject({ publicComment: 'mass mail', privateComment: 'From the list Friends' });

    place.pass(2 * DAY_MS);
    expect(await settledRecord(process, added.id)).toMatchObject({ state: 'ok' });
    expect(server.seen.map(({ status }) => status)).toEqual([200, 304]);

    server.show('/list.csv', {
      body: csvOf('loud.example,suspend,,,,', 'new.example,noop,true,,,'),
      etag: '"2"',
    });
    place.pass(2 * DAY_MS);
    await process.settled();
    expect(await place.said(source)).toEqual(['loud.example block', 'new.example none no-media']);
  });

  test('says of a dead, a hanging, a moved, a giant and an unreadable list what is wrong, backs off, and changes nothing', async () => {
    await using server = await listServer();
    server.show('/l', { body: 'spam.example\nmore.example' });
    const process = place.process({ limits: { bytesMax: 100_000 } });
    const impatient = place.process({ limits: { deadlineMs: 300 } });
    const { id, source } = await process.desk.add(
      { url: `${server.origin}/l`, kind: 'plain', ...AUTO },
      MARIA,
    );
    await process.settled();
    const said = ['more.example block', 'spam.example block'];
    const faults = [
      [{ status: 500, body: 'spam.example' }, 'it answered 500', 'failing'],
      [{ status: 302, body: '', headers: { location: '/there' } }, /it answered 302: redirects/, 'failing'],
      ['hang', 'no answer within 0.3 s', 'failing'],
      ['giant', /over 100000 bytes/, 'failing'],
      [{ body: '<!doctype html><title>Login</title>' }, /web page/, 'suspicious'],
      [{ body: 'no domain at all\nnor here' }, /nothing in it can be read/, 'suspicious'],
    ] as const;
    let failures = 0;
    for (const [shown, error, state] of faults) {
      server.show('/l', shown);
      const before = place.store.clock.now();
      place.pass(2 * DAY_MS);
      const record = await settledRecord(shown === 'hang' ? impatient : process, id);
      expect(record).toMatchObject({ state, failures: ++failures });
      expect(record.error).toMatch(error);
      const restMs = Date.parse(record.dueAt as string) - before - 2 * DAY_MS;
      expect(restMs).toBe(5 * MINUTE_MS * 2 ** (failures - 1));
      expect(await place.said(source)).toEqual(said);
    }
    server.show('/l', { body: 'spam.example\nmore.example' });
    place.pass(2 * DAY_MS);
    expect(await settledRecord(process, id)).toMatchObject({
      state: 'ok',
      failures: 0,
      error: null,
      suspicion: null,
    });
  });

  test('lets nobody in when a list is suddenly empty or a tenth of what it was, until a person insists', async () => {
    await using server = await listServer();
    server.show('/l', { body: named(30).join('\n') });
    const process = place.process();
    const { id, source } = await process.desk.add(
      { url: `${server.origin}/l`, kind: 'plain', ...AUTO },
      MARIA,
    );
    await process.settled();
    for (const [body, suspicion] of [
      ['', 'it is empty'],
      [named(3).join('\n'), 'of 30 entries it has 3 left'],
      [Array.from({ length: 30 }, (_, at) => `e${at}.example`).join('\n'), /takes back or softens 30 of 30/],
    ] as const) {
      server.show('/l', { body });
      place.pass(2 * DAY_MS);
      const record = await settledRecord(process, id);
      expect(record.state).toBe('suspicious');
      expect(record.suspicion).toMatch(suspicion);
      expect(await place.said(source)).toHaveLength(30);
      await expect(process.desk.apply(id, MARIA)).rejects.toMatchObject({ code: 'ERR_NOT_ALLOWED_IN_STATE' });
    }
    server.show('/l', { body: named(3).join('\n') });
    expect(await process.desk.poll(id)).toMatchObject({ state: 'suspicious', pending: 27 });
    expect(await process.desk.preview(id)).toMatchObject({ add: 0, remove: 27, suspicion: /3 left/ });
    expect(await process.desk.apply(id, { ...MARIA, force: true })).toMatchObject({
      state: 'ok',
      pending: 0,
    });
    expect(await place.said(source)).toEqual(named(3).map((domain) => `${domain} block`));
    // A fifth less is no accident.
    server.show('/l', { body: named(2).join('\n') });
    place.pass(2 * DAY_MS);
    expect(await settledRecord(process, id)).toMatchObject({ state: 'ok', entries: 2 });
  });

  test('that would let in what other lists keep out, by the dozen, waits for a person', async () => {
    await using server = await listServer();
    server.show('/honest', { body: named(30).join('\n') });
    server.show('/turncoat', { body: csvOf('a.example,suspend,,,,', 'b.example,suspend,,,,') });
    const process = place.process();
    await process.desk.add({ url: `${server.origin}/honest`, kind: 'plain', ...AUTO }, MARIA);
    const { id } = await process.desk.add({ url: `${server.origin}/turncoat`, kind: 'csv', ...AUTO }, MARIA);
    await process.settled();
    // The same header with the other columns gone is that of a list of allowed domains.
    server.show('/turncoat', { body: ['#domain', 'a.example', 'b.example', ...named(30)].join('\n') });
    place.pass(2 * DAY_MS);
    const record = await settledRecord(process, id);
    expect((await place.rules.of('d7.example')).effective.severity).toBe('block');
    expect(record).toMatchObject({ state: 'suspicious', suspicion: /lets in 32 domains/ });
    await process.desk.apply(id, { ...MARIA, force: true });
    expect((await place.rules.of('d7.example')).effective.severity).toBe('allow');
  });

  test('waits as a draft until a person has looked and applies it, and can be undone as one batch that stays undone', async () => {
    await using server = await listServer();
    server.show('/l', { body: '["spam.example", "more.example"]', etag: '"1"' });
    const process = place.process();
    const { id, source } = await process.desk.add({ url: `${server.origin}/l`, kind: 'json' }, MARIA);
    expect(await settledRecord(process, id)).toMatchObject({ mode: 'draft', state: 'ok', pending: 2 });
    expect(await place.said(source)).toEqual([]);
    const preview = await process.desk.preview(id);
    expect(preview).toMatchObject({ add: 2, update: 0, remove: 0, suspicion: null });
    expect(preview.items[1]).toMatchObject({ domain: 'spam.example', to: { severity: 'block', source } });
    const { batch } = await process.desk.apply(id, { by: 'maria', reason: 'looked at it' });
    expect(await place.said(source)).toHaveLength(2);
    expect(await place.batches.get(batch as string)).toMatchObject({ kind: 'list', by: 'maria', changed: 2 });
    await place.batches.undo(batch as string, MARIA);
    await expect.poll(() => place.said(source)).toEqual([]);
    await process.desk.update(id, { mode: 'auto' }, MARIA);
    expect(await settledRecord(process, id)).toMatchObject({ state: 'ok', pending: 0 });
    expect(await place.said(source)).toEqual([]);
  });

  test('goes no further than it may, and more gently where ours follow somebody, who is listed for review', async () => {
    await using server = await listServer();
    server.show('/l', { body: 'spam.example\nfriends.example' });
    await place.follow('friends.example');
    const process = place.process();
    const { id, source } = await process.desk.add(
      { url: `${server.origin}/l`, kind: 'plain', followedMax: 'silence', ...AUTO },
      MARIA,
    );
    const first = await settledRecord(process, id);
    expect(first).toMatchObject({ review: ['friends.example'], state: 'ok' });
    expect(await place.said(source)).toEqual(['friends.example silence', 'spam.example block']);
    // The next poll changes nothing; a milder bound does.
    place.pass(2 * DAY_MS);
    expect(await settledRecord(process, id)).toMatchObject({
      review: ['friends.example'],
      batch: first.batch,
    });
    await process.desk.update(id, { severityMax: 'silence' }, MARIA);
    await process.settled();
    expect(await place.said(source)).toEqual(['friends.example silence', 'spam.example silence']);
  });

  test('beats no rule of people here, takes back no other source’s opinion, and leaves what it adopts', async () => {
    await using server = await listServer();
    server.show('/a', { body: 'spam.example\nmine.example' });
    server.show('/b', { body: 'spam.example\nother.example' });
    const put = [{ domain: 'mine.example', severity: 'none' as const }];
    await (await place.rules.apply({ source: 'manual', put, remove: [] }, { ...MARIA, kind: 'rule' }))
      .settled;
    const process = place.process();
    const a = await process.desk.add({ url: `${server.origin}/a`, kind: 'plain', ...AUTO }, MARIA);
    const b = await process.desk.add(
      { url: `${server.origin}/b`, kind: 'plain', onRemove: 'adopt', ...AUTO },
      MARIA,
    );
    await process.settled();
    const severityFor = async (domain: string) => (await place.rules.of(domain)).effective.severity;
    expect(await severityFor('mine.example')).toBe('none');
    expect(await process.desk.remove(a.id, MARIA)).toEqual({ id: a.id, rules: 2, onRemove: 'retract' });
    expect(await severityFor('spam.example')).toBe('block');
    expect(await place.said(a.source)).toEqual([]);
    await process.desk.remove(b.id, MARIA);
    expect(await place.said('manual')).toEqual([
      'mine.example none',
      'other.example block',
      'spam.example block',
    ]);
    expect(await process.desk.list()).toEqual({ items: [], next: null });
    const remove = ['mine.example', 'other.example', 'spam.example'];
    await (await place.rules.apply({ source: 'manual', put: [], remove }, { ...MARIA, kind: 'rule' }))
      .settled;
  });

  test('asks with a login that nobody is shown and that stands in no log', async () => {
    await using server = await listServer();
    server.show('/l', { status: 401, body: '' });
    const process = place.process();
    const login = { user: 'us', password: 'hunter2' };
    const added = await process.desk.add({ url: `${server.origin}/l`, kind: 'plain', login }, MARIA);
    await process.settled();
    expect(server.seen[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('us:hunter2').toString('base64')}`,
    );
    const shown = JSON.stringify([await process.desk.get(added.id), place.logged]);
    expect(shown).toContain('"hasLogin":true');
    expect(shown).not.toMatch(/hunter2|aHVudGVyMg|dXM6/);
    await expect(
      process.desk.add({ url: 'https://us:hunter2@list.example/', kind: 'plain' }, MARIA),
    ).rejects.toMatchObject({ code: 'ERR_INVALID', message: expect.not.stringContaining('hunter2') });
    await expect(
      process.desk.add({ url: `${server.origin}/l`, kind: 'csv', everyMs: MINUTE_MS, name: ' ' }, MARIA),
    ).rejects.toMatchObject({ message: expect.stringMatching(/5 minutes.*name/) });
  });

  test('is asked for by one of two processes, paused by nobody’s clock, and tried without a trace', async () => {
    await using server = await listServer();
    server.show('/l', { body: 'spam.example' });
    const [one, other] = [place.process(), place.process()];
    const wish = { url: `${server.origin}/l`, kind: 'plain', ...AUTO } as const;
    expect(await one.desk.probe(wish)).toMatchObject({
      add: 1,
      items: [{ domain: 'spam.example', change: 'add' }],
    });
    expect(await one.desk.list()).toEqual({ items: [], next: null });
    const { id, source } = await one.desk.add(wish, MARIA);
    await Promise.all([one.settled(), other.settled()]);
    expect(server.seen).toHaveLength(2);
    await one.desk.pause(id, MARIA);
    place.pass(5 * DAY_MS);
    expect(await settledRecord(other, id)).toMatchObject({ state: 'paused', dueAt: null });
    expect(server.seen).toHaveLength(2);
    server.show('/l', { body: 'spam.example\nmore.example' });
    expect(await other.desk.tryPoll(id)).toMatchObject({ add: 1, remove: 0 });
    expect(await place.said(source)).toHaveLength(1);
    await other.desk.resume(id, MARIA);
    await other.settled();
    expect(await place.said(source)).toHaveLength(2);
  });
});
