/** A filter as it was registered, by whoever. */
import type { Activity, Filter, FilterContext } from '../api.ts';

export type AnyFilter = (activity: Activity, context: FilterContext) => unknown;

export interface Registered {
  readonly name: string;
  /** Null stands for every type. */
  readonly type: string | null;
  readonly filter: Filter<never>;
  readonly timeoutMs: number;
  readonly fallback: 'hold' | 'accept' | 'drop';
  readonly isShadow: boolean;
  /** Hooks run after all that are none. */
  readonly isHook: boolean;
  /** What it does, in one line. @default nothing is said */
  readonly effect?: string | null;
  /** The built-in filter that it is. @default none */
  readonly builtIn?: {
    readonly use: string;
    readonly verdict: string | null;
    /** As they may be shown. */
    readonly settings: Readonly<Record<string, unknown>>;
  };
}
