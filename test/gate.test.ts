/** The gate: a copy of what is closed, asked before any CPU is spent. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ClosedDomain, createGate, type Head, headOf, judgeHead } from '../src/gate.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const blocked = (name: string): ClosedDomain => ({ name, state: 'blocked', untilMs: null });
const limited = (name: string, untilMs: number | null): ClosedDomain => ({
  ...{ name, state: 'rate-limited', untilMs },
});

function gateWith(...closed: ClosedDomain[]) {
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
