/**
 * Strict JSON. What a body says must be the same for every reader, so whatever readers disagree about is refused:
 * bytes that are not UTF-8, a byte order mark, a key that stands twice, characters that no database or peer can
 * keep. And what is merely too much is refused before anything is built from it: JSON.parse takes a million levels,
 * and the code after it does not.
 */

/** Levels of nesting; the deepest of 658 real documents has 7. */
const DEPTH_MAX = 32;
/** Keys in a document; jsonld takes 0.4 s for 50 000. */
const KEYS_MAX = 5_000;
/** Entries of all contexts together; the most seen is 8, and 2 000 cost a second of CPU. */
const CONTEXTS_MAX = 32;
/** Entries of one array: addressees and tags. */
const ENTRIES_MAX = 1_000;

export type Scanned = { readonly document: Readonly<Record<string, unknown>> } | { readonly problem: string };

/** The JSON object that these bytes are, or why they are refused. */
export function scan(body: Uint8Array): Scanned {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return { problem: 'the body is not UTF-8' };
  }
  const problem = structureProblem(text);
  if (problem !== null) return { problem };
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { problem: 'the body is not JSON' };
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return { problem: 'the body is not an object' };
  const bounds = { contexts: 0, hasEscapes: text.includes('\\u') };
  const valueProblem = problemOf(document, bounds);
  if (valueProblem !== null) return { problem: valueProblem };
  return { document: document as Record<string, unknown> };
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** One pass over the text, before it is parsed: nesting, number of keys, keys that stand twice. */
function structureProblem(text: string): string | null {
  /** For each open bracket: the keys of an object so far, or null for an array. */
  const open: (Set<string> | null)[] = [];
  let keys = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case OPEN_BRACE:
        if (open.push(new Set()) > DEPTH_MAX) return 'the body is nested too deeply';
        break;
      case OPEN_BRACKET:
        if (open.push(null) > DEPTH_MAX) return 'the body is nested too deeply';
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        open.pop();
        break;
      case QUOTE: {
        const end = endOfString(text, at);
        const names = open.at(-1);
        if (names != null && isKey(text, end)) {
          const name = keyOf(text.slice(at, end + 1));
          if (names.has(name)) return 'a key stands twice';
          if (++keys > KEYS_MAX) return 'the body has too many keys';
          names.add(name);
        }
        at = end;
        break;
      }
    }
  }
  return null;
}

/** Index of the closing quote of the string that opens at `start`; the end of the text when it never closes. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
  }
  return at;
}

/** Is the string that ends here followed by a colon? */
function isKey(text: string, end: number): boolean {
  for (let at = end + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COLON) return true;
    if (code === COMMA || code > 32) return false;
  }
  return false;
}

/** A key as its readers see it: `"\u0061ctor"` and `"actor"` are the same. */
function keyOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}

/** Bounds and characters of the parsed value. As deep as the text, which is at most `DEPTH_MAX`. */
function problemOf(value: unknown, bounds: { contexts: number; readonly hasEscapes: boolean }): string | null {
  if (typeof value === 'string') return bounds.hasEscapes ? characterProblem(value) : null;
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    if (value.length > ENTRIES_MAX) return 'an array has too many entries';
    for (const item of value) {
      const problem = problemOf(item, bounds);
      if (problem !== null) return problem;
    }
    return null;
  }
  for (const [key, item] of Object.entries(value)) {
    if (key === '@context') {
      bounds.contexts += Array.isArray(item) ? item.length : 1;
      if (bounds.contexts > CONTEXTS_MAX) return 'the body has too many contexts';
    }
    const problem = (bounds.hasEscapes ? characterProblem(key) : null) ?? problemOf(item, bounds);
    if (problem !== null) return problem;
  }
  return null;
}

/** What PostgreSQL's text cannot hold: it must be refused before it spoils a commit for many. */
function characterProblem(text: string): string | null {
  if (text.includes('\0')) return 'the body holds a NUL character';
  return text.isWellFormed() ? null : 'the body holds half of a surrogate pair';
}
