/**
 * What an actor may speak for, as far as the activity itself shows. A host is no owner: everybody on it has an id of
 * its origin. So an object is an actor's own when it is on the actor's origin and nobody else's by what it says; what
 * is known of it from before decides the rest.
 */
import { type Facts, originOf } from '../activity.ts';

const ACTOR_TYPES = new Set(['Application', 'Group', 'Organization', 'Person', 'Service']);

/** Why the objects of an activity are not its actor's own, or null. */
export function objectProblem({ actor, objects, inner }: Facts): string | null {
  const origin = originOf(actor);
  if (objects.some((object) => originOf(object) !== origin)) return 'the object is on another origin';
  if (inner === null) return null;
  if (ACTOR_TYPES.has(inner.type ?? '') && objects[0] !== actor) return 'the object is another actor';
  const owners = inner.owners ?? (inner.actor === null ? [] : [inner.actor]);
  if (owners.some((owner) => originOf(owner) !== origin))
    return 'the object is attributed to somebody else, too';
  return owners.length === 0 || owners.includes(actor) ? null : 'the object is attributed to somebody else';
}

/** Why the collection that an activity changes is not its actor's own, or null. */
export function targetProblem({ actor, target }: Facts): string | null {
  return target === null || originOf(target) === originOf(actor)
    ? null
    : 'the collection is on another origin';
}
