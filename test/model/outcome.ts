/** What can be seen from outside once a story is over: the reference says it of itself, and play.ts asks the servers. */
import { LOCALS, NOTES, type Note, OWNER, type Undoable } from './steps.ts';

export interface Expected {
  /** `alice followers` and so on, with the names of remote actors. */
  readonly collections: Record<string, string[]>;
  /** Follows that are not withdrawn, by the name of the step that made them: pending, accepted or rejected. */
  readonly follows: Record<string, string>;
  readonly notes: Record<Note, NoteState>;
  /** How each activity ended, by the name of its step. */
  readonly statuses: Record<string, 'processed' | 'rejected'>;
}

export interface NoteState {
  readonly type: string | null;
  readonly owner: string | null;
  readonly deleted: boolean;
  readonly likes: number;
  readonly shares: number;
  readonly replies: number;
}

/** The type that a note has in each of its versions; a Create brings version 0. */
export const TYPES = ['Note', 'Article', 'Page', 'Question'] as const;

/** What the reference remembers. */
export interface State {
  readonly follows: ReadonlyMap<string, Follow>;
  readonly reactions: ReadonlyMap<string, Undoable>;
  readonly notes: ReadonlyMap<Note, { readonly version: number; readonly isDeleted: boolean }>;
  readonly statuses: Expected['statuses'];
}

export interface Follow {
  readonly from: string;
  readonly to: string;
  state: 'pending' | 'accepted' | 'rejected' | 'withdrawn';
}

export function outcomeOf({ follows, reactions, notes, statuses }: State): Expected {
  const accepted = [...follows.values()].filter(({ state }) => state === 'accepted');
  const reacted = (to: Note, verb: string) =>
    new Set([...reactions.values()].filter((one) => one.do === verb && one.to === to).map((one) => one.by))
      .size;
  return {
    statuses,
    follows: Object.fromEntries(
      [...follows].filter(([, { state }]) => state !== 'withdrawn').map(([name, { state }]) => [name, state]),
    ),
    collections: Object.fromEntries(
      LOCALS.flatMap((local) => [
        [
          `${local} followers`,
          accepted
            .filter(({ to }) => to === local)
            .map(({ from }) => from)
            .sort(),
        ],
        [
          `${local} following`,
          accepted
            .filter(({ from }) => from === local)
            .map(({ to }) => to)
            .sort(),
        ],
      ]),
    ),
    notes: Object.fromEntries(
      NOTES.map((note) => {
        const known = notes.get(note);
        const isThere = (of: Note) => notes.has(of) && notes.get(of)?.isDeleted === false;
        return [
          note,
          {
            type: known === undefined ? null : known.isDeleted ? 'Tombstone' : (TYPES[known.version] ?? null),
            owner: known === undefined ? null : OWNER[note],
            deleted: known?.isDeleted ?? false,
            likes: reacted(note, 'Like'),
            shares: reacted(note, 'Announce'),
            replies: note === 'first' && isThere('answer') ? 1 : 0,
          },
        ];
      }),
    ) as Expected['notes'],
  };
}
