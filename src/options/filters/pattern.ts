/**
 * Patterns that operators write, in a time that grows with the text alone (RE2). Only whether one is found is asked of all
 * of a text; where it is found costs thirty times as much, and is asked once.
 */
import { RE2JS } from 're2js';

export interface Pattern {
  readonly source: string;
  /** What it finds first in a text, or null. */
  find(text: string): string | null;
}

/** States of one pattern: a text of 100 000 characters made to defeat it takes a second with so many. */
const SIZE_MAX = 1_000;

/** The pattern, or what is wrong with it. */
export function patternOf(source: string, ignoreCase: boolean): Pattern | { readonly problem: string } {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { problem: `no pattern of RE2: ${said.replace('error parsing regexp: ', '')}` };
  }
  if (compiled.programSize() > SIZE_MAX) return { problem: `larger than ${SIZE_MAX} states` };
  if (compiled.test('')) return { problem: 'finds nothing at all, and so everywhere' };
  return {
    source,
    find(text) {
      if (!compiled.test(text)) return null;
      const matcher = compiled.matcher(text);
      return matcher.find() ? (matcher.group() ?? '') : null;
    },
  };
}
