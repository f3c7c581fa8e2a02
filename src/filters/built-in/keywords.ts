/**
 * Words in the text as people read it. All words are looked for at once (Aho and Corasick), in a time that grows with
 * the text alone; the text is what filters get, so tags, entities and languages are no hiding place.
 */
import { folded, legible } from '../text.ts';
import { type BuiltIn, verdictOf } from './built-in.ts';

export const keywords: BuiltIn<'keywords'> = {
  effect: 'finds words and phrases in names, summaries and contents, in every language, upper or lower case',
  make: (settings) => {
    const search = createSearch(settings.words, settings.wholeWords);
    return (_, context) => {
      const word = search(context.folded);
      return word === null ? undefined : verdictOf(settings, `says “${word}”`, word);
    };
  },
};

interface State {
  /** By code unit: a number is found sooner than a text. */
  readonly next: Map<number, State>;
  /** Where the longest end of this state begins, that is the beginning of another word. */
  fail: State | null;
  /** The words that end here, as they were written, with their length as they are looked for. */
  ends: readonly { readonly word: string; readonly units: number }[];
}

const newState = (): State => ({ next: new Map(), fail: null, ends: [] });

/** Makes a search for the first of these words in a folded text; null where there is none. */
export function createSearch(words: readonly string[], wholeWords: boolean): (text: string) => string | null {
  const root = newState();
  for (const word of words) {
    let state = root;
    const units = folded(legible(word)).trim();
    for (let at = 0; at < units.length; at++) {
      const unit = units.charCodeAt(at);
      const next = state.next.get(unit) ?? newState();
      state.next.set(unit, next);
      state = next;
    }
    if (units.length > 0) state.ends = [...state.ends, { word, units: units.length }];
  }
  connect(root);
  return (units) => {
    let state = root;
    for (let at = 0; at < units.length; at++) {
      state = step(root, state, units.charCodeAt(at));
      for (const { word, units: length } of state.ends)
        if (!wholeWords || isAlone(units, at + 1 - length, at + 1)) return word;
    }
    return null;
  };
}

function step(root: State, from: State, unit: number): State {
  for (let state: State | null = from; state !== null; state = state.fail) {
    const next = state.next.get(unit);
    if (next !== undefined) return next;
  }
  return root;
}

/** Links each state to where the search goes on when no word continues. Breadth first: shorter ones come before. */
function connect(root: State): void {
  const queue: State[] = [root];
  for (const state of queue) {
    for (const [unit, next] of state.next) {
      next.fail = state.fail === null ? root : step(root, state.fail, unit);
      next.ends = [...next.ends, ...next.fail.ends];
      queue.push(next);
    }
  }
}

const LETTER = /[\p{L}\p{N}]/u;

/** Is there neither a letter nor a digit beside this part? */
function isAlone(text: string, from: number, to: number): boolean {
  const before = text.slice(Math.max(0, from - 2), from);
  const last = /[\udc00-\udfff]$/.test(before) ? before : before.slice(-1);
  return !LETTER.test(last) && !LETTER.test(String.fromCodePoint(text.codePointAt(to) ?? 32));
}
