/** A mail as decisions see it, and what must be known about who wants it. */
import type { Letter } from '../activities/decision.ts';
import { domainOf, withParents } from '../activity.ts';
import type { UserBlock } from '../effects.ts';
import type { Statements } from '../store/statement.ts';
import type { Mail } from '../store/turns.ts';
import { userBlocksOf } from '../store/user-blocks.ts';
import { FOLLOW_POLICY } from '../verdict.ts';
import { withAnswer } from './filtered.ts';

export function letterOf(mail: Mail): Letter {
  const { facts, domain, inbox } = mail;
  // An inbox is our origin and a path.
  const origin = inbox.split('/', 3).join('/');
  const isApproved = facts.pastFilters?.includes(FOLLOW_POLICY);
  return { facts, domain, origin, inbox, locals: withAnswer(mail), moving: facts.moving, isApproved };
}

/** Which of our actors block the senders of this mail, or whom a Move leads to. Nobody is asked where nobody blocks. */
export async function blocksFor(tx: Statements, mail: readonly Mail[]): Promise<UserBlock[]> {
  const asked = mail.filter(({ hasUserBlocks }) => hasUserBlocks);
  const targets = new Set<string>();
  for (const { facts } of asked) {
    const { actor, moving } = facts;
    const actors = moving === undefined || 'problem' in moving ? [actor] : [actor, moving.to.id];
    for (const id of actors) for (const name of [id, ...withParents(domainOf(id) ?? '')]) targets.add(name);
  }
  return userBlocksOf(tx, [...targets]);
}
