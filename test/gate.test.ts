/** The gate: a copy of what is closed, asked before any CPU is spent. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Severity } from '../src/api/rules.ts';
import { createGate, type Head, headOf, judgeHead, type MarkedDomain } from '../src/gate.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const ruled = (name: string, severity: Severity): MarkedDomain => ({
  ...{
    name,
    isShut: severity === 'block',
    state: severity === 'block' ? 'blocked' : 'active',
    untilMs: null,
  },
  policy: { source: 'manual', severity, rejectMedia: severity === 'silence', rejectReports: false },
});
const blocked = (name: string): MarkedDomain => ({ ...ruled(name, 'block'), policy: null });
const limited = (name: string, untilMs: number | null): MarkedDomain => ({
  ...{ name, state: 'rate-limited', isShut: false, untilMs, policy: null },
});

function gateWith(...closed: MarkedDomain[]) {
  const gate = createGate();
  gate.update([], closed);
  return gate;
}

describe('the gate', () => {
  test('lets everybody pass as long as nothing is closed', () => {
    expect(createGate().judge(['a.example', null], NOW)).toBeNull();
  });

  test('refuses a blocked domain and everything below it, and says which block it was', () => {
    const gate = gateWith(blocked('bad.example'));
    for (const name of ['bad.example', 'a.bad.example', 'b.a.bad.example'])
      expect(gate.judge([name], NOW)).toEqual({ type: 'blocked', domain: 'bad.example' });
    for (const name of ['notbad.example', 'example', 'bad.example.other', 'ad.example'])
      expect(gate.judge([name], NOW)).toBeNull();
  });

  test('refuses if any one of the named domains is closed', () => {
    const gate = gateWith(blocked('bad.example'));
    expect(gate.judge(['good.example', null, 'bad.example'], NOW)).toMatchObject({ type: 'blocked' });
  });

  test('takes an address for a name of its own, not for labels with parents', () => {
    const gate = gateWith(blocked('2.3.4'), blocked('1.2.3.4'));
    expect(gate.judge(['9.2.3.4'], NOW)).toBeNull();
    expect(gate.judge(['1.2.3.4'], NOW)).toMatchObject({ type: 'blocked' });
  });

  test('limits a domain alone, and says how long it lasts', () => {
    const gate = gateWith(limited('busy.example', NOW + 1_500));
    expect(gate.judge(['busy.example'], NOW)).toEqual({
      ...{ type: 'rate-limited', domain: 'busy.example', retryAfterSeconds: 1.5 },
    });
    expect(gate.judge(['sub.busy.example'], NOW)).toBeNull();
  });

  test('lets a limited domain pass in the moment its time is over, and has its row read again', () => {
    const gate = gateWith(limited('busy.example', NOW));
    const lapsed: string[] = [];
    gate.onLapse((name) => void lapsed.push(name));
    expect(gate.judge(['busy.example'], NOW - 1)).toMatchObject({ retryAfterSeconds: 0.001 });
    expect(lapsed).toEqual([]);
    expect(gate.judge(['busy.example'], NOW)).toBeNull();
    expect(lapsed).toEqual(['busy.example']);
  });

  test('asks for patience where a limit has no end', () => {
    expect(gateWith(limited('busy.example', null)).judge(['busy.example'], NOW)).toMatchObject({
      retryAfterSeconds: 60,
    });
  });

  test('opens what was read again and found open, and keeps the rest', () => {
    const gate = gateWith(blocked('a.example'), blocked('b.example'));
    gate.update(['a.example', 'c.example'], [limited('c.example', NOW + 1)]);
    expect(gate.judge(['a.example'], NOW)).toBeNull();
    expect(gate.judge(['b.example'], NOW)).toMatchObject({ type: 'blocked' });
    expect(gate.judge(['c.example'], NOW)).toMatchObject({ type: 'rate-limited' });
  });

  test('heeds the rule about the longest name: one about a subdomain lifts what is said of its parents', () => {
    const gate = gateWith(
      blocked('bad.example'),
      ruled('fine.bad.example', 'none'),
      blocked('x.fine.bad.example'),
    );
    for (const name of ['fine.bad.example', 'a.fine.bad.example']) expect(gate.judge([name], NOW)).toBeNull();
    expect(gate.judge(['other.bad.example'], NOW)).toEqual({ type: 'blocked', domain: 'bad.example' });
    expect(gate.judge(['y.x.fine.bad.example'], NOW)).toEqual({
      type: 'blocked',
      domain: 'x.fine.bad.example',
    });
    expect(gateWith(ruled('loud.example', 'silence')).judge(['loud.example'], NOW)).toBeNull();
  });

  test('lets no list soften, for a subdomain, what a person said of its parent; a list may be harder', () => {
    const byList = (name: string, severity: Severity): MarkedDomain => {
      const one = ruled(name, severity);
      return { ...one, policy: { ...(one.policy as NonNullable<typeof one.policy>), source: 'list:1' } };
    };
    const gate = gateWith(
      ...[ruled('bad.example', 'block'), byList('sub.bad.example', 'silence')],
      ...[
        ruled('fine.example', 'allow'),
        byList('bad.fine.example', 'block'),
        byList('fair.fine.example', 'silence'),
      ],
      ...[byList('listed.example', 'block'), byList('lifted.listed.example', 'none')],
    );
    expect(gate.judge(['a.sub.bad.example'], NOW)).toEqual({ type: 'blocked', domain: 'bad.example' });
    expect(gate.judge(['bad.fine.example'], NOW)).toMatchObject({ domain: 'bad.fine.example' });
    expect(gate.policyOf('fair.fine.example')).toMatchObject({ severity: 'silence' });
    expect(gate.judge(['lifted.listed.example'], NOW)).toBeNull();
  });

  test('keeps, for a subdomain that a list speaks of, what a person refuses of its parent', () => {
    const policy = { severity: 'none', rejectMedia: true, rejectReports: true } as const;
    const gate = gateWith(
      { ...ruled('bad.example', 'none'), policy: { ...policy, source: 'manual' } },
      {
        ...ruled('sub.bad.example', 'silence'),
        policy: { source: 'list:1', severity: 'silence', rejectMedia: false, rejectReports: false },
      },
    );
    expect(gate.policyOf('sub.bad.example')).toMatchObject({ ...policy, severity: 'silence' });
  });

  test('says what the rules come to for a domain, its nearest parent’s where it has none', () => {
    const gate = gateWith(ruled('loud.example', 'silence'));
    expect(gate.policyOf('a.loud.example')).toMatchObject({ severity: 'silence', rejectMedia: true });
    expect(gate.policyOf('other.example')).toBeNull();
  });

  test('lets in only who is allowed, where only allowed ones may come in', () => {
    const gate = createGate({ federation: 'allowlist' });
    expect(gate.judge(['friend.example'], NOW)).toEqual({ type: 'blocked', domain: 'friend.example' });
    gate.update(
      [],
      [ruled('friend.example', 'allow'), ruled('loud.example', 'none'), limited('busy.example', NOW + 1)],
    );
    expect(gate.judge(['friend.example', 'sub.friend.example', null], NOW)).toBeNull();
    for (const name of ['loud.example', 'busy.example', 'stranger.example'])
      expect(gate.judge([name], NOW)).toEqual({ type: 'blocked', domain: name });
  });

  test('tells nobody who only claims a name that it is blocked, where that is kept secret', () => {
    const gate = createGate({ blockedAnswer: 202 });
    gate.update(['bad.example', 'busy.example'], [blocked('bad.example'), limited('busy.example', NOW + 1)]);
    expect(gate.judgeClaimed(['bad.example', null], NOW)).toBeNull();
    expect(gate.judgeClaimed(['bad.example', 'busy.example'], NOW)).toMatchObject({ type: 'rate-limited' });
    expect(gate.judge(['bad.example'], NOW)).toMatchObject({ type: 'blocked' });
  });

  test('refuses suspended actors until their time is over, and no neighbour of theirs', () => {
    const gate = createGate();
    const mal = 'https://a.example/users/mal';
    const pal = 'https://a.example/users/pal';
    gate.updateActors(
      [],
      [
        { actor: mal, domain: 'a.example', untilMs: NOW + 5 },
        { actor: pal, domain: 'a.example', untilMs: null },
      ],
    );
    expect(gate.judgeActors([[mal, 'a.example']], NOW + 4)).toEqual({ type: 'blocked', domain: 'a.example' });
    expect(gate.judgeActors([[mal, 'a.example']], NOW + 5)).toBeNull();
    expect(
      gate.judgeActors(
        [
          ['https://a.example/users/ann', 'a.example'],
          [pal, 'a.example'],
        ],
        NOW,
      ),
    ).not.toBeNull();
    expect(gate.judgeActors([['https://a.example/users/ann', 'a.example']], NOW)).toBeNull();
    gate.updateActors(['a.example'], []);
    expect(gate.judgeActors([[pal, 'a.example']], NOW)).toBeNull();
  });

  test('is right for any rules: the longest name that is ruled decides', () => {
    const label = fc.constantFrom('a', 'b', 'ab', 'example');
    const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    const rule = fc.record({
      name,
      severity: fc.constantFrom<Severity>('allow', 'none', 'silence', 'block'),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(rule, { selector: (one) => one.name, maxLength: 6 }),
        name,
        (rules, asked) => {
          const gate = gateWith(...rules.map((one) => ruled(one.name, one.severity)));
          const covering = rules.filter((one) => asked === one.name || asked.endsWith(`.${one.name}`));
          const nearest = covering.toSorted((a, b) => b.name.length - a.name.length)[0];
          expect(gate.judge([asked], NOW) !== null).toBe(nearest?.severity === 'block');
        },
      ),
    );
  });

  test('is right for any list of blocks: refused is what is listed, or lies below it', () => {
    const label = fc.constantFrom('a', 'b', 'ab', 'example');
    const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    fc.assert(
      fc.property(fc.array(name, { maxLength: 5 }), name, (blocks, asked) => {
        const gate = gateWith(...blocks.map(blocked));
        const isBlocked = blocks.some((block) => asked === block || asked.endsWith(`.${block}`));
        expect(gate.judge([asked], NOW) !== null).toBe(isBlocked);
      }),
    );
  });
});

describe('the head of a request', () => {
  const head = (more: Partial<Head> = {}): Head => ({
    ...{ contentType: 'application/activity+json', contentLength: '10', contentEncoding: undefined },
    ...more,
  });
  const refusal = (more: Partial<Head>, method = 'POST') => judgeHead(method, head(more), 100)?.type ?? null;

  test('is fine for a POST of ActivityStreams, in any spelling of the type', () => {
    for (const contentType of [
      ...[
        'application/activity+json',
        'Application/Activity+JSON',
        'application/activity+json ; charset=utf-8',
      ],
      'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
    ])
      expect(refusal({ contentType })).toBeNull();
  });

  test('is refused for another method, type, coding or size', () => {
    expect(judgeHead('GET', head(), 100)).toEqual({ type: 'method-not-allowed', allow: 'POST' });
    for (const contentType of [undefined, '', 'application/json', 'text/html', 'application/activity+jsonx'])
      expect(refusal({ contentType } as Partial<Head>)).toBe('wrong-content-type');
    for (const contentEncoding of ['gzip', 'br', 'gzip, identity'])
      expect(refusal({ contentEncoding })).toBe('wrong-content-type');
    expect(refusal({ contentEncoding: 'identity' })).toBeNull();
    expect(refusal({ contentLength: '100' })).toBeNull();
    expect(refusal({ contentLength: '101' })).toBe('too-large');
  });

  test('is read by names in any case, and of repeated fields the first one counts', () => {
    const raw = ['CONTENT-TYPE', 'a', 'content-type', 'b', 'Content-Length', '5', 'X', 'y'];
    expect(headOf(raw)).toEqual({ contentType: 'a', contentLength: '5', contentEncoding: undefined });
  });
});
