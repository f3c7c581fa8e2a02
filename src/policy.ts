/**
 * What rules about domains come to: the opinions of all sources about one domain, and the rule that decides about a
 * domain among its own and those of its parents. Pure.
 */
import { withParents } from './activity.ts';
import type { Policy, Severity } from './api/rules.ts';

/** Whose opinions are those of people here. */
export const MANUAL = 'manual';

/** One source's opinion, as far as it decides anything. */
export interface Opinion extends Policy {
  readonly source: string;
}

/** What all opinions of one domain come to, and whose it is. */
export type Merged = Opinion;

const HARDNESS: Readonly<Record<Severity, number>> = { allow: 0, none: 1, silence: 2, block: 3 };

/**
 * What people here say beats every list. Among lists `allow` beats all others, the hardest of those counts, and every
 * flag; of equals the first by name is named, so it is the same in whichever order they are read. Null where nobody says
 * anything.
 */
export function merge(unsorted: readonly Opinion[]): Merged | null {
  const opinions = unsorted.toSorted((a, b) => (a.source < b.source ? -1 : 1));
  const manual = opinions.find(({ source }) => source === MANUAL);
  const allowing = opinions.find(({ severity }) => severity === 'allow');
  const said = manual ?? allowing;
  if (said !== undefined) {
    const { source, severity, rejectMedia, rejectReports } = said;
    return { source, severity, rejectMedia, rejectReports };
  }
  const [first, ...others] = opinions;
  if (first === undefined) return null;
  const hardest = others.reduce((a, b) => (HARDNESS[b.severity] > HARDNESS[a.severity] ? b : a), first);
  return {
    ...{ source: hardest.source, severity: hardest.severity },
    rejectMedia: opinions.some(({ rejectMedia }) => rejectMedia),
    rejectReports: opinions.some(({ rejectReports }) => rejectReports),
  };
}

/** What a rule says besides what it does. */
export interface Said {
  readonly source: string;
  readonly reason: string | null;
  readonly by: string;
  readonly untilMs: number | null;
  readonly reviewAtMs: number | null;
  readonly publicComment: string | null;
  readonly privateComment: string | null;
}

/** What a domain's machine is told with a block by a rule: of a person's the person's name, of a list's the list's. */
export function closingBy(rule: Said, atMs: number) {
  const { source, reason, untilMs, reviewAtMs, publicComment, privateComment } = rule;
  const by = source === MANUAL ? rule.by : source;
  return { atMs, reason, by, untilMs, reviewAtMs, publicComment, privateComment };
}

/** What is known of a domain by its own name. */
export interface Standing {
  /** Is its machine shut? */
  readonly isShut: boolean;
  /** What its rules come to; null where it has none. */
  readonly policy: Merged | null;
}

/** The rule that decides about a domain. */
export interface Ruling extends Standing {
  /** Itself, or the nearest of its parents of which anything is known that decides. */
  readonly domain: string;
}

/**
 * The rule about the longest name decides: one about a subdomain lifts, for it, what is said of its parents. Only a
 * list's rule never lifts what a person here said of a parent.
 */
export function rulingOn(domain: string, standingOf: (name: string) => Standing | undefined): Ruling | null {
  let listed: Ruling | null = null;
  for (const name of withParents(domain)) {
    const standing = standingOf(name);
    if (standing === undefined || (!standing.isShut && standing.policy === null)) continue;
    const { isShut, policy } = standing;
    const ruling = { domain: name, isShut, policy };
    const isList = !isShut && policy !== null && policy.source !== MANUAL;
    if (listed === null && !isList) return ruling;
    if (listed !== null && policy?.source === MANUAL) return harder(ruling, listed);
    listed ??= ruling;
  }
  return listed;
}

/** The harder of both, with what either refuses. */
function harder(person: Ruling, list: Ruling): Ruling {
  const hardnessOf = ({ policy }: Ruling): number => (policy === null ? 0 : HARDNESS[policy.severity]);
  const ruling = hardnessOf(person) > hardnessOf(list) ? person : list;
  if (ruling.policy === null) return ruling;
  const either = (flag: 'rejectMedia' | 'rejectReports'): boolean =>
    [person, list].some(({ policy }) => policy?.[flag] === true);
  const flags = { rejectMedia: either('rejectMedia'), rejectReports: either('rejectReports') };
  return { ...ruling, policy: { ...ruling.policy, ...flags } };
}

/** May activities of this domain act, where only allowed ones may, or where all may that are not blocked? */
export function mayEnter(ruling: Ruling | null, federation: 'open' | 'allowlist'): boolean {
  if (ruling?.isShut) return false;
  return federation === 'open' || ruling?.policy?.severity === 'allow';
}
