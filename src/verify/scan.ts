/**
 * Strict JSON. What a body says must be the same for every reader, so whatever readers disagree about is refused:
 * bytes that are not UTF-8, a byte order mark, a key that stands twice, characters that no database or peer can
 * keep. And what is merely too much is refused before anything is built from it: JSON.parse takes a million levels,
 * and the code after it does not.
 */

/** Levels of nesting; the deepest of 658 real documents has 7. */
const DEPTH_MAX = 32;
/** Keys in a document; the most seen is 345, and jsonld takes 0.4 s for 50 000. */
const KEYS_MAX = 2_500;
/** Entries of all contexts together; the most seen is 8, and 2 000 cost a second of CPU. */
const CONTEXTS_MAX = 32;
/** Terms and their parts that the contexts of a document define; the most seen is 86. */
const TERMS_MAX = 500;
/**
 * Characters of all contexts, times keys and entries of the whole document: so much may come of it where a short name
 * stands for a long one. The most seen is 436 020; 100 kB made 90 MB, or stopped a worker.
 */
const MEANING_MAX = 4_194_304;
/** Entries of one array: addressees and tags. */
const ENTRIES_MAX = 1_000;
/** Entries of all arrays together; the most seen is 178, and 50 000 in 1 MiB cost three seconds of CPU. */
const ALL_ENTRIES_MAX = 5_000;

export type Scanned = { readonly document: Readonly<Record<string, unknown>> } | { readonly problem: string };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The JSON object that these bytes are, or why they are refused. */
export function scan(body: Uint8Array): Scanned {
  let text: string;
  try {
    text = decoder.decode(body);
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
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    return { problem: 'the body is not an object' };
  const hasEscapes = text.includes('\\u');
  const counts = { contexts: 0, terms: 0, contextCharacters: 0, keys: 0, entries: 0, hasEscapes };
  const valueProblem = problemOf(document, counts);
  if (valueProblem !== null) return { problem: valueProblem };
  if (counts.contextCharacters * (counts.keys + counts.entries) > MEANING_MAX)
    return { problem: 'the contexts say too much' };
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

/** What has been counted so far in the whole document. */
interface Counts {
  contexts: number;
  terms: number;
  /** Names and texts in contexts, the URLs of contexts not among them. */
  contextCharacters: number;
  keys: number;
  entries: number;
  readonly hasEscapes: boolean;
}

/** Bounds and characters of the parsed value. As deep as the text, which is at most `DEPTH_MAX`. */
function problemOf(value: unknown, counts: Counts, isContext = false): string | null {
  if (typeof value === 'string') return counts.hasEscapes ? characterProblem(value) : null;
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'a number is too large';
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    counts.entries += value.length;
    if (value.length > ENTRIES_MAX || counts.entries > ALL_ENTRIES_MAX) return 'too many entries in arrays';
    for (const item of value) {
      const problem = problemOf(item, counts, isContext);
      if (problem !== null) return problem;
    }
    return null;
  }
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    counts.keys++;
    if (isContext) counts.contextCharacters += key.length + (typeof item === 'string' ? item.length : 0);
    const problem =
      (counts.hasEscapes ? characterProblem(key) : null) ??
      (isContext ? termProblem(key, item, counts) : keyProblem(key, item, counts)) ??
      problemOf(item, counts, isContext || key === '@context');
    if (problem !== null) return problem;
  }
  return null;
}

function keyProblem(key: string, item: unknown, counts: Counts): string | null {
  // An assignment to it, in any code that the value comes through, would give the object another prototype.
  if (key === '__proto__') return 'a key is __proto__';
  if (key !== '@context') return null;
  counts.contexts += Array.isArray(item) ? item.length : 1;
  return counts.contexts > CONTEXTS_MAX ? 'the body has too many contexts' : null;
}

/**
 * What a context may say: what terms mean. Contexts within contexts (a few hundred bytes that cost a second of CPU),
 * imports, other bases and new names for keywords are in no real document; with them one document can say one thing
 * to those who read JSON and another to those who read JSON-LD.
 */
const CONTEXT_KEYWORDS = new Set(
  '@id @type @container @language @direction @vocab @version @protected @prefix @index'.split(' '),
);
const ACTIVITYSTREAMS = /^https?:\/\/www\.w3\.org\/ns\/activitystreams#$/;

function termProblem(key: string, item: unknown, counts: Counts): string | null {
  if (++counts.terms > TERMS_MAX) return 'the contexts define too many terms';
  if (key === '__proto__') return 'a key is __proto__';
  if (key.startsWith('@') && !CONTEXT_KEYWORDS.has(key)) return 'a context uses a keyword that it may not';
  const iri =
    typeof item === 'object' && item !== null && '@id' in item ? (item as { '@id': unknown })['@id'] : item;
  if (key === 'as' && !(typeof iri === 'string' && ACTIVITYSTREAMS.test(iri)))
    return 'a context gives as: another meaning';
  if (key.startsWith('@') || typeof iri !== 'string') return null;
  // `id` and `type` are names of keywords already, so a chain of names may end there.
  const isKeyword = /^(@[A-Za-z]+|id|type)$/.test(iri);
  return isKeyword && iri !== `@${key}` ? 'a context renames a keyword' : null;
}

/** What PostgreSQL's text cannot hold: it must be refused before it spoils a commit for many. */
function characterProblem(text: string): string | null {
  if (text.includes('\0')) return 'the body holds a NUL character';
  return text.isWellFormed() ? null : 'the body holds half of a surrogate pair';
}
