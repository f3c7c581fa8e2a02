/**
 * "Content Moderation and Spam Prevention", section by section on the service of `moderated-service.ts`: what the page lets
 * its reader see is seen here, by signed mail over HTTP. Faults of what it builds are shown right; each stands in the name
 * of its test, numbered together with those in `block-spam.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditRecord, DomainRecord, HeldRecord, Page } from '../../src/index.ts';
import { follow, like, type RemoteActor } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE } from '../inbox/served.ts';
import { blockForUser } from './moderated-service.ts';
import { ALICE, BOB, DAY_MS, openPlace, type Place } from './place.ts';

const HOUR_MS = 3_600_000;

let place: Place;
beforeAll(async () => {
  place = await openPlace();
}, PATIENCE);
afterAll(() => place?.[Symbol.asyncDispose](), PATIENCE);

describe('Set Up Domain Blocking', () => {
  test('domains are listed, filtered, searched, and blocked and unblocked in bulk, with a count', async () => {
    const { served, maria } = place;
    const homes = [await place.neighbour(), await place.neighbour(), await place.neighbour()];
    const knock = async ({ ann }: { ann: RemoteActor }) =>
      (await place.send(place.note(ann, 'Hello'), ann)).status;
    expect(await Promise.all(homes.map(knock))).toEqual([202, 202, 202]);
    await served.inbox.settled();
    const names = homes.map(({ home }) => home.domain);
    const list = async (query: string): Promise<string[]> =>
      (await maria<Page<DomainRecord>>(`/domains?limit=200&${query}`)).items.map(({ domain }) => domain);
    expect(await list('state=active')).toEqual(expect.arrayContaining(names));

    const all = { action: 'block', domains: names, reason: 'one after the other' };
    const { changed, batch } = await maria<{ changed: number; batch: string }>('/domains/bulk', all);
    expect(changed).toBe(3);
    expect(await list(`state=blocked&q=${names[0]}`)).toEqual([names[0]]);
    expect(await Promise.all(homes.map(knock))).toEqual([403, 403, 403]);
    const one = { action: 'unblock', domains: names.slice(0, 1), reason: 'a mistake' };
    expect(await maria('/domains/bulk', one)).toMatchObject({ changed: 1 });
    expect(await Promise.all(homes.map(knock))).toEqual([202, 403, 403]);
    // What is left of it is one decision, and taken back as one.
    await maria(`/batches/${batch}/undo`, {});
    expect(await Promise.all(homes.map(knock))).toEqual([202, 202, 202]);
  });
});

describe('Create Automatic Spam Detection', () => {
  test('one post with a keyword blocks nobody, the third one does, for a week (fault 4)', async () => {
    const { served, note, send } = place;
    const { home, ann } = await place.neighbour();
    const states: [string, number][] = [];
    for (const words of ['BUY NOW', 'Click here!', 'A limited offer']) {
      const spam = note(ann, `<p>${words}</p>`);
      expect((await send(spam, ann)).status).toBe(202);
      expect(await place.outcome(spam)).toMatchObject({ status: 'dropped' });
      const { state, strikes } = await place.domainOf(home);
      states.push([state, strikes]);
    }
    expect(states).toEqual([
      ['active', 1],
      ['active', 2],
      ['blocked', 3],
    ]);
    expect((await send(note(ann, 'Sorry'), ann)).status).toBe(403);
    const until = new Date(served.clock.now() + 7 * DAY_MS).toISOString();
    expect(await place.domainOf(home)).toMatchObject({ until, reviewAt: until, by: null });
    const reopened = place.reopened(home);
    served.clock.advance(7 * DAY_MS);
    await reopened;
    expect((await send(note(ann, 'Back again'), ann)).status).toBe(202);
  });
});

describe('Add Content Filtering with Document Processors', () => {
  test('words are found in what people read: in every language, split by tags, in the warning before it', async () => {
    const { home, ann } = await place.neighbour();
    const plain = place.note(ann, '<p>Bonjour</p>');
    const object = plain.object as Record<string, unknown>;
    const hidden = [
      { ...object, contentMap: { fr: 'Bonjour', en: 'click&nbsp;here' } },
      { ...object, summary: 'Limited <i>of</i>fer' },
    ];
    for (const [at, one] of hidden.entries()) {
      const spam = { ...plain, id: `${plain.id}/${at}`, object: { ...one, id: `${object.id}/${at}` } };
      await place.send(spam, ann);
      const record = await place.outcome(spam);
      expect(record).toMatchObject({ status: 'dropped' });
      // It says which filter, and what it saw.
      const saw = expect.stringMatching(/click here|limited offer/);
      expect(record?.history).toContainEqual(
        expect.objectContaining({ what: 'dropped', filter: 'advertising', saw }),
      );
    }
    expect(await place.domainOf(home)).toMatchObject({ state: 'active', strikes: 2 });
  });
});

describe('Implement Rate Limiting', () => {
  test('the 101st in an hour is too much; an hour later the domain is as welcome as before (fault 2)', async () => {
    const { home, ann } = await place.neighbour();
    const { clock, inbox } = place.served;
    const knock = () => place.send(like(ann.id, ALICE), ann);
    for (let at = 0; at < 100; at += 10) {
      const ten = await Promise.all(Array.from({ length: 10 }, knock));
      expect(ten.map(({ status }) => status)).toEqual(Array(10).fill(202));
    }
    clock.advance(40 * 60_000);
    const over = await knock();
    expect([over.status, over.headers['retry-after']]).toEqual([429, '1200']);
    expect(await place.domainOf(home)).toMatchObject({ state: 'rate-limited', strikes: 1 });
    clock.advance(20 * 60_000);
    expect((await knock()).status).toBe(202);
    await inbox.settled();
    expect(await place.domainOf(home)).toMatchObject({ state: 'active', until: null });
  });

  test('one activity in half an hour is never too much, however long it goes on (fault 3)', async () => {
    const { home, ann } = await place.neighbour();
    const statuses = new Set<number>();
    // A count that every hit keeps alive would be full at the 101st.
    for (let at = 0; at < 105; at++) {
      statuses.add((await place.send(like(ann.id, ALICE), ann)).status);
      place.served.clock.advance(HOUR_MS / 2);
    }
    expect(statuses).toEqual(new Set([202]));
    expect(await place.domainOf(home)).toMatchObject({ state: 'active', strikes: 0 });
  });
});

describe('Create a Moderation Queue', () => {
  const queue = async (query: string): Promise<HeldRecord[]> =>
    (await place.maria<Page<HeldRecord>>(`/held?${query}`)).items;

  test('a new actor waits in the queue with all that it sent, and acts once when it is approved (fault 1)', async () => {
    const { served, maria, note, send, outcome } = place;
    const home = await served.remote();
    const ann = await home.actor('ann');
    const hello = note(ann, '<p>Hello, I am new here</p>');
    expect((await send(hello, ann)).status).toBe(202);
    expect(await outcome(hello)).toMatchObject({ status: 'held' });
    expect(await place.inboxOf('alice')).not.toContain(hello.id);
    const [held] = await queue(`domain=${home.domain}`);
    expect(held).toMatchObject({
      ...{ activityId: hello.id, type: 'Create', actor: ann.id, filter: 'first-contact#1' },
      reason: 'the first contact of its actor',
    });
    const { document } = await maria<{ document: string }>(`/held/${held?.id}`);
    expect(JSON.parse(document)).toEqual(hello);

    const approve = () =>
      served.admin(`/held/${held?.id}/approve`, { reason: 'a person' }, 'moderator-token');
    expect([(await approve()).status, (await approve()).status]).toEqual([200, 409]);
    expect(await outcome(hello)).toMatchObject({ status: 'processed' });
    expect(await place.inboxOf('alice')).toContain(hello.id);
    expect(place.handled.filter(({ id }) => id === hello.id)).toHaveLength(1);
    const { items } = await maria<Page<AuditRecord>>(`/audit?domain=${home.domain}&subject=held`);
    expect(items).toMatchObject([{ by: 'maria', verb: 'approve', reason: 'a person' }]);
    // Now it is known.
    const next = note(ann, 'And again');
    await send(next, ann);
    expect(await outcome(next)).toMatchObject({ status: 'processed' });
  });

  test('so does an account of less than a day, until it is rejected', async () => {
    const { served } = place;
    const home = await served.remote();
    const ann = await home.actor('ann');
    ann.document = { ...ann.document, published: new Date(served.clock.now() - 23 * HOUR_MS).toISOString() };
    const hello = place.note(ann, 'Hello');
    await place.send(hello, ann);
    await served.inbox.settled();
    const [held] = await queue(`domain=${home.domain}`);
    expect(held).toMatchObject({ filter: 'account-age#1', reason: 'the account is 23 hours old' });
    await place.maria(`/held/${held?.id}/reject`, { reason: 'a bot' });
    expect(await place.outcome(hello)).toMatchObject({ status: 'rejected' });
    expect(await place.inboxOf('alice')).not.toContain(hello.id);
    expect(await queue(`domain=${home.domain}`)).toEqual([]);
  });

  test('the queue is filtered, searched and decided in bulk, with a count', async () => {
    const { served, maria } = place;
    const home = await served.remote();
    const [ann, ben] = [await home.actor('ann'), await home.actor('ben')];
    for (const [who, words] of [
      [ann, 'One'],
      [ann, 'Two about sailing'],
      [ben, 'Three'],
    ] as const)
      await place.send(place.note(who, words), who);
    await served.inbox.settled();
    expect(await queue(`domain=${home.domain}&filter=first-contact%231`)).toHaveLength(3);
    expect(await queue(`domain=${home.domain}&q=sailing`)).toHaveLength(1);
    const reject = { action: 'reject', actor: ben.id, reason: 'no' };
    expect(await maria('/held/bulk', reject)).toEqual({ matched: 1, changed: 1 });
    const approve = { action: 'approve', domain: home.domain, trust: 'actor' };
    expect(await maria('/held/bulk', approve)).toEqual({ matched: 2, changed: 2 });
    expect(place.handled.filter(({ actor }) => actor.uri.startsWith(home.origin))).toHaveLength(2);
  });
});

describe('Add User-Level Blocking', () => {
  test('what bob blocks does not reach bob, and reaches alice as before (fault 5)', async () => {
    const { send, note, inboxOf } = place;
    const { home, ann } = await place.neighbour();
    const before = note(ann, 'Hello both', { to: [ALICE, BOB] });
    await send(before, ann, '/inbox');
    await place.served.inbox.settled();
    expect(await inboxOf('bob')).toContain(before.id);
    await blockForUser(place.served.inbox, 'bob', ann.id);
    const both = note(ann, 'Hello both again', { to: [ALICE, BOB] });
    const alone = note(ann, 'Hello bob', { to: [BOB], cc: [] });
    await send(both, ann, '/inbox');
    expect((await send(alone, ann, '/users/bob/inbox')).status).toBe(202);
    expect(await place.outcome(alone)).toMatchObject({ status: 'dropped' });
    // Others of that domain are not concerned.
    const ben = await home.actor('ben');
    const fine = note(ben, 'Hello bob', { to: [BOB] });
    await send(fine, ben, '/users/bob/inbox');
    await place.served.inbox.settled();
    expect(await inboxOf('alice')).toContain(both.id);
    expect((await inboxOf('bob')).slice(0, 2)).toEqual([fine.id, before.id]);
  });
});

describe('Add Monitoring and Alerts', () => {
  const mailsAbout = (domain: string) => place.mail.mails.filter(({ subject }) => subject.includes(domain));

  test('an automatic block is one mail, however often the blocked domain knocks (fault 6)', async () => {
    const { send, note, served } = place;
    const { home, ann } = await place.neighbour();
    for (let at = 0; at < 3; at++) await send(note(ann, 'Buy now'), ann);
    await served.inbox.settled();
    for (let at = 0; at < 5; at++) expect((await send(note(ann, 'Buy now'), ann)).status).toBe(403);
    served.clock.advance(HOUR_MS);
    await served.inbox.settled();
    expect(mailsAbout(home.domain)).toMatchObject([
      {
        to: ['moderators@social.example'],
        subject: `[sallyport] ${home.domain} is blocked: advertising: says “buy now”, strike 3`,
        text: expect.stringContaining('cause: auto'),
      },
    ]);
  });

  test('a block by a moderator is no news to moderators', async () => {
    const home = await place.served.remote();
    await place.maria(`/domains/${home.domain}/block`, { reason: 'phishing' });
    await place.served.inbox.settled();
    expect(mailsAbout(home.domain)).toEqual([]);
  });
});

describe('Best Practices', () => {
  test('monitor patterns: what a domain sent, and what a block would touch, before it is blocked', async () => {
    const { send, note, maria } = place;
    const { home, ann } = await place.neighbour();
    await send(follow(ann.id, ALICE), ann);
    for (const words of ['Hello', 'Buy now']) await send(note(ann, words), ann);
    await place.served.inbox.settled();
    expect(await maria(`/domains/${home.domain}/history`)).toMatchObject({
      ...{ total: 3, statuses: { processed: 2, dropped: 1 }, types: { Follow: 1, Create: 2 } },
      filters: expect.arrayContaining([{ filter: 'advertising', verdict: 'dropped', count: 1 }]),
    });
    expect(await maria(`/domains/${home.domain}/impact`)).toMatchObject({ followers: 1 });
  });

  test('regular review: a block that is due stands in a list until somebody has decided', async () => {
    const { maria } = place;
    const home = await place.served.remote();
    const due = async () => (await maria<Page<DomainRecord>>('/domains?review=due')).items;
    const reviewAt = new Date(place.served.clock.now() + 3 * DAY_MS).toISOString();
    await maria(`/domains/${home.domain}/block`, { reason: 'a raid', reviewAt });
    expect(await due()).toContainEqual(
      expect.objectContaining({ domain: home.domain, reason: 'a raid', reviewAt }),
    );
    await maria(`/domains/${home.domain}/unblock`, { reason: 'it is over' });
    expect((await due()).map(({ domain }) => domain)).not.toContain(home.domain);
  });
});

describe('Next Steps', () => {
  test('a public blocklist, with the reasons that are meant for the public', async () => {
    const block = { reason: 'spam', publicComment: 'Sells followers', privateComment: 'told by bob' };
    await place.maria('/domains/followers.example/block', block);
    const reply = await place.served.ask('GET', '/api/v1/instance/domain_blocks');
    const list = reply.json() as { domain: string }[];
    expect(list.find(({ domain }) => domain === 'followers.example')).toMatchObject({
      ...{ severity: 'suspend', comment: 'Sells followers' },
    });
    expect(reply.body).not.toContain('told by bob');
  });

  test('an appeal, and the block is overturned', async () => {
    const { served, maria, send, note } = place;
    const { home, ann } = await place.neighbour();
    await maria(`/domains/${home.domain}/block`, { reason: 'spam' });
    const { url } = await maria<{ url: string }>(`/domains/${home.domain}/appeal-link`, {});
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const words = Buffer.from('reason=We+closed+registration');
    expect((await served.ask('POST', url.slice(ORIGIN.length), form, words)).status).toBe(200);
    const { items } = await maria<Page<{ id: string; reason: string }>>(`/appeals?domain=${home.domain}`);
    expect(items).toMatchObject([{ reason: 'We closed registration' }]);
    expect((await send(note(ann, 'Please'), ann)).status).toBe(403);
    await maria(`/appeals/${items[0]?.id}/overturn`, { reason: 'they did' });
    expect((await send(note(ann, 'Thank you'), ann)).status).toBe(202);
  });

  test('metrics of moderation, counted over time', async () => {
    const from = new Date(place.served.clock.now() - 30 * DAY_MS).toISOString();
    const { series } = await place.maria<{ series: { key: string; total: number }[] }>(
      `/analytics?subject=filter&by=filter&from=${from}`,
    );
    const totals = Object.fromEntries(series.map(({ key, total }) => [key, total]));
    // Three for the block, two in hidden places, three for the mail, one for the pattern.
    expect(totals.advertising).toBe(9);
    expect(Object.keys(totals)).toEqual(expect.arrayContaining(['first-contact#1', 'account-age#1']));
  });
});
