/** Follow policies: what is wrong with one, and what it says to one follower. Policies may come from JSON. */
import { canonicalDomain, domainOf, withParents } from '../activity.ts';
import type { FollowPolicy, FollowPolicyFunction, FollowRule } from './shape.ts';

/** What a policy answers, and why, in words for the log. */
export interface PolicyAnswer {
  readonly answer: FollowRule['answer'];
  readonly reason: string;
}

/** What a policy says to one follower: what it answers depends on nothing but whether our actor follows it. */
export interface FollowTerms {
  readonly mutual: PolicyAnswer;
  readonly other: PolicyAnswer;
}

const ANSWERS: readonly unknown[] = ['accept', 'ask', 'reject', 'hold'];
/** Names in all rules of a policy. */
const NAMES_MAX = 10_000;
const ALIASES_MAX = 100;
const TO_EVERYBODY = {
  accept: 'open to everybody',
  ask: 'asked of everybody',
  reject: 'closed to everybody',
  hold: 'held for a moderator',
} as const;
const NO_RULE: PolicyAnswer = { answer: 'ask', reason: 'no rule of the follow policy fits' };
/** What a function says comes with the verdict of the filters; this is what counts where it says nothing. */
const NOT_ANSWERED: PolicyAnswer = { answer: 'ask', reason: 'the follow policy has not answered' };

/** What is wrong with what a local actor says about follow requests, or null. */
export function followPolicyProblem(locked: unknown, policy: unknown): string | null {
  if (policy === undefined || policy === null) return null;
  const problem = shapeProblem(policy);
  if (problem !== null) return problem;
  const general = generalAnswer(policy as FollowPolicy);
  if (locked == null || general === (locked === true ? 'ask' : 'accept')) return null;
  return `followPolicy says ${general} to everybody else, and locked ${locked === true ? 'ask' : 'accept'}`;
}

/** What is wrong with the ids that an actor says it has elsewhere, or null. */
export function aliasesProblem(aliases: unknown): string | null {
  if (aliases === undefined || aliases === null) return null;
  const isFine =
    Array.isArray(aliases) &&
    aliases.length <= ALIASES_MAX &&
    aliases.every((alias) => typeof alias === 'string' && domainOf(alias) !== null);
  return isFine ? null : `alsoKnownAs is no list of at most ${ALIASES_MAX} ids`;
}

function shapeProblem(policy: unknown): string | null {
  if (ANSWERS.includes(policy) || typeof policy === 'function') return null;
  if (!Array.isArray(policy))
    return 'followPolicy is none of accept, ask, reject, hold, no list of rules and no function';
  let names = 0;
  for (const rule of policy as unknown[]) {
    const { from, answer } = (rule ?? {}) as { from?: unknown; answer?: unknown };
    if (!ANSWERS.includes(answer))
      return 'a rule of followPolicy has an `answer` that is none of accept, ask, reject, hold';
    if (from === 'everybody' || from === 'mutuals') continue;
    const { domains, actors } = (from ?? {}) as { domains?: unknown; actors?: unknown };
    const named = domains ?? actors;
    if (!Array.isArray(named) || (domains != null && actors != null))
      return "a rule of followPolicy has a `from` that is none of 'everybody', 'mutuals', { domains }, { actors }";
    names += named.length;
    const isName = (name: unknown) =>
      typeof name === 'string' && (domains == null ? domainOf(name) : canonicalDomain(name)) !== null;
    const wrong = named.find((name) => !isName(name));
    if (wrong !== undefined)
      return `followPolicy names ${JSON.stringify(wrong)}, which is no ${domains == null ? 'id' : 'domain'}`;
  }
  return names > NAMES_MAX ? `followPolicy names more than ${NAMES_MAX}` : null;
}

/** What it answers to somebody whom no rule is about in particular. */
export function generalAnswer(policy: FollowPolicy): FollowRule['answer'] {
  if (typeof policy === 'string') return policy;
  if (typeof policy === 'function') return NOT_ANSWERED.answer;
  return policy.find(({ from }) => from === 'everybody')?.answer ?? NO_RULE.answer;
}

/** What a policy says to this follower. */
export function termsFor(policy: FollowPolicy, follower: string): FollowTerms {
  if (typeof policy === 'function') return { mutual: NOT_ANSWERED, other: NOT_ANSWERED };
  const answers = readPolicy(policy);
  const domains = withParents(domainOf(follower) ?? '');
  const answer = (isMutual: boolean): PolicyAnswer =>
    answers.find(({ fits }) => fits(follower, domains, isMutual)) ?? NO_RULE;
  const [mutual, other] = [answer(true), answer(false)];
  return { mutual: wordsOf(mutual), other: wordsOf(other) };
}

const wordsOf = ({ answer, reason }: PolicyAnswer): PolicyAnswer => ({ answer, reason });

interface ReadRule extends PolicyAnswer {
  fits(follower: string, domains: readonly string[], isMutual: boolean): boolean;
}

/** Rules that have been read, as long as the service goes on handing in the same ones. */
const read = new WeakMap<readonly FollowRule[], readonly ReadRule[]>();

function readPolicy(policy: Exclude<FollowPolicy, FollowPolicyFunction>): readonly ReadRule[] {
  if (typeof policy === 'string') return [readRule({ from: 'everybody', answer: policy })];
  const before = read.get(policy);
  if (before !== undefined) return before;
  const rules = policy.map(readRule);
  read.set(policy, rules);
  return rules;
}

function readRule({ from, answer }: FollowRule): ReadRule {
  const reason = (who: string): string => `the follow policy: ${answer} ${who}`;
  if (from === 'everybody') return { answer, reason: TO_EVERYBODY[answer], fits: () => true };
  if (from === 'mutuals') return { answer, reason: reason('mutuals'), fits: (_, __, isMutual) => isMutual };
  if ('actors' in from) {
    const actors = new Set(from.actors);
    return { answer, reason: reason('this actor'), fits: (follower) => actors.has(follower) };
  }
  const names = new Set(from.domains.map((domain) => canonicalDomain(domain)));
  return {
    answer,
    reason: reason('this domain'),
    fits: (_, domains) => domains.some((name) => names.has(name)),
  };
}
