/**
 * Which domains are on probation, for the count against their limits. Nobody is asked where there is no probation; who
 * is established stays so until he is struck, and is asked about again once in a while, not for each activity.
 */
import type { Settings } from '../options.ts';
import type { Statements } from '../store/statement.ts';
import { establishedAmong } from '../store/turns.ts';

export interface Newcomers {
  /** Those of these domains that are on probation, or that nobody has met. */
  among(tx: Statements, domains: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Established domains that are remembered; forgetting them costs one statement. */
const KNOWN_MAX = 100_000;
const NOBODY: ReadonlySet<string> = new Set();

export function createNewcomers({ probation }: Pick<Settings, 'probation'>): Newcomers {
  if (probation === null) return { among: async () => NOBODY };
  let established = new Set<string>();
  return {
    async among(tx, domains) {
      const asked = [...new Set(domains)].filter((name) => !established.has(name));
      if (asked.length === 0) return NOBODY;
      const found = await establishedAmong(tx, asked);
      if (established.size + found.length > KNOWN_MAX) established = new Set();
      for (const name of found) established.add(name);
      return new Set(asked.filter((name) => !established.has(name)));
    },
  };
}
