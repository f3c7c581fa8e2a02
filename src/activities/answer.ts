/**
 * The activities that our actors send about follows: Follow, Undo, and Accept or Reject of one. ActivityPub 7.5, 7.6, 7.7.
 */
import { randomFillSync } from 'node:crypto';
import type { OwnActivity, Pair } from '../effects.ts';

/** The last number that was given out, and its millisecond: what comes in the same one lies above it. */
let last = { atMs: -1, high: 0n };
/** Bits behind the time: 12 and 62 around those of the version and the variant. */
const RANDOM_BITS = 74n;

/**
 * A new id for something of ours: sortable by time, unguessable, unique (UUID version 7, RFC 9562 5.7). In the same
 * millisecond the next one lies a random step above the last, so that order holds there, too (RFC 9562 6.2).
 */
export function mintId(atMs: number): string {
  const random = randomFillSync(new BigUint64Array(2));
  const step = 1n + ((random[0] as bigint) & 0xffff_ffff_ffffn);
  const fresh = (((random[0] as bigint) << 64n) | (random[1] as bigint)) & ((1n << (RANDOM_BITS - 1n)) - 1n);
  const high = atMs === last.atMs ? last.high + step : fresh;
  last = { atMs, high };
  const bits =
    (BigInt(Math.floor(atMs)) << 80n) |
    (0x7n << 76n) |
    ((high >> 62n) << 64n) |
    (0x2n << 62n) |
    (high & ((1n << 62n) - 1n));
  const hex = bits.toString(16).padStart(32, '0');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A new id for an activity of a local actor. */
export function mintActivityId(actor: string, atMs: number): string {
  return `${actor}/activities/${mintId(atMs)}`;
}

/** A new id for an object. */
export function mintObjectId(origin: string, atMs: number): string {
  return `${origin}/notes/${mintId(atMs)}`;
}

/** Our actor's Follow. */
export function ownFollow({ follower, following }: Pair, atMs: number): OwnActivity {
  return own('Follow', follower, following, { object: following }, atMs);
}

/** Our actor's answer to a Follow that came in. The Follow is embedded, because some servers no longer know its id. */
export function ownAnswer(
  type: 'Accept' | 'Reject',
  followId: string,
  pair: Pair,
  atMs: number,
): OwnActivity {
  const object = { id: followId, type: 'Follow', actor: pair.follower, object: pair.following };
  return own(type, pair.following, pair.follower, { object }, atMs);
}

/** Our actor takes back a Follow of its own. */
export function ownUndo(followId: string, { follower, following }: Pair, atMs: number): OwnActivity {
  const object = { id: followId, type: 'Follow', actor: follower, object: following };
  return own('Undo', follower, following, { object }, atMs);
}

function own(type: string, actor: string, to: string, rest: object, atMs: number): OwnActivity {
  const id = mintActivityId(actor, atMs);
  const body = { '@context': 'https://www.w3.org/ns/activitystreams', id, type, actor, to: [to], ...rest };
  return { id, actor, type, body: JSON.stringify(body) };
}
