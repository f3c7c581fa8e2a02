/**
 * What an actor may say, of all that its activity holds. Whoever signs an activity may put anything into it: somebody
 * else's post in other words, with somebody else's name. So of an object that is not the actor's own only the id is
 * left, and whoever wants the object asks its own server.
 *
 * An object is the actor's own when its id, if it has one, is on the actor's origin, and it names nobody else as its
 * author. `bto` and `bcc` are gone at every depth: they are nobody's business but the addressee's. ActivityPub 7.1
 */
import { type NormalActivity, originOf } from '../activity.ts';
import { listOf } from './normal-form.ts';

/** Properties in which the objects of others come embedded. */
const SPOKEN_OF = ['object', 'target', 'origin', 'result', 'inReplyTo'] as const;
const HIDDEN = /^(?:as:|https:\/\/www\.w3\.org\/ns\/activitystreams#)?b(?:to|cc)$/;

/** The normal form of an activity, as far as its actor can answer for it. */
export function ownWords(normal: NormalActivity): NormalActivity {
  const [actor] = idsOf(normal.actor);
  return ownParts(withoutHidden(normal) as NormalActivity, actor ?? '');
}

/** A document, in any form, without `bto` and `bcc`. */
export function withoutHidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutHidden);
  if (!isObject(value)) return value;
  const shown = Object.entries(value).filter(([key]) => !HIDDEN.test(key));
  return Object.fromEntries(shown.map(([key, item]) => [key, withoutHidden(item)]));
}

function ownParts(node: NormalActivity, actor: string): NormalActivity {
  const parts: Record<string, unknown> = { ...node };
  for (const name of SPOKEN_OF) {
    if (parts[name] === undefined) continue;
    const kept = listOf(parts[name])
      .map((item) => (isObject(item) ? ownOrId(item, actor) : item))
      .filter((item) => item !== undefined);
    if (kept.length === 0) delete parts[name];
    else parts[name] = kept.length === 1 ? kept[0] : kept;
  }
  return parts;
}

/** The object when it is the actor's own, else its id, if it has one. */
function ownOrId(object: NormalActivity, actor: string): unknown {
  const origin = originOf(actor);
  const { id } = object;
  const owners = [...idsOf(object.actor), ...idsOf(object.attributedTo)];
  const isHere = (url: unknown): boolean => typeof url === 'string' && originOf(url) === origin;
  const isOwn = owners.length === 0 || (owners.includes(actor) && owners.every(isHere));
  if (!isOwn || (id !== undefined && !isHere(id))) return id;
  const own = ownParts(object, actor);
  // A number or a bare name is no author, and must not be taken for one of ours.
  if (own.attributedTo === undefined || idsOf(own.attributedTo).length > 0) return own;
  const { attributedTo: _, ...rest } = own;
  return rest;
}

/** Absolute ids among values: references, and objects that have one. */
function idsOf(value: unknown): string[] {
  return listOf(value).flatMap((item) => {
    const id = isObject(item) ? item.id : item;
    return typeof id === 'string' && originOf(id) !== null ? [id] : [];
  });
}

function isObject(value: unknown): value is NormalActivity {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
