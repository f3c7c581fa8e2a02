/** The option `filters`: what is wrong with each built-in filter, in the words of who wrote it. It may come from JSON. */
import { canonicalDomain } from '../activity.ts';
import {
  FALLBACKS,
  FILTERS,
  type FilterField,
  type FilterSettings,
  SHARED,
  type Use,
  VERDICTS,
} from './filters/fields.ts';
import { patternProblem } from './filters/pattern.ts';
import type { ScoreThresholds } from './filters/shape.ts';

export { FALLBACKS, FILTERS, SHARED, VERDICTS };

const USES = Object.keys(FILTERS) as readonly Use[];
const OF_ALL = ['use', 'name', 'verdict', ...Object.keys(SHARED)];
const FILTERS_MAX = 100;
const WORDS_MAX = 10_000;
const WORD_CHARACTERS_MAX = 200;
const PATTERNS_MAX = 1_000;
const PATTERN_CHARACTERS_MAX = 1_000;
const NAME_CHARACTERS_MAX = 100;
const TIMEOUT_MS_MAX = 60_000;
/** Longer than anybody waits, and short enough for every date that comes of it. */
const DURATION_MS_MAX = 36_500 * 86_400_000;
const LIMIT_MS_MAX = 90 * 86_400_000;
const POINTS_MAX = 1_000_000;
/** What the scores decide stands under this name. */
export const SCORES = 'scores';
/** What the filters that are only tried together come to stands under this name. */
export const SHADOW_POLICY = 'shadowFilters';

/** Hears of one fault. */
type Report = (option: string, value: unknown, problem: string) => void;

/** The checks that all options share. */
interface Check {
  durationMs(option: string, value: unknown): number;
  whole(option: string, value: unknown, least: number, most: number): number;
  yesNo(option: string, value: unknown): boolean;
}
interface Place {
  readonly place: string;
  readonly check: Check;
  readonly report: Report;
}
type Given = Readonly<Record<string, unknown>>;

/** The built-in filters with their defaults. Where there are faults they are of no use. */
export function checkFilters(
  given: unknown,
  check: Check,
  report: Report,
  option = 'filters',
): readonly FilterSettings[] {
  if (!Array.isArray(given) || given.length > FILTERS_MAX) {
    report(option, given, `not a list of at most ${FILTERS_MAX} filters`);
    return [];
  }
  const taken = new Set<string>([SCORES, SHADOW_POLICY]);
  const counts = new Map<string, number>();
  return given.flatMap((one: unknown, at): FilterSettings[] => {
    const place = `${option}[${at}]`;
    const options = (typeof one === 'object' && one !== null ? one : {}) as Given;
    const use = USES.find((known) => known === options.use);
    if (use === undefined) {
      report(`${place}.use`, options.use, `no built-in filter; there are ${USES.join(', ')}`);
      return [];
    }
    const names = [...OF_ALL, ...Object.keys(FILTERS[use].options)];
    for (const name of Object.keys(options))
      if (!names.includes(name))
        report(`${place}.${name}`, '…', `no such option of ${use}; there are ${names.join(', ')}`);
    const number = (counts.get(use) ?? 0) + 1;
    counts.set(use, number);
    const name = checkName(options.name ?? `${use}#${number}`, place, report);
    if (taken.has(name)) report(`${place}.name`, name, 'another filter has this name');
    taken.add(name);
    return [checkOne(use, name, options, { place, check, report })];
  });
}

/** One of a list of names, or the first of them and a fault. */
function oneOf<Name extends string>(
  names: readonly Name[],
  value: unknown,
  option: string,
  report: Report,
): Name {
  const found = names.find((name) => name === value);
  if (found === undefined) report(option, value, `none of ${names.join(', ')}`);
  return found ?? (names[0] as Name);
}

function checkOne(use: Use, name: string, options: Given, at: Place): FilterSettings {
  const fields: Readonly<Record<string, FilterField>> = FILTERS[use].options;
  const outcome = checkOutcome(use, options, at);
  const own = Object.entries(fields).map(([option, field]) => [
    option,
    checkField(field, options[option], `${at.place}.${option}`, at),
  ]);
  const settings = { use, name, ...outcome, ...Object.fromEntries(own) } as FilterSettings;
  checkTogether(settings, options, at);
  return settings;
}

/** What becomes of what it finds: each of these options goes with its verdict alone. */
function checkOutcome(use: Use, options: Given, at: Place) {
  const { place, report } = at;
  const { verdict: byDefault } = FILTERS[use];
  const verdict =
    options.verdict == null ? byDefault : oneOf(VERDICTS, options.verdict, `${place}.verdict`, report);
  const GOES_WITH = {
    ...{ strike: ['drop', 'reject'], points: ['score'] },
    ...{ for: use === 'hellthread' ? [null] : ['limit'], until: use === 'hellthread' ? [null] : ['hold'] },
  } as const;
  // Of accounts of unknown age something else may become.
  const verdicts: readonly unknown[] = use === 'account-age' ? [verdict, options.unknown] : [verdict];
  const goes = (option: keyof typeof GOES_WITH): boolean =>
    GOES_WITH[option].some((one) => verdicts.includes(one));
  const value = <Option extends keyof typeof SHARED>(option: Option): unknown => {
    const given = options[option];
    if (given != null && !goes(option))
      report(`${place}.${option}`, given, `does not go with the verdict ${verdict ?? 'of the filter'}`);
    return checkField(SHARED[option], given, `${place}.${option}`, at);
  };
  const strikes = 'strikes' in FILTERS[use] && (verdict === 'drop' || verdict === 'reject');
  const points = value('points') as number | null;
  if (points === null && goes('points')) report(`${place}.points`, points, 'has to be given with score');
  const forMs = value('for') as number | null;
  if (forMs !== null && forMs > LIMIT_MS_MAX) report(`${place}.for`, options.for, 'longer than 90 days');
  const strike = (value('strike') as boolean | null) ?? strikes;
  return { verdict, strike, points, for: forMs, until: value('until') as number | null };
}

/** What one option alone does not show. */
function checkTogether(settings: FilterSettings, options: Given, { place, report }: Place): void {
  const needsOneOf = (...names: string[]): void => {
    if (names.every((name) => options[name] == null))
      report(place, '…', `needs at least one of ${names.join(', ')}`);
  };
  if (settings.use === 'types') needsOneOf('activities', 'objects');
  if (settings.use === 'follow-bursts') needsOneOf('perActor', 'perDomain');
  if (settings.use === 'hellthread') {
    needsOneOf('limit', 'hold', 'reject', 'drop');
    if (settings.verdict !== null && settings.verdict !== 'shadow')
      report(`${place}.verdict`, settings.verdict, 'its numbers say the verdict; only shadow goes beside');
  }
  if (settings.use === 'external' && settings.timeout > TIMEOUT_MS_MAX)
    report(`${place}.timeout`, options.timeout, 'longer than a minute');
  if (settings.use === 'patterns')
    settings.patterns.forEach((source, at) => {
      if (typeof source !== 'string') return;
      const problem = patternProblem(source, settings.ignoreCase);
      if (problem !== null) report(`${place}.patterns[${at}]`, source, problem);
    });
}

function checkField(field: FilterField, given: unknown, option: string, { check, report }: Place): unknown {
  if (given == null) {
    if (field.byDefault === null) return null;
    given = field.byDefault;
  }
  switch (field.kind) {
    case 'yesNo':
      return check.yesNo(option, given);
    case 'whole':
      return check.whole(option, given, field.least, field.most);
    case 'points': {
      const isFine = typeof given === 'number' && Math.abs(given) <= POINTS_MAX && given !== 0;
      if (!isFine) report(option, given, `not a number of points, at most ${POINTS_MAX}, and not 0`);
      return isFine ? given : 1;
    }
    case 'duration': {
      const ms = check.durationMs(option, given);
      if (ms > DURATION_MS_MAX) report(option, given, 'longer than a hundred years');
      return ms;
    }
    case 'choice':
      return oneOf(field.choices, given, option, report);
    case 'url':
      return checkServiceUrl(given, option, report);
    case 'words':
      return checkTexts(given, option, report, { itemsMax: WORDS_MAX, charactersMax: WORD_CHARACTERS_MAX });
    case 'patterns':
      return checkTexts(given, option, report, {
        itemsMax: PATTERNS_MAX,
        charactersMax: PATTERN_CHARACTERS_MAX,
      });
    case 'names':
      return checkTexts(given, option, report, { itemsMax: 200, charactersMax: WORD_CHARACTERS_MAX });
    case 'domains':
      return checkDomains(given, option, report);
  }
}

function checkName(name: unknown, place: string, report: Report): string {
  if (typeof name === 'string' && /\S/.test(name) && name.length <= NAME_CHARACTERS_MAX && isClean(name))
    return name;
  report(`${place}.name`, name, `not a text of at most ${NAME_CHARACTERS_MAX} characters`);
  return place;
}

/** What every database can store. */
const isClean = (text: string): boolean => text.isWellFormed() && !/\p{Cc}/u.test(text);

function checkTexts(
  texts: unknown,
  option: string,
  report: Report,
  { itemsMax, charactersMax }: { readonly itemsMax: number; readonly charactersMax: number },
): readonly string[] {
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > itemsMax) {
    report(option, texts, `not a list of 1 to ${itemsMax} texts`);
    return [];
  }
  texts.forEach((text: unknown, at) => {
    // A word of which nothing is left would be found everywhere.
    const isText =
      typeof text === 'string' &&
      text.length <= charactersMax &&
      isClean(text) &&
      /[^\s\p{Default_Ignorable_Code_Point}]/u.test(text);
    if (!isText)
      report(`${option}[${at}]`, text, `not a text of 1 to ${charactersMax} characters on one line`);
  });
  return texts as readonly string[];
}

function checkDomains(domains: unknown, option: string, report: Report): readonly string[] {
  const texts = checkTexts(domains, option, report, { itemsMax: 1_000, charactersMax: 300 });
  return texts.map((text, at) => {
    const domain = typeof text === 'string' ? canonicalDomain(text) : null;
    if (domain === null) report(`${option}[${at}]`, text, 'not a host name');
    return domain ?? '';
  });
}

function checkServiceUrl(url: unknown, option: string, report: Report): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : null;
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:'))
    report(option, url, 'not a URL with http or https');
  else if (parsed.username !== '' || parsed.password !== '') report(option, '(not shown)', 'names a user');
  return parsed?.href ?? '';
}

const OUTCOMES = ['hold', 'reject', 'drop'] as const;

/** The thresholds of scores, lowest first; none where there are none. */
export function checkThresholds(
  given: unknown,
  report: Report,
): readonly { readonly type: keyof ScoreThresholds; readonly points: number }[] {
  if (given == null) return [];
  const option = 'scoreThresholds';
  if (typeof given !== 'object' || Array.isArray(given)) {
    report(option, given, 'no thresholds, such as { hold: 5, drop: 10 }');
    return [];
  }
  for (const name of Object.keys(given))
    if (!OUTCOMES.includes(name as 'hold'))
      report(`${option}.${name}`, '…', `no such threshold; there are ${OUTCOMES.join(', ')}`);
  const found = OUTCOMES.flatMap((type) => {
    const points: unknown = (given as ScoreThresholds)[type];
    if (points == null) return [];
    const isFine = typeof points === 'number' && points > 0 && points <= POINTS_MAX;
    if (!isFine) report(`${option}.${type}`, points, `not a number above 0, at most ${POINTS_MAX}`);
    return [{ type, points: isFine ? points : 1 }];
  });
  const sorted = found.toSorted((a, b) => a.points - b.points);
  sorted.forEach(({ type, points }, at) => {
    if (at > 0 && sorted[at - 1]?.points === points)
      report(`${option}.${type}`, points, 'another threshold is as high: one of them would never count');
  });
  return sorted;
}
