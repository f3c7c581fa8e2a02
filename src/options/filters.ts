/** The option `filters`: what is wrong with each built-in filter, in the words of who wrote it. It may come from JSON. */
import type { BuiltInFilter, BuiltInVerdict, FilterSettings } from './shape.ts';

/** The options of each filter besides `use`, `name` and `verdict`; a name that is not here is a slip of the pen. */
const NAMES: Readonly<Record<BuiltInFilter['use'], readonly string[]>> = {
  keywords: ['words', 'wholeWords'],
  'account-age': ['olderThan', 'unknown'],
  'first-contact': [],
  mentions: ['max'],
  external: ['url', 'timeout', 'fallback'],
};
const USES = Object.keys(NAMES) as readonly BuiltInFilter['use'][];
const OF_ALL = ['use', 'name', 'verdict'];
const VERDICTS = ['drop', 'reject', 'hold', 'shadow'] as const;
const FALLBACKS = ['hold', 'accept', 'drop'] as const;
const FILTERS_MAX = 100;
const WORDS_MAX = 10_000;
const WORD_CHARACTERS_MAX = 200;
const NAME_CHARACTERS_MAX = 100;
const TIMEOUT_MS_MAX = 60_000;

/** Hears of one fault. */
type Report = (option: string, value: unknown, problem: string) => void;

/** The checks that all options share. */
interface Check {
  durationMs(option: string, value: unknown): number;
  whole(option: string, value: unknown, least: number, most: number): number;
  yesNo(option: string, value: unknown): boolean;
}

/** The built-in filters with their defaults. Where there are faults they are of no use. */
export function checkFilters(given: unknown, check: Check, report: Report): readonly FilterSettings[] {
  if (!Array.isArray(given) || given.length > FILTERS_MAX) {
    report('filters', given, `not a list of at most ${FILTERS_MAX} filters`);
    return [];
  }
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return given.flatMap((one: unknown, at): FilterSettings[] => {
    const place = `filters[${at}]`;
    const options = (typeof one === 'object' && one !== null ? one : {}) as Readonly<Record<string, unknown>>;
    const use = USES.find((known) => known === options.use);
    if (use === undefined) {
      report(`${place}.use`, options.use, `no built-in filter; there are ${USES.join(', ')}`);
      return [];
    }
    const names = [...OF_ALL, ...NAMES[use]];
    for (const name of Object.keys(options))
      if (!names.includes(name))
        report(`${place}.${name}`, '…', `no such option of ${use}; there are ${names.join(', ')}`);
    const number = (counts.get(use) ?? 0) + 1;
    counts.set(use, number);
    const name = checkName(options.name ?? `${use}#${number}`, place, report);
    if (taken.has(name)) report(`${place}.name`, name, 'another filter has this name');
    taken.add(name);
    return [{ name, ...checkOne(use, options, { place, check, report }) }];
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

function checkOne(
  use: BuiltInFilter['use'],
  options: Readonly<Record<string, unknown>>,
  { place, check, report }: { place: string; check: Check; report: Report },
) {
  const verdictOf = (value: unknown): BuiltInVerdict => oneOf(VERDICTS, value, `${place}.verdict`, report);
  const verdict = verdictOf(options.verdict ?? 'hold');
  switch (use) {
    case 'keywords': {
      const words = checkWords(options.words, `${place}.words`, report);
      const wholeWords = check.yesNo(`${place}.wholeWords`, options.wholeWords ?? false);
      return { use, verdict, words, wholeWords };
    }
    case 'account-age': {
      const given = options.unknown ?? verdict;
      const unknown = oneOf([...VERDICTS, 'accept'] as const, given, `${place}.unknown`, report);
      return {
        use,
        verdict,
        olderThanMs: check.durationMs(`${place}.olderThan`, options.olderThan),
        unknown,
      };
    }
    case 'first-contact':
      return { use, verdict };
    case 'mentions':
      return { use, verdict, max: check.whole(`${place}.max`, options.max, 0, 1_000_000) };
    case 'external': {
      const timeoutMs = check.durationMs(`${place}.timeout`, options.timeout ?? '2 seconds');
      if (timeoutMs > TIMEOUT_MS_MAX) report(`${place}.timeout`, options.timeout, 'longer than a minute');
      const url = checkServiceUrl(options.url, `${place}.url`, report);
      const fallback = oneOf(FALLBACKS, options.fallback ?? 'hold', `${place}.fallback`, report);
      return { use, verdict: options.verdict == null ? null : verdict, url, timeoutMs, fallback };
    }
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

function checkWords(words: unknown, option: string, report: Report): readonly string[] {
  if (!Array.isArray(words) || words.length === 0 || words.length > WORDS_MAX) {
    report(option, words, `not a list of 1 to ${WORDS_MAX} words`);
    return [];
  }
  words.forEach((word: unknown, at) => {
    // A word of which nothing is left would be found everywhere.
    const isWord =
      typeof word === 'string' &&
      word.length <= WORD_CHARACTERS_MAX &&
      isClean(word) &&
      /[^\s\p{Default_Ignorable_Code_Point}]/u.test(word);
    if (!isWord)
      report(`${option}[${at}]`, word, `not a word of 1 to ${WORD_CHARACTERS_MAX} characters on one line`);
  });
  return words as readonly string[];
}

function checkServiceUrl(url: unknown, option: string, report: Report): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : null;
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:'))
    report(option, url, 'not a URL with http or https');
  else if (parsed.username !== '' || parsed.password !== '') report(option, '(not shown)', 'names a user');
  return parsed?.href ?? '';
}
