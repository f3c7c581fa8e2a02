/** What a built-in filter is: what it says of itself, and the filter that is made of its settings. */
import type { Activity } from '../../api.ts';
import type { Outcome, Use } from '../../options/filters/fields.ts';
import type { BuiltInVerdict, FilterSettings as Settings } from '../../options.ts';
import type { FilterVerdict } from '../../verdict.ts';
import type { SeenContext } from '../chain.ts';

export type { Use };
export type SettingsOf<Name extends Use> = Extract<Settings, { use: Name }>;

/** What filters may use that are more than their settings. All of it is there once the house is open. */
export interface Supplies {
  /** Was anything of this actor processed or approved, or does one of ours follow it? */
  isKnown(actor: string): Promise<boolean>;
  /** Is something stored of this URI, or is it on our own origin? Together for all that wait. */
  isStored(uri: string): Promise<boolean>;
  /** Is this on our own origin? */
  isOurs(uri: string): boolean;
  /** POSTs JSON to a URL of the operator's. Rejects where nothing comes back that could be an answer. */
  ask(url: string, question: object, signal: AbortSignal): Promise<unknown>;
}

type Answer = FilterVerdict | undefined;

/** A filter that comes with the package. Its options are described in `options/filters/fields.ts`. */
export interface BuiltIn<Name extends Use> {
  /** What it does, in one line. */
  readonly effect: string;
  make(
    settings: SettingsOf<Name>,
    supplies: () => Supplies,
  ): (activity: Activity, context: SeenContext) => Answer | Promise<Answer>;
}

/** The verdict that a configuration asks for, about what was found. */
export function verdictOf(
  { verdict, strike, points, for: forMs, until: untilMs }: Outcome,
  reason: string,
  saw?: string | number,
  instead: BuiltInVerdict | null = verdict,
): FilterVerdict {
  const said = { reason, ...(saw === undefined ? {} : { saw: String(saw) }) };
  switch (instead) {
    case 'drop':
    case 'reject':
      return { ...said, type: instead, strike };
    case 'limit':
      return { ...said, type: 'limit', ...(forMs === null ? {} : { for: `${forMs} ms` }) };
    case 'score':
      return { ...said, type: 'score', points: points ?? 1 };
    case 'shadow':
      return { ...said, type: 'shadow' };
    default:
      return { ...said, type: 'hold', ...(untilMs === null ? {} : { until: `${untilMs} ms` }) };
  }
}
