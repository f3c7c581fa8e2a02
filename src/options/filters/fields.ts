/**
 * What each built-in filter can be told, as data: the check reads it, and so does whoever shows or asks for a filter. So
 * what is described is what is checked.
 */
import type { BuiltInFilter, BuiltInOptions, BuiltInVerdict } from './shape.ts';

interface Basics {
  readonly meaning: string;
  /** As it is written in a configuration. */
  readonly example: unknown;
  /** As it is written in a configuration. Absent: it has to be given. Null: then `otherwise` says what counts. */
  readonly byDefault?: string | number | boolean | null;
  readonly otherwise?: string;
}
/** An option of a filter. */
export type FilterField = Basics &
  (
    | { readonly kind: 'words' | 'patterns' | 'names' | 'domains' | 'url' | 'duration' | 'yesNo' }
    | { readonly kind: 'whole'; readonly least: number; readonly most: number }
    | { readonly kind: 'points' }
    | { readonly kind: 'choice'; readonly choices: readonly string[] }
  );

/** The uses of filters. */
export type Use = BuiltInFilter['use'];
type OptionsOf<Name extends Use> = Exclude<
  keyof Extract<BuiltInFilter, { use: Name }>,
  'use' | keyof BuiltInOptions
>;

export const VERDICTS = ['drop', 'reject', 'hold', 'limit', 'score', 'shadow'] as const;
export const FALLBACKS = ['hold', 'accept', 'drop'] as const;

/** The options of all filters besides `use`, `name` and `verdict`. */
export const SHARED = {
  strike: {
    kind: 'yesNo',
    meaning: 'with drop and reject: what it finds is a strike against the domain',
    example: true,
    byDefault: null,
    otherwise: 'true for keywords and patterns, else false',
  },
  points: {
    kind: 'points',
    meaning: 'with score: how many points; below zero they speak for it',
    example: 3,
    byDefault: null,
    otherwise: 'has to be given with score',
  },
  for: {
    kind: 'duration',
    meaning: 'with limit: for how long the domain is rate-limited; at most 90 days',
    example: '1 hour',
    byDefault: null,
    otherwise: 'one window of rateLimit',
  },
  until: {
    kind: 'duration',
    meaning: 'with hold: how long a moderator has; then it is dropped',
    example: '3 days',
    byDefault: null,
    otherwise: '30 days',
  },
} as const satisfies Readonly<Record<string, FilterField>>;

const MILLION = 1_000_000;
const count = { kind: 'whole', least: 0, most: MILLION } as const;
const step = { ...count, byDefault: null, otherwise: 'no such step' } as const;

/** A filter besides its code. */
interface FilterDescription<Name extends Use> {
  /** Null where the filter says what becomes of what it finds. */
  readonly verdict: BuiltInVerdict | null;
  /** A drop and a reject of it are strikes, unless it is said otherwise. @default false */
  readonly strikes?: true;
  readonly options: { readonly [Option in OptionsOf<Name>]-?: FilterField };
}

export const FILTERS = {
  keywords: {
    verdict: 'hold',
    strikes: true,
    options: {
      words: { kind: 'words', meaning: 'words and phrases', example: ['buy now', 'limited offer'] },
      wholeWords: {
        kind: 'yesNo',
        meaning: 'only where no letter and no digit stands beside it',
        example: true,
        byDefault: false,
      },
    },
  },
  patterns: {
    verdict: 'hold',
    strikes: true,
    options: {
      patterns: {
        kind: 'patterns',
        meaning: 'regular expressions of RE2, without lookaround and back references',
        example: ['(cheap|free)\\W{0,3}pills'],
      },
      ignoreCase: {
        kind: 'yesNo',
        meaning: 'upper and lower case are the same',
        example: false,
        byDefault: true,
      },
    },
  },
  'account-age': {
    verdict: 'hold',
    options: {
      olderThan: { kind: 'duration', meaning: 'how old an account has to be', example: '1 day' },
      unknown: {
        kind: 'choice',
        choices: [...VERDICTS, 'accept'],
        meaning: 'what becomes of accounts whose age nobody knows',
        example: 'accept',
        byDefault: null,
        otherwise: 'the verdict',
      },
    },
  },
  'first-contact': { verdict: 'hold', options: {} },
  mentions: {
    verdict: 'hold',
    options: { max: { ...count, meaning: 'actors that may be mentioned or addressed', example: 5 } },
  },
  hellthread: {
    verdict: null,
    options: {
      limit: { ...step, meaning: 'more actors than this: the domain is rate-limited', example: 5 },
      hold: { ...step, meaning: 'more actors than this: it is held', example: 10 },
      reject: { ...step, meaning: 'more actors than this: it is rejected', example: 20 },
      drop: { ...step, meaning: 'more actors than this: it is dropped', example: 40 },
      spareFollowed: {
        kind: 'yesNo',
        meaning: 'actors whom one of ours follows are not looked at',
        example: false,
        byDefault: true,
      },
    },
  },
  'newcomer-links': {
    verdict: 'hold',
    options: {
      knownFor: {
        kind: 'duration',
        meaning: 'how long an actor has to be known here whom none of ours follows',
        example: '3 days',
        byDefault: '7 days',
      },
      olderThan: {
        kind: 'duration',
        meaning: 'accounts that are younger are new, however long they are known here',
        example: '1 day',
        byDefault: null,
        otherwise: 'no age counts',
      },
      allow: {
        kind: 'domains',
        meaning: 'domains that may be linked to, with their subdomains',
        example: ['wikipedia.org'],
        byDefault: null,
        otherwise: 'none',
      },
    },
  },
  'stranger-media': { verdict: 'hold', options: {} },
  'duplicate-content': {
    verdict: 'hold',
    options: {
      characters: {
        kind: 'whole',
        least: 10,
        most: MILLION,
        meaning: 'shorter texts are not compared',
        example: 80,
        byDefault: 50,
      },
      window: {
        kind: 'duration',
        meaning: 'how long after the one before a copy counts',
        example: '1 hour',
        byDefault: '10 minutes',
      },
      copies: {
        kind: 'whole',
        least: 1,
        most: 1_000,
        meaning: 'posts with the same text that may pass',
        example: 3,
        byDefault: 1,
      },
    },
  },
  'object-age': {
    verdict: 'hold',
    options: {
      olderThan: { kind: 'duration', meaning: 'how old a post may be when it comes', example: '7 days' },
      ahead: {
        kind: 'duration',
        meaning: 'how far ahead of our clock it may be dated',
        example: '1 hour',
        byDefault: null,
        otherwise: 'as far as it likes',
      },
    },
  },
  'unknown-reply': { verdict: 'hold', options: {} },
  types: {
    verdict: 'hold',
    options: {
      activities: {
        kind: 'names',
        meaning: 'types of activities that are wanted',
        example: ['Create', 'Update', 'Delete', 'Undo', 'Follow', 'Accept', 'Reject', 'Like', 'Announce'],
        byDefault: null,
        otherwise: 'all',
      },
      objects: {
        kind: 'names',
        meaning: 'types of what a Create or an Update holds that are wanted',
        example: ['Note', 'Question'],
        byDefault: null,
        otherwise: 'all',
      },
    },
  },
  reports: {
    verdict: 'hold',
    options: {
      empty: { kind: 'yesNo', meaning: 'reports without a comment', example: false, byDefault: true },
      anonymous: {
        kind: 'yesNo',
        meaning: 'reports in the name of a server, as Mastodon sends all of its reports',
        example: true,
        byDefault: false,
      },
    },
  },
  'follow-bursts': {
    verdict: 'hold',
    options: {
      perActor: {
        ...count,
        meaning: 'Follows that one actor may send in a window',
        example: 20,
        byDefault: null,
        otherwise: 'any number',
      },
      perDomain: {
        ...count,
        meaning: 'Follows that one domain may send in a window',
        example: 200,
        byDefault: null,
        otherwise: 'any number',
      },
      window: { kind: 'duration', meaning: 'how long one is', example: '10 minutes', byDefault: '1 hour' },
    },
  },
  relevance: { verdict: 'drop', options: {} },
  external: {
    verdict: null,
    options: {
      url: {
        kind: 'url',
        meaning: 'where the service answers; it may be private and plain http',
        example: 'http://127.0.0.1:8080/check',
      },
      timeout: {
        kind: 'duration',
        meaning: 'how long an answer may take; at most a minute',
        example: '500 ms',
        byDefault: '2 seconds',
      },
      fallback: {
        kind: 'choice',
        choices: FALLBACKS,
        meaning: 'what counts when it gives no verdict in time',
        example: 'accept',
        byDefault: 'hold',
      },
    },
  },
} as const satisfies { readonly [Name in Use]: FilterDescription<Name> };

type ValueOf<Field> = Field extends { kind: 'choice'; choices: readonly (infer Choice)[] }
  ? Choice
  : Field extends { kind: 'words' | 'patterns' | 'names' | 'domains' }
    ? readonly string[]
    : Field extends { kind: 'yesNo' }
      ? boolean
      : Field extends { kind: 'url' }
        ? string
        : number;
type Checked<Field> = Field extends { byDefault: null } ? ValueOf<Field> | null : ValueOf<Field>;

/** What becomes of what a filter finds. Durations are milliseconds. */
export interface Outcome {
  readonly verdict: BuiltInVerdict | null;
  readonly strike: boolean;
  readonly points: number | null;
  readonly for: number | null;
  readonly until: number | null;
}

/** A built-in filter with its options checked: durations are milliseconds, what was not given is its default. */
export type FilterSettings<Name extends Use = Use> = {
  [One in Name]: {
    readonly use: One;
    readonly name: string;
  } & Omit<Outcome, 'verdict'> & {
      readonly verdict: (typeof FILTERS)[One]['verdict'] extends null
        ? BuiltInVerdict | null
        : BuiltInVerdict;
    } & {
      readonly [Option in keyof (typeof FILTERS)[One]['options']]: Checked<
        (typeof FILTERS)[One]['options'][Option]
      >;
    };
}[Name];
