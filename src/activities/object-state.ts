/**
 * What is known of an object after an activity of its owner. The order of arrival does not matter: a Delete wins over
 * everything, also over what comes after it; an Update over the Create and over older Updates.
 */
import { PUBLIC } from '../activity.ts';
import type { ObjectFacts, Retraction } from '../effects.ts';
import { type Change, type Known, type Letter, NO_NEEDS } from './decision.ts';
import { REACTIONS } from './reaction.ts';

/** What must be known about the object of an activity. */
export function needsOfObject({ facts, origin }: Letter) {
  const { actor, objects, inner } = facts;
  const [uri] = objects;
  if (uri === undefined) return NO_NEEDS;
  const retractions: Retraction[] = [uri, actor].map((object) => ({ actor, object }));
  const answered = inner?.inReplyTo;
  const isOurs = answered?.startsWith(`${origin}/`);
  return { ...NO_NEEDS, objects: isOurs ? [uri, answered as string] : [uri], retractions };
}

/** The object as the activity has it, or null when it has only its id, or none: then there is nothing to keep. */
export function objectIn({ facts }: Letter, changedMs: number): ObjectFacts | null {
  const { id: source, actor: owner, objects, inner, addressees } = facts;
  const [uri] = objects;
  if (uri === undefined || inner === null) return null;
  const { type, inReplyTo = null } = inner;
  const isPublic = addressees.includes(PUBLIC);
  return { uri, type, owner, inReplyTo, isDeleted: false, isPublic, source, changedMs };
}

/** Was the object deleted, or its owner, before this came? */
export function isGone(known: Known, { actor, objects }: Letter['facts']): boolean {
  return known.isRetracted(actor, objects[0] as string) || known.isRetracted(actor, actor);
}

/** The object is there, among the replies of what it answers now. */
export function kept(object: ObjectFacts, before?: ObjectFacts, known?: Known): Change[] {
  const changes: Change[] = [{ type: 'keep', object }];
  if (before !== undefined && before.inReplyTo !== object.inReplyTo)
    changes.push(...asReply('leave', before));
  return [...changes, ...asReply('join', object, known)];
}

/** Only a Tombstone is left, among no replies, and nobody likes or shares it any more. */
export function removed(object: ObjectFacts): Change[] {
  const { uri } = object;
  return [
    {
      type: 'keep',
      object: { ...object, type: 'Tombstone', isDeleted: true, isPublic: false, source: null },
    },
    ...asReply('leave', object),
    ...REACTIONS.map((name): Change => ({ type: 'clear', collection: `${uri}/${name}` })),
  ];
}

/** An object enters the replies of what it answers, unless whose that is blocks its owner; or leaves them. */
export function asReply(
  type: 'join' | 'leave',
  { uri: item, owner, inReplyTo }: ObjectFacts,
  known?: Known,
): Change[] {
  if (inReplyTo === null) return [];
  const answered = known?.object(inReplyTo)?.owner;
  if (answered !== undefined && known?.isBlockedBy(answered, owner)) return [];
  return [{ type, membership: { collection: `${inReplyTo}/replies`, item, via: '' } }];
}
