/** The option `retention`: how long what is stored is kept. Shapes, and their check. It may come from JSON. */
import type { Duration } from './duration.ts';

/** How long, or for good. */
export type Keep = Duration | 'forever';

/**
 * How long what is stored is kept, from when it came to its end. Nothing that something still needs goes before that is
 * over: see the table in ARCHITECTURE.md.
 */
export interface RetentionOptions {
  /** Documents of activities, as they were sent. Those of objects that are known stay with the object. @default '30 days' */
  readonly documents?: Keep | undefined;
  /** Activities, with their history; follow requests that are over. At least twice the signature window. @default '1 year' */
  readonly activities?: Keep | undefined;
  /** Remote objects that were not changed since, with their documents. @default 'forever' */
  readonly objects?: Keep | undefined;
  /** Counts by the hour. @default '1 year' */
  readonly rollups?: Keep | undefined;
  /** The log of transitions and of ended activities, as far as every handler has read it. @default '1 year' */
  readonly log?: Keep | undefined;
  /** Decisions in the audit log. @default 'forever' */
  readonly audit?: Keep | undefined;
  /** Deliveries and alerts that are over. @default '30 days' */
  readonly deliveries?: Keep | undefined;
  /** Dead letters, with what is needed to try them again; alerts that were given up. @default '90 days' */
  readonly deadLetters?: Keep | undefined;
  /** Keys and facts of remote actors that were not fetched anew since. @default '1 year' */
  readonly actors?: Keep | undefined;
}

/** The same in milliseconds; null is for ever. */
export type RetentionSettings = {
  readonly [Name in keyof Required<RetentionOptions> as `${Name}Ms`]: number | null;
};

type Report = (option: string, value: unknown, problem: string) => void;
interface Check {
  durationMs(option: string, value: unknown): number;
}

const DEFAULTS: Required<RetentionOptions> = {
  documents: '30 days',
  activities: '1 year',
  objects: 'forever',
  rollups: '1 year',
  log: '1 year',
  audit: 'forever',
  deliveries: '30 days',
  deadLetters: '90 days',
  actors: '1 year',
};
const NAMES = Object.keys(DEFAULTS) as (keyof RetentionOptions)[];
const HOUR_MS = 3_600_000;

/** The settings; of no use where there are faults. `signatureMs` is the whole window in which a signature is good. */
export function checkRetention(
  given: unknown,
  signatureMs: number,
  check: Check,
  report: Report,
): RetentionSettings {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  if (!isObject) report('retention', given, "not an object, such as { documents: '30 days' }");
  const options = (isObject ? given : {}) as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(options))
    if (!Object.hasOwn(DEFAULTS, name))
      report(`retention.${name}`, '…', `nothing is kept under this name; there are ${NAMES.join(', ')}`);
  const settings = Object.fromEntries(
    NAMES.map((name) => {
      const value = options[name] ?? DEFAULTS[name];
      if (value === 'forever') return [`${name}Ms`, null];
      const ms = check.durationMs(`retention.${name}`, value);
      if (ms > 0 && ms < HOUR_MS) report(`retention.${name}`, value, 'shorter than an hour');
      return [`${name}Ms`, ms];
    }),
  ) as RetentionSettings;
  // Somebody who has a signed activity could send it again as long as its signature is good.
  if (settings.activitiesMs !== null && settings.activitiesMs < 2 * signatureMs)
    report(
      'retention.activities',
      options.activities,
      'shorter than twice the window in which a signature is good',
    );
  if (
    settings.documentsMs !== null &&
    settings.activitiesMs !== null &&
    settings.documentsMs > settings.activitiesMs
  )
    report('retention.documents', options.documents, 'longer than the activities that they are of');
  return settings;
}
