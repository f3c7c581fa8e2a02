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
  // A reaction that reaches nobody here still shows on what it is about.
  const owner = locals.length === 0 ? ownerHere(letter, known) : undefined;
  const all = owner === undefined ? locals : [owner];
  const isUnwanted = all.length > 0 && all.every((local) => known.isBlockedBy(local, actor));
  return isUnwanted ? dropped(UNWANTED) : null;
}

/** What is about somebody, whomever it names besides: he has it. */
const ABOUT_SOMEBODY = new Set(['Accept', 'Block', 'Follow', 'Reject', 'Undo']);

/**
 * The local actors that it addresses, those that follow its actor and are addressed so, and the owner of the inbox it
 * came to. What addresses nobody concerns those that it names, and a reaction the owner of its object: few servers
 * address a Like. Who is only named beside those that are addressed is not meant.
 */
function concerned(letter: Letter, known: Known): string[] {
  const { facts, locals, inbox } = letter;
  const { actor, addressees, type } = facts;
  const isForAllNamed = addressees.length === 0 || ABOUT_SOMEBODY.has(type);
  const named = new Set(addressees);
  const meant = locals.filter(({ id }) => isForAllNamed || named.has(id) || inbox === `${id}/inbox`);
  const reached = new Set([...meant.map(({ id }) => id), ...known.followersAmong(actor, addressees)]);
  const owner = reached.size === 0 && addressees.length === 0 ? ownerHere(letter, known) : undefined;
  return owner === undefined ? [...reached] : [owner];
}

/** Whose is what a reaction is about, where that is one of ours? */
function ownerHere({ facts: { type, objects }, origin }: Letter, known: Known): string | undefined {
  const [object] = objects;
  if (object === undefined || reactionsTo(type, object) === null) return undefined;
  const owner = known.object(object)?.owner;
  return owner?.startsWith(`${origin}/`) ? owner : undefined;
}
