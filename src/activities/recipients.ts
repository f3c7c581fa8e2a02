/** Whom an activity reaches here, and whom not because he wants to hear nothing of its actor. */
import { type Decision, dropped, type Known, type Letter } from './decision.ts';
import { reactionsTo } from './reaction.ts';

/**
 * What takes something back, ends something, or goes to the moderators: it has its effect also where all who would
 * receive it block its actor. It is in none of their inboxes.
 */
const NOT_STOPPED = new Set(['Block', 'Delete', 'Flag', 'Follow', 'Move', 'Reject', 'Undo']);

/** Why an activity was dropped that nobody wanted to have: for another inbox it may still have its effect. */
export const UNWANTED = 'all that it would reach block its actor';

/** Our actors whom an activity reaches, in whose inbox it will be. ActivityPub 5.2 */
export function recipientsOf(letter: Letter, known: Known): string[] {
  const { actor, type } = letter.facts;
  // A report is for the moderators alone: whom it is about must not learn who made it.
  if (type === 'Flag') return [];
  return concerned(letter, known).filter((local) => !known.isBlockedBy(local, actor));
}

/** Silence, when all whom it concerns here block its actor; else null. */
export function unwanted(letter: Letter, known: Known): Decision | null {
  const { actor, type } = letter.facts;
  if (!known.hasBlocks || NOT_STOPPED.has(type)) return null;
  const locals = concerned(letter, known);
  const isUnwanted = locals.length > 0 && locals.every((local) => known.isBlockedBy(local, actor));
  return isUnwanted ? dropped(UNWANTED) : null;
}

/**
 * The local actors that it names, the owner of the inbox it came to, and those that it addresses as followers. A reaction
 * that names nobody concerns the owner of its object: few servers address a Like.
 */
function concerned({ facts, locals, origin }: Letter, known: Known): string[] {
  const { actor, addressees, objects, type } = facts;
  const reached = new Set([...locals.map(({ id }) => id), ...known.followersAmong(actor, addressees)]);
  const [object] = objects;
  if (
    reached.size === 0 &&
    addressees.length === 0 &&
    object !== undefined &&
    reactionsTo(type, object) !== null
  ) {
    const owner = known.object(object)?.owner;
    if (owner?.startsWith(`${origin}/`)) reached.add(owner);
  }
  return [...reached];
}
