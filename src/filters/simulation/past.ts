/**
 * What was known when an activity came, as far as it is recorded: read for a page of them at once, and kept true by what
 * the policy would have let pass. The order is that of arrival, so what came later is not known yet.
 */

import type { SimulatedOutcome } from '../../api/simulations.ts';
import type { ActorFacts } from '../../api.ts';
import {
  knownBefore,
  type RecordedActivity,
  type RecordedFollow,
  type RecordedObject,
  recordedFollows,
  recordedObjects,
} from '../../store/simulations.ts';
import type { Store } from '../../store/store.ts';

/** Actors and activities that are remembered. Beyond that a note says what may be missing. */
const REMEMBERED_MAX = 500_000;

/** The moment at which something is asked. */
export interface Moment {
  readonly id: string;
  readonly atMs: number;
}

export interface Past {
  /** Reads what has to be known about these, and about what they answer. */
  read(page: readonly RecordedActivity[], answered: readonly string[]): Promise<void>;
  isKnown(actor: string, moment: Moment): boolean;
  isStored(uri: string, moment: Moment): boolean;
  factsOf(actor: string, moment: Moment): ActorFacts;
  /** The policy has decided. */
  enter(activity: RecordedActivity, recorded: SimulatedOutcome, to: SimulatedOutcome): void;
  /** There were more than can be remembered. */
  readonly hasForgotten: boolean;
}

export function createPast(store: Store, beganMs: number): Past {
  /** Actors about whom the time before the window was asked, and those of whom something has had its effect. */
  const met = new Set<string>();
  const known = new Set<string>();
  /** Activities that had their effect, and would not have it. */
  const stopped = new Set<string>();
  let follows = new Map<string, readonly RecordedFollow[]>();
  let objects = new Map<string, readonly RecordedObject[]>();
  let hasForgotten = false;
  const remember = (set: Set<string>, value: string): void => {
    if (set.size < REMEMBERED_MAX) set.add(value);
    else hasForgotten = true;
  };
  return {
    async read(page, answered) {
      const actors = [...new Set(page.map(({ actorId }) => actorId))];
      const strangers = actors.filter((actor) => !met.has(actor) && !known.has(actor));
      const domains = [...new Set(page.map(({ domain }) => domain))];
      for (const actor of await knownBefore(store, strangers, domains, beganMs)) remember(known, actor);
      for (const actor of strangers) remember(met, actor);
      follows = Map.groupBy(await recordedFollows(store, actors), ({ actor }) => actor);
      objects = Map.groupBy(await recordedObjects(store, [...new Set(answered)]), ({ uri }) => uri);
    },
    isKnown(actor, { atMs }) {
      if (known.has(actor)) return true;
      return (follows.get(actor) ?? []).some(({ isOutgoing, askedMs }) => isOutgoing && askedMs <= atMs);
    },
    isStored(uri, { id, atMs }) {
      return (objects.get(uri) ?? []).some((one) => {
        if (one.activityId !== null && stopped.has(one.activityId)) return false;
        if (one.id !== null) return BigInt(one.id) < BigInt(id);
        return one.sinceMs === null || one.sinceMs <= atMs;
      });
    },
    factsOf(actor, { atMs }) {
      const standing = (follows.get(actor) ?? []).filter(
        (one) => one.isAccepted && one.sinceMs <= atMs && !stopped.has(one.activityId),
      );
      return {
        isFollowedHere: standing.some(({ isOutgoing }) => isOutgoing),
        followsHere: standing.some(({ isOutgoing }) => !isOutgoing),
        // No built-in filter asks for blocks.
        blocks: 0,
      };
    },
    enter({ type, actorId, activityId, objectId }, recorded, to) {
      if (to === 'processed') remember(known, actorId);
      if (to === 'processed' || recorded !== 'processed') return;
      remember(stopped, activityId);
      // Without their Accept nobody here follows them.
      if (type === 'Accept' && objectId !== null) remember(stopped, objectId);
    },
    get hasForgotten() {
      return hasForgotten;
    },
  };
}
