/**
 * "Block Spam and Malicious Servers", section by section on the service of `moderated-service.ts`: what the page lets its
 * reader see is seen here, by signed mail over HTTP. Faults of what it builds are shown right; each stands in the name of
 * its test, numbered together with those in `content-moderation.test.ts`.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditRecord, Page } from '../../src/index.ts';
import { watch } from '../cli/command.ts';
import { follow, like, type RemoteActor, type Signer, signedHeaders } from '../fediverse/index.ts';
import { PATIENCE, type Served } from '../inbox/served.ts';
import { ALICE, type Classifier, DAY_MS, openClassifier, openPlace, type Place, portOf } from './place.ts';

let place: Place;
beforeAll(async () => {
  place = await openPlace();
}, PATIENCE);
afterAll(() => place?.[Symbol.asyncDispose](), PATIENCE);

describe('Block a Domain', () => {
  test('everything from it is answered 403, and who said so, when and why is kept (fault 7)', async () => {
    const { served, maria, note, send } = place;
    const { home, ann } = await place.neighbour();
    expect((await send(note(ann, 'Hello'), ann)).status).toBe(202);
    const path = `/domains/${home.domain}/block`;
    expect((await served.admin(path, {}, 'moderator-token')).status).toBe(422);
    const why = { reason: 'phishing', privateComment: 'see the report of bob' };
    await maria(path, why);
    const again = note(ann, 'Hello again');
    expect((await send(again, ann)).status).toBe(403);
    expect(await place.outcome(again)).toBeUndefined();
    const at = new Date(served.clock.now()).toISOString();
    expect(await place.domainOf(home)).toMatchObject({ state: 'blocked', by: 'maria', since: at, ...why });
    const { items } = await maria<Page<AuditRecord>>(`/audit?domain=${home.domain}&verb=block`);
    expect(items).toMatchObject([{ by: 'maria', at, reason: 'phishing', from: 'active', to: 'blocked' }]);
  });

  test('its subdomains are out as well, unless one of them has a rule of its own (fault 8)', async () => {
    const { maria } = place;
    await maria('/domains/spam.example/block', { reason: 'spam' });
    const { ann } = await place.neighbour();
    const knock = async (host: string): Promise<number> => {
      const id = `https://${host}/users/mal`;
      return (await place.send(like(id, ALICE), { ...ann, keyId: `${id}#main-key` })).status;
    };
    const hosts = ['spam.example', 'a.spam.example', 'b.a.SPAM.example.'];
    expect(await Promise.all(hosts.map(knock))).toEqual([403, 403, 403]);
    const rule = { domains: ['fine.spam.example'], severity: 'none', reason: 'others live there' };
    await maria('/rules', rule);
    const effective = async (name: string) =>
      (await maria<{ effective: object }>(`/domains/${name}/rules`)).effective;
    expect(await effective('fine.spam.example')).toMatchObject({ severity: 'none' });
    expect(await effective('c.spam.example')).toMatchObject({ severity: 'block', domain: 'spam.example' });
  });
});

describe('Filter Content Before Processing', () => {
  test('an activity that says “spam” is dropped before it has any effect, and nobody is blocked for it', async () => {
    const { note, send, outcome } = place;
    const { home, ann } = await place.neighbour();
    const fine = note(ann, '<p>Lunch?</p>');
    const spam = note(ann, '<p>Not <b>Sp</b>am at all</p>');
    for (const one of [fine, spam]) expect((await send(one, ann)).status).toBe(202);
    expect(await outcome(fine)).toMatchObject({ status: 'processed' });
    expect(await outcome(spam)).toMatchObject({ status: 'dropped', reason: 'spam: says “spam”' });
    const seen = await place.inboxOf('alice');
    expect([seen.includes(fine.id), seen.includes(spam.id)]).toEqual([true, false]);
    expect(place.handled.filter(({ actor }) => actor.uri === ann.id).map(({ id }) => id)).toEqual([fine.id]);
    expect(await place.domainOf(home)).toMatchObject({ state: 'active', strikes: 0 });
  });
});

describe('Automatically Block Domains', () => {
  test('a handler that sees a pattern keeps the domain out from then on, for a time, and moderators are told', async () => {
    const { served } = place;
    const { home } = await place.neighbour();
    const swarm = await Promise.all(['a', 'b', 'c', 'd'].map((name) => home.actor(name)));
    const statuses: number[] = [];
    for (const one of swarm) {
      statuses.push((await place.send(follow(one.id, ALICE), one)).status);
      await served.inbox.settled();
    }
    expect(statuses).toEqual([202, 202, 202, 403]);
    const until = new Date(served.clock.now() + DAY_MS).toISOString();
    expect(await place.domainOf(home)).toMatchObject({
      ...{ state: 'blocked', by: 'handler', reason: '3 accounts followed within an hour', until },
    });
    await served.inbox.settled();
    const told = place.mail.mails.filter(({ subject }) => subject.includes(home.domain));
    expect(told.map(({ subject }) => subject)).toEqual([
      `[sallyport] ${home.domain} is blocked: 3 accounts followed within an hour`,
    ]);
  });
});

const JSON_TYPE = { headers: { 'content-type': 'application/json' } };

const FOLLOWERS = `${ALICE}/followers`;
const lookAs = ({ clock }: Served, who: Signer) =>
  signedHeaders('GET', FOLLOWERS, new Uint8Array(), who, {
    ...{ signed: ['(request-target)', 'host', 'date'], date: new Date(clock.now()) },
    headers: { accept: 'application/activity+json' },
  });

/** The answers to the same requests about two domains, by somebody who has a key of neither. */
async function answers({ served }: Place, who: readonly RemoteActor[]) {
  const eve = await (await served.remote()).actor('eve');
  const asked = async (one: RemoteActor) => {
    const forged = { ...one, privateKey: eve.privateKey };
    const replies = [
      // In its name, with a key that is not its own: mail, an appeal, a look; and as somebody who passes on what it said.
      await served.post('/inbox', like(one.id, ALICE), forged),
      await served.post('/moderation/appeals', { reason: 'x' }, forged, JSON_TYPE),
      await served.ask('GET', new URL(FOLLOWERS).pathname, lookAs(served, forged)),
      await served.post('/inbox', like(one.id, ALICE), eve),
    ];
    return replies.map(({ status, body }) => ({ status, body }));
  };
  return Promise.all(who.map(asked));
}

/** Somebody whose domain is blocked, and somebody of another one. */
async function blockedAndOpen(at: Place): Promise<readonly [RemoteActor, RemoteActor]> {
  const [{ home, ann }, { ann: ben }] = [await at.neighbour(), await at.neighbour()];
  await at.served.inbox.domains.block(home.domain, { reason: 'spam', by: 'maria' });
  await at.served.inbox.settled();
  return [ann, ben];
}

test('403 says to everybody who knocks in its name that a domain is blocked: the default, as the pages have it', async () => {
  const [blocked = [], open = []] = await answers(place, await blockedAndOpen(place));
  expect(blocked.map(({ status }) => status)).toEqual([403, 401, 200, 403]);
  expect(open.map(({ status }) => status)).toEqual([401, 409, 200, 401]);
});

describe('a service that keeps its list to itself, and asks a service about spam', () => {
  let spamService: Classifier;
  let quiet: Place;
  beforeAll(async () => {
    spamService = await openClassifier();
    const secret = { publicBlocklist: false, blockedAnswer: 202, authorizedFetch: true } as const;
    quiet = await openPlace(spamService.url, secret);
  }, PATIENCE);
  afterAll(async () => {
    await quiet?.[Symbol.asyncDispose]();
    await spamService?.[Symbol.asyncDispose]();
  }, PATIENCE);

  test('with `blockedAnswer: 202` nobody learns who is blocked, and the domain is not told either (fault 9)', async () => {
    const { served } = quiet;
    const [ann, ben] = await blockedAndOpen(quiet);
    const [blocked = [], open] = await answers(quiet, [ann, ben]);
    expect(blocked).toEqual(open);
    expect(blocked.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    const replies = [];
    for (const who of [ann, ben]) replies.push(await quiet.send(follow(who.id, ALICE), who, '/inbox'));
    expect(replies.map(({ status, body }) => [status, body])).toEqual([
      [202, ''],
      [202, ''],
    ]);
    await served.inbox.settled();
    // Nothing that it sends leaves a trace.
    expect((await served.inbox.activities.list()).items.map(({ actor }) => actor)).toEqual([ben.id]);
    expect(await served.inbox.lookup('actor', ann.id)).toBeUndefined();
    expect(await served.inbox.actors.collection('alice', 'followers')).toMatchObject({ items: [ben.id] });
    expect((await served.ask('GET', '/api/v1/instance/domain_blocks')).status).toBe(404);
  });

  test('“Integrate with external spam detection services”: it is asked, and believed; when it is away, mail goes on', async () => {
    const { note, send, outcome } = quiet;
    const { ann } = await quiet.neighbour();
    spamService.says = { verdict: 'drop', score: 0.97, reason: 'a casino' };
    const casino = note(ann, 'Win in our halls');
    await send(casino, ann);
    expect(await outcome(casino)).toMatchObject({ status: 'dropped', reason: 'external#1: a casino' });
    expect(spamService.asked.at(-1)).toMatchObject({ text: expect.stringContaining('Win in our halls') });
    spamService.says = null;
    const fine = note(ann, 'Good morning');
    await send(fine, ann);
    const record = await outcome(fine);
    expect(record).toMatchObject({ status: 'processed' });
    expect(record?.history).toContainEqual(expect.objectContaining({ what: 'fault', filter: 'external#1' }));
  });
});

test(
  'the service runs by itself, as one command',
  async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const PORT = String(portOf(probe));
    probe.close();
    await once(probe, 'close');
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-tutorial-'));
    const env = { PORT, DATA: join(directory, 'data'), MARIAS_TOKEN: 'marias-token' };
    try {
      await using service = watch([join(import.meta.dirname, 'moderated-service.ts')], env, directory);
      await service.said(/listening on/);
      const url = `http://localhost:${PORT}`;
      expect((await fetch(`${url}/users/bob`)).status).toBe(200);
      const blocked = await fetch(`${url}/admin/api/domains/spam.example/block`, {
        ...{ method: 'POST', body: '{"reason": "phishing"}' },
        headers: { authorization: 'Bearer marias-token', 'content-type': 'application/json' },
      });
      expect(await blocked.json()).toMatchObject({ state: 'blocked', by: 'maria' });
      service.child.kill('SIGTERM');
      expect((await service.finished()).code).toBe(0);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
  PATIENCE,
);
