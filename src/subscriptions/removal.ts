/** The end of a subscription: its rules go, or become rules of people here. */
import type { ChangeNote } from '../api/rules.ts';
import { recordAudit } from '../store/audit.ts';
import { appliedEntries } from '../store/subscription-entries.ts';
import { deleteSubscription, type Held, isStillHeld, type Standing } from '../store/subscriptions.ts';
import { wishOf } from './opinion.ts';
import { changeActors, type SettlingParts, sourceOf } from './settling.ts';

const PAGE = 200;
const MANUAL = 'manual';

/** Goes on with a removal that somebody began, and died at. */
export async function finishRemoval(parts: SettlingParts, held: Held): Promise<Standing | null> {
  await remove(parts, held, { by: held.removedBy as string, reason: `the list ${held.name} is removed` });
  return null;
}

/** Takes a list's rules back or adopts them, and forgets it; how many rules that were. */
export async function remove(parts: SettlingParts, held: Held, note: ChangeNote): Promise<number> {
  const { store, rules, actors } = parts;
  const applied = await appliedEntries(store, held.id);
  const ofKind = (wanted: 'domain' | 'actor'): string[] =>
    applied.filter(({ kind }) => kind === wanted).map(({ key }) => key);
  if (held.onRemove === 'adopt') await adopt(parts, applied, ofKind('actor'), note);
  const source = sourceOf(held.id);
  const domains = ofKind('domain');
  if (domains.length > 0) {
    const retracting = await rules.apply({ source, put: [], remove: domains }, { ...note, kind: 'list' });
    await retracting.settled;
  }
  await changeActors(actors, { source, suspend: [], restore: ofKind('actor') }, note);
  await store.transaction(async (tx) => {
    if (!(await isStillHeld(tx, held))) return;
    await deleteSubscription(tx, held.id);
    const entry = { by: note.by, verb: 'remove', reason: note.reason ?? null, to: held.onRemove };
    await recordAudit(tx, [{ ...entry, subject: { kind: 'subscription', id: held.id } }], store.clock.now());
  });
  return applied.length;
}

/** Where people here have an opinion of their own, theirs stands. */
async function adopt(
  { rules, actors }: SettlingParts,
  applied: Awaited<ReturnType<typeof appliedEntries>>,
  suspended: readonly string[],
  note: ChangeNote,
): Promise<void> {
  const own = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await rules.list({ source: MANUAL, limit: PAGE, cursor });
    for (const { domain } of page.items) own.add(domain);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  const put = applied
    .filter(({ kind, key }) => kind === 'domain' && !own.has(key))
    .map(({ key, applied: text }) => wishOf(key, text as string));
  if (put.length > 0) {
    const adopting = await rules.apply({ source: MANUAL, put, remove: [] }, { ...note, kind: 'list' });
    await adopting.settled;
  }
  await changeActors(actors, { source: MANUAL, suspend: suspended, restore: [] }, note);
}
