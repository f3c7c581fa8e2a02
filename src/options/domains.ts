/** The options by which remote domains are treated, beyond their limit: shapes and their check. */
import type { Duration } from './duration.ts';

export interface DomainPolicyOptions {
  /** Strikes (times a domain ran into its limit or was struck by a filter) after which it is blocked for `strikeBlock`. @default off */
  readonly blockAfterStrikes?: number | undefined;
  /** How long a block by strikes lasts. @default '7 days' */
  readonly strikeBlock?: Duration | undefined;
  /** After so long in good standing the strikes of a domain are forgotten. @default '30 days' */
  readonly strikeDecay?: Duration | undefined;
  /** By how much each further strike makes a limit longer: 2 doubles it, up to a week. @default 1: always the rest of the window */
  readonly limitGrowth?: number | undefined;
  /** New domains may send only `limit` in each window of `rateLimit`, until they have been in good standing `for` so long. @default off */
  readonly probation?: { readonly for: Duration; readonly limit: number } | undefined;
  /** Who may come in: everybody who is not blocked, or only domains with the rule `allow`. @default 'open' */
  readonly federation?: 'open' | 'allowlist' | undefined;
  /**
   * How a blocked domain is answered. With 202 neither it nor anybody else can find out who is blocked: nothing it sends
   * has an effect, but each request costs a signature first, because a name alone is answered as any other. @default 403
   */
  readonly blockedAnswer?: 403 | 202 | undefined;
}

/** The same, checked; durations in milliseconds. */
export interface DomainPolicySettings {
  readonly blockAfterStrikes: number | null;
  readonly strikeBlockMs: number;
  readonly strikeDecayMs: number;
  readonly limitGrowth: number;
  readonly probation: { readonly forMs: number; readonly limit: number } | null;
  readonly federation: 'open' | 'allowlist';
  readonly blockedAnswer: 403 | 202;
}

type Report = (option: string, value: unknown, problem: string) => void;
interface Check {
  durationMs(option: string, value: unknown): number;
  whole(option: string, value: unknown, least: number, most: number): number;
}

const GROWTH_MAX = 10;

/** The settings; of no use where there are faults. */
export function checkDomainPolicy(
  options: DomainPolicyOptions,
  check: Check,
  report: Report,
): DomainPolicySettings {
  const { blockAfterStrikes, limitGrowth = 1, probation, federation = 'open', blockedAnswer = 403 } = options;
  if (typeof limitGrowth !== 'number' || !(limitGrowth >= 1 && limitGrowth <= GROWTH_MAX))
    report('limitGrowth', limitGrowth, `not a number from 1 to ${GROWTH_MAX}`);
  if (federation !== 'open' && federation !== 'allowlist')
    report('federation', federation, 'neither open nor allowlist');
  if (blockedAnswer !== 403 && blockedAnswer !== 202)
    report('blockedAnswer', blockedAnswer, 'neither 403 nor 202');
  return {
    blockAfterStrikes:
      blockAfterStrikes == null ? null : check.whole('blockAfterStrikes', blockAfterStrikes, 1, 1_000),
    strikeBlockMs: check.durationMs('strikeBlock', options.strikeBlock ?? '7 days'),
    strikeDecayMs: check.durationMs('strikeDecay', options.strikeDecay ?? '30 days'),
    limitGrowth,
    probation:
      probation == null
        ? null
        : {
            forMs: check.durationMs('probation.for', probation.for),
            limit: check.whole('probation.limit', probation.limit, 1, 1_000_000_000),
          },
    federation,
    blockedAnswer,
  };
}
