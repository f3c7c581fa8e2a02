/**
 * A Move begins follows of another domain than its own, and follow requests live under the lock of their domain. So the
 * turn takes that lock as well; it never waits for one while it holds others. A mail whose target somebody else holds
 * stays for the next turn, with everything that came after it.
 */
import type { Statements } from '../store/statement.ts';
import * as store from '../store/turns.ts';

type Waiting = Map<string, store.Mail[]>;

/** Holds the domains that Moves lead to, and takes from `mail` what has to wait for one. */
export async function holdTargets(
  tx: Statements,
  held: readonly store.HeldDomain[],
  mail: Waiting,
  { atMs, probation }: { readonly atMs: number; readonly probation: { readonly forMs: number } | null },
): Promise<void> {
  const here = new Set(held.map(({ name }) => name));
  const targets = new Set([...mail.values()].flat().flatMap((letter) => targetOf(letter) ?? []));
  const missing = [...targets].filter((name) => !here.has(name)).sort();
  if (missing.length === 0) return;
  await store.insertDomains(
    tx,
    missing.map((name) => store.initialDomain(name, atMs, probation)),
    atMs,
  );
  for (const { name } of await store.holdDomains(tx, missing, atMs)) here.add(name);
  for (const [name, letters] of mail) {
    const first = letters.findIndex((letter) => {
      const target = targetOf(letter);
      return target !== null && !here.has(target);
    });
    if (first === -1) continue;
    if (first === 0) mail.delete(name);
    else mail.set(name, letters.slice(0, first));
  }
}

/** The domain of a Move's target, where that is to be followed. */
function targetOf({ facts: { moving } }: store.Mail): string | null {
  return moving === undefined || 'problem' in moving ? null : moving.to.domain;
}
