/**
 * Patterns that operators write, in a time that grows with the text alone (RE2). Most texts hold none of them: so as many
 * as fit are asked as one whether any is there at all, and where one is found, which costs thirty times as much, is asked
 * once.
 */
import { RE2JS } from 're2js';

/** States of one pattern: a text of 100 000 characters made to defeat it takes a second with so many. */
const SIZE_MAX = 1_000;

type Compiled = ReturnType<typeof RE2JS.compile>;

const compile = (source: string, ignoreCase: boolean): Compiled =>
  RE2JS.compile(source, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);

/** What is wrong with a pattern; null when nothing is. */
export function patternProblem(source: string, ignoreCase: boolean): string | null {
  let compiled: Compiled;
  try {
    compiled = compile(source, ignoreCase);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return `no pattern of RE2: ${said.replace('error parsing regexp: ', '')}`;
  }
  if (compiled.programSize() > SIZE_MAX) return `larger than ${SIZE_MAX} states`;
  return compiled.test('') ? 'finds nothing at all, and so everywhere' : null;
}

/** A pattern that is in a text, and what it finds first there. */
export interface Hit {
  readonly source: string;
  readonly found: string;
}

interface Bundle {
  readonly any: Compiled;
  readonly patterns: readonly { readonly source: string; readonly compiled: Compiled }[];
}

/** Makes a search for the first of these patterns, which have no problem, in their order. */
export function createPatternSearch(
  sources: readonly string[],
  ignoreCase: boolean,
): (text: string) => Hit | null {
  const patterns = sources.map((source) => ({ source, compiled: compile(source, ignoreCase) }));
  const bundles = bySize(patterns).flatMap((some) => bundlesOf(some, ignoreCase));
  return (text) => {
    for (const { any, patterns } of bundles) {
      if (!any.test(text)) continue;
      for (const { source, compiled } of patterns) {
        if (!compiled.test(text)) continue;
        const matcher = compiled.matcher(text);
        return { source, found: matcher.find() ? (matcher.group() ?? '') : '' };
      }
    }
    return null;
  };
}

/** In their order, as many together as one pattern may have states. */
function bySize(patterns: Bundle['patterns']): Bundle['patterns'][] {
  const groups: Bundle['patterns'][number][][] = [];
  let room = 0;
  for (const pattern of patterns) {
    const size = pattern.compiled.programSize();
    if (size > room) {
      groups.push([]);
      room = SIZE_MAX;
    }
    groups.at(-1)?.push(pattern);
    room -= size;
  }
  return groups;
}

/** Several as one; each alone where they do not stand each other, such as with two groups of one name. */
function bundlesOf(patterns: Bundle['patterns'], ignoreCase: boolean): Bundle[] {
  try {
    const joined = patterns.map(({ source }) => `(?:${source})`).join('|');
    return [{ any: compile(joined, ignoreCase), patterns }];
  } catch {
    return patterns.map((pattern) => ({ any: pattern.compiled, patterns: [pattern] }));
  }
}
