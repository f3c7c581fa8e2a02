/** The path template of local actors' ids, read in both directions. */

/** Where a local actor lives: `/users/:name`, `/@:name`, `/ap/actors/:id`. */
export interface PathTemplate {
  /** The path of a name, percent-encoded. */
  pathOf(name: string): string;
  /** The name in a path (no query), or null when the path is not of this form or spells a name in a second way. */
  nameIn(path: string): string | null;
}

/** Handles and the like are short; a longer segment is nobody's name. Percent-encoded a character takes up to 9. */
const NAME_CHARACTERS_MAX = 255;
const SEGMENT_CHARACTERS_MAX = 9 * NAME_CHARACTERS_MAX;

/** Null when the template is none: a path with exactly one `:parameter`. */
export function readPathTemplate(template: string): PathTemplate | null {
  const parts = template.split(/:[A-Za-z_]\w*/);
  if (!template.startsWith('/') || parts.length !== 2 || /[?#\s]/.test(template)) return null;
  const [before = '', after = ''] = parts;
  // Written as a client's URL writes it, else our ids and the paths that are asked for would differ.
  if (URL.parse(`https://us.example${before}x${after}`)?.pathname !== `${before}x${after}`) return null;
  const pathOf = (name: string): string => before + encodeURIComponent(name) + after;
  return {
    pathOf,
    nameIn(path) {
      if (!path.startsWith(before) || !path.endsWith(after)) return null;
      const segment = path.slice(before.length, path.length - after.length);
      if (segment === '' || segment.length > SEGMENT_CHARACTERS_MAX || segment.includes('/')) return null;
      // `.` and `..` are steps in a path: no client would ever ask for them.
      if (segment === '.' || segment === '..') return null;
      const name = decoded(segment);
      if (name === null || name.length > NAME_CHARACTERS_MAX) return null;
      // One actor has one id: `/users/%61lice` is not a second spelling of alice.
      return pathOf(name) === path ? name : null;
    },
  };
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
