/** Follow policies: the first rule that fits counts, domains cover their subdomains, and nobody says two things at once. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkOptions,
  type FollowRule,
  followPolicyProblem,
  generalAnswer,
  termsFor,
} from '../../src/options.ts';

const ANN = 'https://deep.friends.example/users/ann';

describe('the terms for one follower', () => {
  const answersTo = (policy: Parameters<typeof termsFor>[0], follower = ANN) => {
    const { mutual, other } = termsFor(policy, follower);
    return [mutual.answer, other.answer];
  };

  test('are the same for everybody where the policy is one word', () => {
    for (const answer of ['accept', 'ask', 'reject'] as const)
      expect(answersTo(answer)).toEqual([answer, answer]);
  });

  test('cover the subdomains of a domain, in any spelling, and no other name that ends like it', () => {
    const policy: FollowRule[] = [{ from: { domains: [' Friends.Example. '] }, answer: 'accept' }];
    expect(answersTo(policy)).toEqual(['accept', 'accept']);
    expect(answersTo(policy, 'https://friends.example:8443/users/ann')).toEqual(['accept', 'accept']);
    expect(answersTo(policy, 'https://myfriends.example/users/ann')).toEqual(['ask', 'ask']);
    expect(answersTo(policy, 'https://friends.example.evil.example/users/ann')).toEqual(['ask', 'ask']);
  });

  test('name an actor by its id, letter by letter', () => {
    const policy: FollowRule[] = [
      { from: { actors: [ANN] }, answer: 'reject' },
      { from: 'everybody', answer: 'accept' },
    ];
    expect(answersTo(policy)).toEqual(['reject', 'reject']);
    expect(answersTo(policy, `${ANN}/`)).toEqual(['accept', 'accept']);
  });

  test('are those of the first rule that fits, whatever the rules are', () => {
    const from = fc.constantFrom<FollowRule['from']>(
      ...['everybody' as const, 'mutuals' as const, { actors: [ANN] }, { actors: ['https://x.example/b'] }],
      ...[
        { domains: ['friends.example'] },
        { domains: ['x.example', 'deep.friends.example'] },
        { domains: [] },
      ],
    );
    const rule = fc.record({
      from,
      answer: fc.constantFrom('accept' as const, 'ask' as const, 'reject' as const),
    });
    const fits = ({ from: whom }: FollowRule, isMutual: boolean): boolean =>
      whom === 'everybody' ||
      (whom === 'mutuals'
        ? isMutual
        : 'actors' in whom
          ? whom.actors.includes(ANN)
          : whom.domains.length > 0);
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), (rules) => {
        const expected = [true, false].map(
          (isMutual) => rules.find((one) => fits(one, isMutual))?.answer ?? 'ask',
        );
        expect(answersTo(rules)).toEqual(expected);
        expect(generalAnswer(rules)).toBe(rules.find((one) => one.from === 'everybody')?.answer ?? 'ask');
        expect(followPolicyProblem(undefined, rules)).toBeNull();
      }),
    );
  });
});

describe('a policy that cannot be meant', () => {
  test('is a fault of the options, named with its actor', () => {
    const actors = {
      ...{ ann: { locked: true, followPolicy: 'accept' }, ben: { locked: false, followPolicy: 'ask' } },
      ...{ cid: { followPolicy: 'yes' }, dan: { followPolicy: [{ from: 'friends', answer: 'accept' }] } },
      ...{ eve: { followPolicy: [{ from: 'everybody', answer: 'maybe' }] } },
      ...{ fay: { followPolicy: [{ from: { domains: ['a/b'] }, answer: 'ask' }] } },
      ...{ gil: { followPolicy: [{ from: { actors: ['gil'] }, answer: 'ask' }] } },
      hal: { alsoKnownAs: ['elsewhere'] },
    };
    const options = { origin: 'https://us.example', actors, followExpiry: 'soon' };
    const faults: string[] = [];
    try {
      checkOptions(options as never);
    } catch (error) {
      const { data } = error as { data: { faults: { option: string; problem: string }[] } };
      for (const { option, problem } of data.faults) faults.push(`${option}: ${problem}`);
    }
    expect(faults).toEqual([
      expect.stringMatching(/^actors.ann: followPolicy says accept to everybody else, and locked ask$/),
      expect.stringMatching(/^actors.ben: .*says ask .* locked accept$/),
      expect.stringMatching(/^actors.cid: .*none of accept, ask, reject/),
      expect.stringMatching(/^actors.dan: .*`from`/),
      expect.stringMatching(/^actors.eve: .*`answer`/),
      expect.stringMatching(/^actors.fay: .*"a\/b", which is no domain/),
      expect.stringMatching(/^actors.gil: .*"gil", which is no id/),
      expect.stringMatching(/^actors.hal: alsoKnownAs/),
      expect.stringMatching(/^followExpiry: not a duration/),
    ]);
  });

  test('but says the same as `locked` in more words is fine', () => {
    expect(followPolicyProblem(true, 'ask')).toBeNull();
    expect(followPolicyProblem(true, [{ from: 'mutuals', answer: 'accept' }])).toBeNull();
    expect(followPolicyProblem(false, [{ from: 'everybody', answer: 'accept' }])).toBeNull();
    expect(followPolicyProblem(true, 'reject')).not.toBeNull();
  });
});
