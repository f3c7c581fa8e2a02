/**
 * What must have come of a sender's letters: the follow requests, their lives, and who follows whom, told from the
 * letters that arrived alone, each counted once. It shares no line with the machines and the activity files.
 */
import type { Sender } from './senders.ts';
import type { Local } from './server-process.ts';

export interface Expected {
  /** Follow id to the states that its request went through. */
  readonly lives: ReadonlyMap<string, readonly string[]>;
  /** Follow ids that were answered with an Accept. */
  readonly accepts: ReadonlySet<string>;
  /** Local actor to its followers. */
  readonly followers: ReadonlyMap<Local, ReadonlySet<string>>;
}

export function expectedOf(senders: readonly Sender[]): Expected {
  const lives = new Map<string, string[]>();
  const accepts = new Set<string>();
  const followers = new Map<Local, Set<string>>();

  for (const { actor, letters } of senders) {
    const alive = new Map<Local, string>();
    const end = (local: Local, id: string): void => {
      lives.get(id)?.push('withdrawn');
      alive.delete(local);
    };
    const acted = new Set<string>();
    const takenBack = new Set<string>();
    for (const { activity, deed, hasArrived } of letters) {
      if (!hasArrived || deed === null || acted.has(activity.id)) continue;
      acted.add(activity.id);
      const { local } = deed;
      const before = alive.get(local);
      if (deed.type === 'undo') {
        // Of a Follow that has not arrived its two ends say which one is meant; and if it comes, it is over already.
        const isKnown = lives.has(deed.followId);
        const meant = isKnown ? deed.followId : before;
        if (meant !== undefined && meant === before) end(local, meant);
        if (!isKnown) takenBack.add(deed.followId);
      } else if (!lives.has(activity.id) && !takenBack.has(activity.id)) {
        const standing = before === undefined ? null : (lives.get(before)?.at(-1) ?? null);
        if (before !== undefined) end(local, before);
        const isYes = standing === null ? local !== 'carol' : standing === 'accepted';
        lives.set(activity.id, isYes ? ['pending', 'accepted'] : ['pending']);
        if (isYes) accepts.add(activity.id);
        alive.set(local, activity.id);
      }
    }
    for (const [local, id] of alive) {
      if (lives.get(id)?.at(-1) !== 'accepted') continue;
      followers.set(local, (followers.get(local) ?? new Set()).add(actor.id));
    }
  }
  return { lives, accepts, followers };
}
