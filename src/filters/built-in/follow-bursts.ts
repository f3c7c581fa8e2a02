/**
 * Follows by the dozen, from one actor or from the many of one domain. This process counts what it is asked about, in
 * bounded memory; several processes count each for itself.
 */
import { type BuiltIn, verdictOf } from './built-in.ts';

const KEYS_MAX = 10_000;

export const followBursts: BuiltIn<'follow-bursts'> = {
  effect: 'finds more Follows of an actor or a domain in a window than this',
  make: (settings) => {
    const { perActor, perDomain, window } = settings;
    const windows = new Map<string, { readonly sinceMs: number; count: number }>();
    const countOf = (key: string, atMs: number, isDryRun: boolean): number => {
      const before = windows.get(key);
      const isOver = before === undefined || atMs - before.sinceMs >= window;
      const counted = isOver ? { sinceMs: atMs, count: 0 } : before;
      if (isDryRun) return counted.count + 1;
      if (isOver) {
        windows.delete(key);
        if (windows.size >= KEYS_MAX) windows.delete(windows.keys().next().value as string);
        windows.set(key, counted);
      }
      return ++counted.count;
    };
    return ({ type, actor: { uri, domain }, receivedAt }, { isDryRun }) => {
      if (type !== 'Follow') return undefined;
      const atMs = receivedAt.getTime();
      const byActor = perActor === null ? 0 : countOf(uri, atMs, isDryRun);
      const byDomain = perDomain === null ? 0 : countOf(domain, atMs, isDryRun);
      if (perActor !== null && byActor > perActor)
        return verdictOf(settings, `${byActor} Follows of one actor in a window`, byActor);
      if (perDomain !== null && byDomain > perDomain)
        return verdictOf(settings, `${byDomain} Follows of one domain in a window`, byDomain);
      return undefined;
    };
  },
};
