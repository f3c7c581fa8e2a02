/** Which settings were in force: a short name for all that decides about activities, for the records of decisions. */
import { createHash } from 'node:crypto';
import type { Settings } from './shape.ts';

/** Settings that change where and how fast things happen, or who is told of them, but no decision. */
const UNDECIDING: readonly string[] = [
  ...(['origin', 'host', 'database', 'dataDirectory', 'actorPath', 'workers'] as const),
  ...(['bodyBytesMax', 'allowPrivateAddress', 'trustedProxies', 'mailboxDepthMax'] as const),
  ...(['authorizedFetch', 'signedIn', 'publicBlocklist', 'logger', 'alerts', 'retention'] as const),
  ...(['shadowFilters', 'blockedAnswer'] as const),
] satisfies (keyof Settings)[];

const HEX_DIGITS = 12;

/**
 * The same settings have the same version in every process and after every restart. Of what is code only the place and
 * the name are seen; keys, names and texts of local actors decide nothing.
 */
export function policyVersion(settings: Partial<Settings>): string {
  const deciding = Object.entries(settings).filter(([name]) => !UNDECIDING.includes(name));
  return createHash('sha256')
    .update(plain(Object.fromEntries(deciding)))
    .digest('hex')
    .slice(0, HEX_DIGITS);
}

const OF_AN_ACTOR = new Set(['keys', 'name', 'summary', 'url', 'type', 'alsoKnownAs']);

/** One spelling: keys in order, code and patterns by their text. */
function plain(settings: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(settings, function inOrder(this: unknown, key, value: unknown) {
    if (typeof value === 'function') return `code ${value.name}`;
    if (value instanceof RegExp) return String(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const isMap = key === 'actors';
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, one]) => [name, isMap ? decidingOf(one) : one]),
    );
  });
}

/** Of a local actor the follow policy counts. */
function decidingOf(actor: unknown): unknown {
  if (typeof actor !== 'object' || actor === null) return actor;
  return Object.fromEntries(Object.entries(actor).filter(([name]) => !OF_AN_ACTOR.has(name)));
}
