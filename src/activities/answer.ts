/**
 * The activities that our actors send about follows: Follow, Undo, and Accept or Reject of one. ActivityPub 7.5, 7.6, 7.7.
 */
import { randomFillSync } from 'node:crypto';
import type { OwnActivity, Pair } from '../effects.ts';

/** A new id for something of ours: sortable by time, unguessable, unique (UUID version 7, RFC 9562 5.7). */
export function mintId(atMs: number): string {
  const bytes = randomFillSync(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(atMs / 0x1_0000));
  view.setUint16(4, atMs % 0x1_0000);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A new id for an activity of a local actor. */
export function mintActivityId(actor: string, atMs: number): string {
  return `${actor}/activities/${mintId(atMs)}`;
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
