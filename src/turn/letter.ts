/** A mail as decisions see it, and what must be known about who wants it. */
import type { Letter } from '../activities/decision.ts';
import { domainOf, withParents } from '../activity.ts';
import type { LocalFacts } from '../api.ts';
import type { UserBlock } from '../effects.ts';
import { suspendedAmong } from '../store/actor-rules.ts';
import type { Statements } from '../store/statement.ts';
import type { Mail } from '../store/turns.ts';
import { userBlocksOf } from '../store/user-blocks.ts';
import { FOLLOW_POLICY } from '../verdict.ts';
import { withAnswer } from './filtered.ts';

/** Of a silenced domain requests to follow wait for a decision. */
export function letterOf(mail: Mail, isSilenced = false): Letter {
  const { facts, domain, inbox } = mail;
  // An inbox is our origin and a path.
  const origin = inbox.split('/', 3).join('/');
  const isApproved = facts.pastFilters?.includes(FOLLOW_POLICY);
  const locals = isSilenced ? withAnswer(mail).map(asking) : withAnswer(mail);
  return { facts, domain, origin, inbox, locals, moving: facts.moving, isApproved };
}

/** What would have been accepted at once is asked about. */
function asking(local: LocalFacts): LocalFacts {
  const { follow, locked } = local;
  const asked = { answer: 'ask', reason: 'its domain is silenced' } as const;
  if (follow === undefined)
    return locked ? local : { ...local, follow: { mutual: asked, other: asked, waitMs: null } };
  const { mutual, other } = follow;
  return {
    ...local,
    follow: {
      ...follow,
      mutual: mutual.answer === 'accept' ? asked : mutual,
      other: other.answer === 'accept' ? asked : other,
    },
  };
}

/** Which of the actors of this mail are suspended. Nobody is asked where nobody is. */
export async function suspendedFor(
  tx: Statements,
  mail: readonly Mail[],
  atMs: number,
): Promise<Set<string>> {
  const asked = mail.filter(({ hasSuspensions }) => hasSuspensions);
  return suspendedAmong(tx, [...new Set(asked.map(({ facts }) => facts.actor))], atMs);
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
