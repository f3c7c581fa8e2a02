/**
 * What can happen between three remote actors and two of ours, in few enough words that random choices meet: al and bo
 * live on one server, cy on another; alice lets everybody follow her, carol decides by herself. Al has written one
 * note, bo has answered it with another.
 *
 * A step is a value: the same step again is the same activity again, with the same id.
 */
import fc from 'fast-check';

export const REMOTES = ['al', 'bo', 'cy'] as const;
export const LOCALS = ['alice', 'carol'] as const;
export const NOTES = ['first', 'answer'] as const;
export type Remote = (typeof REMOTES)[number];
export type Local = (typeof LOCALS)[number];
export type Note = (typeof NOTES)[number];

export const OWNER: Readonly<Record<Note, Remote>> = { first: 'al', answer: 'bo' };
/** On which server an actor, and what it wrote, lives. */
export const SERVER: Readonly<Record<Remote, 0 | 1>> = { al: 0, bo: 0, cy: 1 };

/** What an Undo can take back. Of each there may be two, with ids of their own. */
export type Undoable =
  | { readonly do: 'Follow'; readonly by: Remote; readonly to: Local; readonly nth: number }
  | { readonly do: 'Like' | 'Announce'; readonly by: Remote; readonly to: Note; readonly nth: number };

/** An activity that a remote server sends. */
export type Mail =
  | Undoable
  | { readonly do: 'Undo'; readonly by: Remote; readonly of: Undoable; readonly isEmbedded: boolean }
  | { readonly do: 'Create' | 'Delete'; readonly by: Remote; readonly to: Note }
  | { readonly do: 'Update'; readonly by: Remote; readonly to: Note; readonly version: number }
  | { readonly do: 'Block'; readonly by: Remote; readonly to: Local }
  | {
      readonly do: 'Accept' | 'Reject';
      readonly by: Remote;
      readonly of: Ours;
      readonly isEmbedded: boolean;
    };

/** One of ours follows a remote actor. */
export interface Ours {
  readonly by: Local;
  readonly to: Remote;
}

/** What one of ours, or a moderator, does here. */
export type Deed =
  | ({ readonly do: 'follow' } & Ours)
  | {
      readonly do: 'accept' | 'reject';
      readonly by: Remote;
      readonly to: Local;
      readonly nth: number;
    };

export type Step = Mail | Deed;
export type Story = readonly Step[];

export const isDeed = (step: Step): step is Deed => step.do === step.do.toLowerCase();
/** Its values in a row, such as `Like-al-first-1`: part of the activity's id. */
export const nameOf = (step: Step | Ours): string =>
  JSON.stringify(step)
    .replaceAll(/"\w+":/g, '')
    .replaceAll(/\W+/g, '-')
    .slice(1, -1);

const by = fc.constantFrom(...REMOTES);
const to = fc.constantFrom(...LOCALS);
const note = fc.constantFrom(...NOTES);
const nth = fc.constantFrom(1, 2);
const isEmbedded = fc.boolean();
const step = <Value>(shape: { readonly [Key in keyof Value]: fc.Arbitrary<Value[Key]> }) =>
  fc.record(shape as never) as fc.Arbitrary<Value>;

const undoable: fc.Arbitrary<Undoable> = fc.oneof(
  step<Undoable & { do: 'Follow' }>({ do: fc.constant('Follow'), by, to, nth }),
  step<Undoable & { do: 'Like' }>({ do: fc.constantFrom('Like', 'Announce') as never, by, to: note, nth }),
);
const ours = step<Ours>({ by: to, to: by });
/** Mostly whoever has the right to, sometimes somebody else. */
const mostly = <Value extends { by: Remote }>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc
    .tuple(values, fc.integer({ min: 0, max: 4 }), by)
    .map(([value, luck, other]) => (luck === 0 ? { ...value, by: other } : value));

const mail: fc.Arbitrary<Mail> = fc.oneof(
  { weight: 4, arbitrary: undoable },
  {
    weight: 3,
    arbitrary: mostly(
      fc.tuple(undoable, isEmbedded).map(([of, embedded]) => ({
        ...{ do: 'Undo' as const, by: of.by, of, isEmbedded: embedded },
      })),
    ),
  },
  {
    weight: 3,
    arbitrary: mostly(
      fc
        .tuple(note, fc.constantFrom('Create', 'Update', 'Delete'), fc.constantFrom(1, 2, 3))
        .map(
          ([of, verb, version]): Mail =>
            verb === 'Update'
              ? { do: verb, by: OWNER[of], to: of, version }
              : { do: verb as 'Create', by: OWNER[of], to: of },
        ),
    ),
  },
  {
    weight: 2,
    arbitrary: mostly(
      fc
        .tuple(ours, fc.constantFrom('Accept' as const, 'Reject' as const), isEmbedded)
        .map(([of, verb, embedded]) => ({ do: verb, by: of.to, of, isEmbedded: embedded })),
    ),
  },
  { weight: 1, arbitrary: step<Mail & { do: 'Block' }>({ do: fc.constant('Block'), by, to }) },
);
const deed: fc.Arbitrary<Deed> = fc.oneof(
  step<Deed & { do: 'follow' }>({ do: fc.constant('follow'), by: to, to: by }),
  step<Deed & { do: 'accept' }>({
    do: fc.constantFrom('accept', 'reject') as never,
    by,
    to: fc.constant('carol'),
    nth,
  }),
);

/** A story of up to 18 steps; some come again, and nothing waits for what it refers to. */
export const story: fc.Arbitrary<Story> = fc
  .tuple(
    fc.array(fc.oneof({ weight: 6, arbitrary: mail }, { weight: 1, arbitrary: deed }), {
      minLength: 5,
      maxLength: 15,
      size: 'max',
    }),
    fc.array(fc.nat(), { maxLength: 3 }),
  )
  .map(([steps, again]) => [...steps, ...again.map((at) => steps[at % steps.length] as Step)]);
