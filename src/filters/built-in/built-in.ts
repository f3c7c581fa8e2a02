/** What a built-in filter is: what it says of itself, and the filter that is made of its settings. */
import type { Filter } from '../../api.ts';
import type { BuiltInFilter, BuiltInVerdict, FilterSettings } from '../../options.ts';
import type { FilterVerdict } from '../../verdict.ts';

export type Use = BuiltInFilter['use'];

/** What an option of a filter is, for whoever shows or asks for it. */
export interface OptionDescription {
  readonly meaning: string;
  /** As it is written in a configuration. */
  readonly example: unknown;
  /** Null where it has to be given. */
  readonly byDefault: string | null;
}

/** What filters may use that are more than their settings. All of it is there once the house is open. */
export interface Supplies {
  /** Was anything of this actor processed or approved, or does one of ours follow it? */
  isKnown(actor: string): Promise<boolean>;
  /** POSTs JSON to a URL of the operator's. Rejects where nothing comes back that could be an answer. */
  ask(url: string, question: object, signal: AbortSignal): Promise<unknown>;
}

/** A filter that comes with the package. */
export interface BuiltIn<Name extends Use> {
  readonly use: Name;
  /** What it does, in one line. */
  readonly effect: string;
  /** Its options besides `name` and `verdict`, which all have. */
  readonly options: {
    readonly [Option in keyof Omit<
      Extract<BuiltInFilter, { use: Name }>,
      'use' | 'name' | 'verdict'
    >]-?: OptionDescription;
  };
  make(settings: Extract<FilterSettings, { use: Name }>, supplies: () => Supplies): Filter;
}

export const verdictOf = (type: BuiltInVerdict, reason: string): FilterVerdict => ({ type, reason });
