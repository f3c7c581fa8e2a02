/**
 * What becomes of held activities, in the transaction that takes them out: nobody decides twice. Approved, their mail
 * goes back to its mailbox with the names of the filters that were asked, so that it meets the others, and acts once.
 */
import { refuseFollow } from '../activities/refusal.ts';
import { World } from '../activities/world.ts';
import type { AuditEntry } from '../api/audit.ts';
import type { Trust } from '../api/held.ts';
import type { HistoryEntry, NewEvent } from '../api.ts';
import { recordAudit } from '../store/audit.ts';
import { decideHeld, type HeldMail, putBack, type ReturnedMail, takeHeld } from '../store/held.ts';
import { appendEvents } from '../store/log.ts';
import type { Statements } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import { followRequestsFor, holdDomainsWaiting, remoteInboxes, writeEffects } from '../store/turns.ts';
import { enterTrust } from './trusted.ts';

export type HeldDecided =
  | {
      readonly verb: 'approve';
      readonly by: string;
      readonly reason: string | null;
      readonly trust: Trust | null;
    }
  | { readonly verb: 'reject'; readonly by: string; readonly reason: string };

/** Decides about these, as far as they are still held; those that it decided about. */
export async function decideAll(
  store: Store,
  keys: readonly { readonly id: string; readonly domain: string }[],
  decided: HeldDecided,
): Promise<HeldMail[]> {
  return store.transaction(async (tx) => {
    await holdDomainsWaiting(tx, [...new Set(keys.map(({ domain }) => domain))]);
    const taken = await takeHeld(
      tx,
      keys.map(({ id }) => id),
    );
    if (taken.length > 0) await decide(tx, taken, decided, store.clock.now());
    return taken;
  });
}

async function decide(
  tx: Statements,
  taken: readonly HeldMail[],
  decided: HeldDecided,
  atMs: number,
): Promise<void> {
  const { verb, by, reason } = decided;
  const ids = taken.map(({ id }) => id);
  const trusting: AuditEntry[] = [];
  if (decided.verb === 'approve') {
    await decideHeld(tx, ids, 'accepted', null, entryOf('approved', by, reason, atMs));
    await putBack(tx, taken.flatMap(returned));
    const targets = taken.flatMap((one) => (decided.trust === null ? [] : [one[decided.trust]]));
    trusting.push(...(await enterTrust(tx, targets, decided, atMs)));
  } else {
    await decideHeld(tx, ids, 'rejected', reason, entryOf('rejected', by, reason, atMs));
    await answer(tx, taken, { by, reason: decided.reason, atMs });
  }
  const entries = taken.map(
    ({ id, domain, filter }): AuditEntry => ({
      ...{ by, verb, subject: { kind: 'held', id }, domain, reason, filter },
      ...{ from: 'held', to: verb === 'approve' ? 'accepted' : 'rejected' },
    }),
  );
  await appendEvents(tx, eventsOf(taken, verb === 'approve' ? 'released' : 'rejected', reason, by, atMs));
  await recordAudit(tx, [...entries, ...trusting], atMs);
}

/** What the log says of it: approved ones come to their end in a turn, all others have. */
export function eventsOf(
  taken: readonly Pick<HeldMail, 'activityId' | 'domain'>[],
  to: 'released' | 'rejected' | 'expired',
  reason: string | null,
  by: string | null,
  atMs: number,
): NewEvent[] {
  return taken.flatMap(({ activityId: key, domain }): NewEvent[] => {
    const decided: NewEvent = { kind: 'hold', atMs, key, domain, to, reason, by };
    if (to === 'released') return [decided];
    return [decided, { kind: 'activity', atMs, key, domain, to: to === 'expired' ? 'dropped' : 'rejected' }];
  });
}

/** The mail of an approved activity: the filters that were asked about it are past. */
function returned({ domain, mail, asked, filter }: HeldMail): ReturnedMail[] {
  const pastFilters = [...new Set([...asked, filter])];
  return mail.map(({ facts, ...rest }) => ({ ...rest, domain, facts: { ...facts, pastFilters } }));
}

/** An entry of a history: what a moderator has decided. */
export function entryOf(
  what: 'approved' | 'rejected' | 'extended',
  by: string,
  reason: string | null,
  atMs: number,
): HistoryEntry {
  const at = new Date(atMs).toISOString();
  return { at, what, by, ...(reason === null ? {} : { reason }) };
}

/** Answers the Follows among what a moderator has refused. */
async function answer(
  tx: Statements,
  taken: readonly HeldMail[],
  refusal: { readonly reason: string; readonly by: string; readonly atMs: number },
): Promise<void> {
  const follows = taken.flatMap(({ type, actor, mail: [first] }) =>
    type === 'Follow' && first !== undefined ? [{ actor, facts: first.facts }] : [],
  );
  if (follows.length === 0) return;
  const pairs = follows.flatMap(({ actor, facts }) =>
    facts.objects.slice(0, 1).map((following) => ({ follower: actor, following })),
  );
  const world = new World(refusal.atMs, {
    requests: await followRequestsFor(tx, { pairs }),
    inboxes: await remoteInboxes(tx, [...new Set(follows.map(({ actor }) => actor))]),
  });
  for (const { facts } of follows) refuseFollow(world, { facts, locals: facts.locals }, refusal);
  await writeEffects(tx, world.effects(), refusal.atMs);
}
