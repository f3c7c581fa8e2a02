/** What people and lists say of domains, and what comes of it at the gate and for mail that was accepted already. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { domainFactsOf } from '../../src/store/standing.ts';
import { sql } from '../../src/store/statement.ts';
import { databases } from '../databases.ts';
import { ALICE, followOf, US, verified } from '../turn/mail.ts';
import { DAY_MS, HOUR_MS, NOTE, openRules, type RulesPlace } from './place.ts';

const [TIER_0, OTHER] = ['list:tier-0', 'list:other'];
const BLOCK = { severity: 'block' } as const;

describe.each(databases)('rules about domains on $name', (kind) => {
  let place: RulesPlace;
  beforeAll(async () => {
    place = await openRules(kind, { rateLimit: { limit: 100, window: '1 hour' }, blockAfterStrikes: 1 });
  });
  afterAll(() => place[Symbol.asyncDispose]());
  const inForce = async (name: string) => (await place.rules.of(name)).effective;

  test('people beat every list, allow beats other lists, else the hardest counts, and every flag', async () => {
    const { say, retract, answers } = place;
    await say(OTHER, { severity: 'silence', rejectMedia: true }, 'many.example');
    await say(TIER_0, { severity: 'none', rejectReports: true }, 'many.example');
    const flags = { rejectMedia: true, rejectReports: true };
    expect(await inForce('many.example')).toMatchObject({ severity: 'silence', source: OTHER, ...flags });
    await say(TIER_0, { severity: 'block', rejectReports: true }, 'many.example');
    expect(await inForce('many.example')).toMatchObject({ severity: 'block', source: TIER_0, ...flags });
    expect(await answers('many.example')).toEqual(['blocked']);
    await say('list:friends', { severity: 'allow' }, 'many.example');
    const none = { rejectMedia: false, rejectReports: false };
    expect(await inForce('many.example')).toMatchObject({
      severity: 'allow',
      source: 'list:friends',
      ...none,
    });
    expect(await answers('many.example')).toEqual(['open']);
    await say('manual', BLOCK, 'many.example');
    expect(await inForce('many.example')).toMatchObject({ ...BLOCK, source: 'manual', ...none });
    await retract('manual', 'many.example');
    await retract('list:friends', 'many.example');
    expect(await inForce('many.example')).toMatchObject({ ...BLOCK, source: TIER_0, ...flags });
    expect((await place.rules.of('many.example')).rules.map(({ source }) => source)).toEqual([OTHER, TIER_0]);
  });

  test('filters are told that a domain is silenced where the door has it so, whatever a list says of it', async () => {
    const { say, store } = place;
    await say('manual', { severity: 'silence' }, 'loud.example');
    await say(TIER_0, { severity: 'none' }, 'sub.loud.example');
    expect(await inForce('a.sub.loud.example')).toMatchObject({ severity: 'silence', source: 'manual' });
    const asked = ['loud.example', 'sub.loud.example', 'a.sub.loud.example', 'other.example'];
    const facts = await domainFactsOf(store, asked, store.clock.now());
    expect(asked.map((name) => facts.get(name)?.isSilenced)).toEqual([true, true, true, false]);
  });

  test('of two lists that block, a retraction takes back its own word only', async () => {
    const { say, retract, answers, domains } = place;
    await say(TIER_0, { ...BLOCK, publicComment: 'spam' }, 'twice.example');
    await say(OTHER, BLOCK, 'twice.example');
    expect(await domains.get('twice.example')).toMatchObject({ state: 'blocked', origin: 'list', by: OTHER });
    await retract(OTHER, 'twice.example');
    expect(await domains.get('twice.example')).toMatchObject({ state: 'blocked', by: TIER_0 });
    expect(await answers('twice.example', 'sub.twice.example')).toEqual(['blocked', 'blocked']);
    await retract(TIER_0, 'twice.example');
    expect(await domains.get('twice.example')).toMatchObject({ state: 'active', policy: null, origin: null });
    expect(await answers('twice.example', 'sub.twice.example')).toEqual(['open', 'open']);
    expect(await place.logOf('twice.example')).toEqual([
      'active list.blocked blocked by maria',
      // Another list is in force, which whoever keeps a copy of the rules has to hear.
      'blocked rule.changed blocked by maria',
      'blocked rule.changed blocked by maria',
      'blocked list.lifted active by maria',
    ]);
  });

  test("a person's unblock stands against whatever the list says next, until the person says otherwise", async () => {
    const { say, answers, domains } = place;
    await say(TIER_0, BLOCK, 'forgiven.example');
    expect(await domains.unblock('forgiven.example', NOTE)).toMatchObject({ state: 'active' });
    expect(await say(TIER_0, BLOCK, 'forgiven.example')).toMatchObject({ changed: 0 });
    await say(TIER_0, { ...BLOCK, publicComment: 'worse than before' }, 'forgiven.example');
    expect(await answers('forgiven.example')).toEqual(['open']);
    expect(await inForce('forgiven.example')).toMatchObject({ severity: 'none', source: 'manual' });
    await place.retract('manual', 'forgiven.example');
    expect(await answers('forgiven.example')).toEqual(['blocked']);
  });

  test("when a person's timed block is over, the list's block behind it goes on", async () => {
    const { say, domains, answers, clock, pass } = place;
    await say(TIER_0, { ...BLOCK, publicComment: 'spam' }, 'behind.example');
    const until = new Date(clock.now() + HOUR_MS);
    await domains.block('behind.example', { ...NOTE, reason: 'on top', until });
    expect(await domains.get('behind.example')).toMatchObject({ origin: 'moderator', reason: 'on top' });
    expect(await pass(HOUR_MS)).toContain('behind.example');
    expect(await domains.get('behind.example')).toMatchObject({
      ...{ state: 'blocked', origin: 'list', by: TIER_0, reason: 'as agreed', until: null },
      policy: { severity: 'block', source: TIER_0 },
    });
    expect(await answers('behind.example')).toEqual(['blocked']);
    expect((await place.rules.of('behind.example')).rules.map(({ source }) => source)).toEqual([TIER_0]);
  });

  test('every rule ends with its time: a silence, a flag, an exception; and the log says so', async () => {
    const { say, domains, answers, clock, pass } = place;
    const until = new Date(clock.now() + HOUR_MS);
    await say('manual', { severity: 'silence', rejectMedia: true, until }, 'quiet.example');
    await say(TIER_0, BLOCK, 'excepted.example');
    await say('manual', { severity: 'none', until }, 'excepted.example');
    await say(TIER_0, BLOCK, 'both.example');
    await say(OTHER, { ...BLOCK, rejectReports: true, until }, 'both.example');
    expect(await answers('excepted.example')).toEqual(['open']);
    await pass(HOUR_MS - 1);
    expect(await inForce('quiet.example')).toMatchObject({ severity: 'silence' });
    await pass(1);
    expect((await domains.get('quiet.example')).policy).toBeNull();
    expect(await place.logOf('quiet.example')).toEqual([
      'active rule.changed active by maria',
      'active rule.changed active',
    ]);
    expect(await answers('excepted.example')).toEqual(['blocked']);
    expect(await inForce('both.example')).toMatchObject({ ...BLOCK, source: TIER_0, rejectReports: false });
    expect(await domains.get('both.example')).toMatchObject({ state: 'blocked', by: TIER_0 });
    expect(await pass(1)).toEqual([]);
    // What is over when it is said says nothing.
    const over = { ...BLOCK, until: new Date(clock.now()) };
    expect(await say('manual', over, 'late.example')).toMatchObject({ total: 1, changed: 0 });
    expect(await answers('late.example')).toEqual(['open']);
  });

  test('what the runtime has blocked is opened by time and by people, and taken over by a list', async () => {
    const { say, retract, exceed, domains, pass } = place;
    const stateOf = async (name: string) => {
      const { state, origin } = await domains.get(name);
      return `${state} ${origin}`;
    };
    for (const name of ['struck.example', 'taken.example', 'pardoned.example']) await exceed(name);
    expect(await stateOf('struck.example')).toBe('blocked runtime');
    await say(TIER_0, { severity: 'silence' }, 'struck.example');
    await retract(TIER_0, 'struck.example');
    expect(await stateOf('struck.example')).toBe('blocked runtime');
    await say(TIER_0, BLOCK, 'taken.example');
    expect(await stateOf('taken.example')).toBe('blocked list');
    // A person has it silenced already, and lets it in again: it stays silenced.
    await say('manual', { severity: 'silence' }, 'pardoned.example');
    expect(await stateOf('pardoned.example')).toBe('active null');
    await exceed('pardoned.example');
    await domains.unblock('pardoned.example', NOTE);
    expect(await inForce('pardoned.example')).toMatchObject({ severity: 'silence', source: 'manual' });
    await pass(7 * DAY_MS);
    expect([await stateOf('struck.example'), await stateOf('taken.example')]).toEqual([
      ...['active null', 'blocked list'],
    ]);
  });

  test('a rule about a subdomain lifts for it, and for what is below it, what is said of its parents', async () => {
    const { say, accept, turn, endOf, answers } = place;
    const names = [
      'big.example',
      'a.big.example',
      'good.big.example',
      'x.good.big.example',
      'notbig.example',
    ];
    const mail = names.map((name) => followOf(name, ALICE));
    await accept(...mail);
    await say(TIER_0, BLOCK, 'big.example');
    await say('manual', { severity: 'none' }, 'good.big.example');
    expect(await answers(...names)).toEqual(['blocked', 'blocked', 'open', 'open', 'open']);
    await turn(...names);
    const [shut, done] = ['rejected: the domain is blocked', 'processed: null'];
    expect(await Promise.all(mail.map(endOf))).toEqual([shut, shut, done, done, done]);
    expect((await place.rules.of('x.good.big.example')).effective).toMatchObject({
      ...{ domain: 'good.big.example', severity: 'none', source: 'manual' },
    });
  });

  test('who is silenced asks to follow, whatever the policy; whose reports are not taken is not heard', async () => {
    const { say, accept, turn, endOf, store } = place;
    const [asked, welcome] = [followOf('loud.example', ALICE), followOf('fine.example', ALICE)];
    const flag = (domain: string) =>
      verified(domain, { type: 'Flag', objects: [ALICE.id] }, { locals: [ALICE] });
    const [unheard, heard] = [flag('loud.example'), flag('fine.example')];
    await say('manual', { severity: 'silence', rejectReports: true }, 'loud.example');
    await accept(asked, welcome, unheard, heard);
    await turn('loud.example', 'fine.example');
    const follows = await store.run(
      sql`select domain, state from follow_request where domain in ('loud.example', 'fine.example') order by domain`,
    );
    expect(follows).toEqual([
      { domain: 'fine.example', state: 'accepted' },
      { domain: 'loud.example', state: 'pending' },
    ]);
    expect([await endOf(unheard), await endOf(heard)]).toEqual([
      'dropped: reports of this domain are not taken',
      'processed: null',
    ]);
    expect(await store.run(sql`select domain from report`)).toEqual([{ domain: 'fine.example' }]);
  });

  test('a suspension is of one actor, ends by itself or by a person, and catches what waits', async () => {
    const { accept, turn, endOf, suspensions, clock, answersActor } = place;
    const [mal, ann] = ['https://mixed.example/users/mal', 'https://mixed.example/users/ann'];
    const mail = [mal, ann].map((actor) => verified('mixed.example', { actor }));
    await accept(...mail);
    const until = new Date(clock.now() + DAY_MS);
    await suspensions.suspend(mal, { reason: 'harassment', by: 'maria', until });
    expect([await answersActor(mal, 'mixed.example'), await answersActor(ann, 'mixed.example')]).toEqual([
      ...['blocked', 'open'],
    ]);
    await turn('mixed.example');
    expect(await Promise.all(mail.map(endOf))).toEqual([
      'rejected: the actor is suspended',
      'processed: null',
    ]);
    clock.advance(DAY_MS);
    expect(await answersActor(mal, 'mixed.example')).toBe('open');
    const later = verified('mixed.example', { actor: mal });
    await accept(later);
    await turn('mixed.example');
    expect(await endOf(later)).toBe('processed: null');

    await suspensions.suspend(mal, { reason: 'again', by: 'maria' });
    await suspensions.suspend(mal, { reason: 'listed', by: TIER_0, source: TIER_0 });
    expect((await suspensions.suspensions({ domain: 'mixed.example' })).items).toMatchObject([
      { source: TIER_0, until: null },
      { source: 'manual', reason: 'again', by: 'maria', until: null },
    ]);
    expect(await suspensions.unsuspend(mal)).toBe(true);
    expect(await suspensions.unsuspend(mal)).toBe(false);
    expect(await answersActor(mal, 'mixed.example')).toBe('blocked');
    expect(await suspensions.unsuspend(mal, { source: TIER_0 })).toBe(true);
    expect(await answersActor(mal, 'mixed.example')).toBe('open');
    for (const wrong of [`${US}/users/alice`, 'mal', 'https://'])
      await expect(suspensions.suspend(wrong, { reason: 'x' }), wrong).rejects.toMatchObject({
        code: 'ERR_INVALID',
      });
  });

  test('a limit that is made shorter, or longer, is in the log, so every process hears of it', async () => {
    const { domains, clock } = place;
    await domains.limit('again.example', { ...NOTE, until: new Date(clock.now() + DAY_MS) });
    await domains.limit('again.example', { ...NOTE, until: new Date(clock.now() + HOUR_MS) });
    expect(await place.logOf('again.example')).toEqual([
      'active moderator.limited rate-limited by maria',
      'rate-limited until.changed rate-limited by maria',
    ]);
  });

  test('a preview says what would come of it, and changes nothing', async () => {
    const { rules, say } = place;
    await say(TIER_0, BLOCK, 'seen.example');
    const shown = await rules.preview({
      source: TIER_0,
      put: [{ domain: 'new.seen.example', severity: 'none' }, { domain: 'other.example' }],
      remove: ['seen.example', 'never.example'],
    });
    expect(shown.map(({ domain, change, from, to }) => [domain, change, from.severity, to.severity])).toEqual(
      [
        ['never.example', 'same', 'none', 'none'],
        ['new.seen.example', 'add', 'block', 'none'],
        ['other.example', 'add', 'none', 'block'],
        ['seen.example', 'remove', 'block', 'none'],
      ],
    );
    expect(await inForce('seen.example')).toMatchObject(BLOCK);
    for (const source of ['', 'list:', 'maria', 'list'])
      await expect(
        rules.apply({ source, put: [], remove: [] }, { ...NOTE, kind: 'x' }),
      ).rejects.toMatchObject({
        code: 'ERR_INVALID',
      });
  });
});

describe.each(databases)('where only allowed domains may come in on $name', (kind) => {
  test('strangers are refused, and so is what waits when a domain is not allowed any more', async () => {
    await using place = await openRules(kind, { federation: 'allowlist' });
    const { say, accept, turn, endOf, answers, domains } = place;
    await say('manual', { severity: 'allow' }, 'friend.example');
    expect(await answers('friend.example', 'sub.friend.example', 'stranger.example')).toEqual([
      ...['open', 'open', 'blocked'],
    ]);
    const [first, second] = [followOf('friend.example', ALICE), verified('friend.example')];
    const third = verified('sub.friend.example');
    await accept(first, third);
    await turn('friend.example', 'sub.friend.example');
    expect([await endOf(first), await endOf(third)]).toEqual(['processed: null', 'processed: null']);
    await accept(second);
    await place.retract('manual', 'friend.example');
    await turn('friend.example');
    expect(await endOf(second)).toBe('rejected: the domain is blocked');
    expect(await answers('friend.example', 'sub.friend.example')).toEqual(['blocked', 'blocked']);
    // It is nobody's block: its machine never was anything but active.
    expect(await domains.get('friend.example')).toMatchObject({ state: 'active', policy: null });
  });
});
