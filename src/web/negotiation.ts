/** Which form of a document somebody asks for, by the Accept header. ActivityPub 3.2, RFC 9110 12.5.1 */

/** The media type of ActivityStreams documents. */
export const ACTIVITY_JSON = 'application/activity+json';
const PROFILE = 'https://www.w3.org/ns/activitystreams';
/** The other name of the same. */
export const LINKED_DATA = `application/ld+json; profile="${PROFILE}"`;

export interface Wish {
  /** The media type in which the document may be served; null when none of ours will do. */
  readonly json: typeof ACTIVITY_JSON | typeof LINKED_DATA | null;
  /** A page for people would be liked better. */
  readonly isForPeople: boolean;
}

/** One entry of an Accept header. */
interface Entry {
  readonly type: string;
  readonly profile: string | null;
  readonly quality: number;
}

/** What an Accept header wishes for; without one ActivityStreams is. */
export function wishOf(accept: string | undefined): Wish {
  if (accept === undefined || accept.trim() === '') return { json: ACTIVITY_JSON, isForPeople: false };
  const entries = accept.slice(0, ACCEPT_CHARACTERS_MAX).split(',').map(entryOf);
  const [activity, linked, json, html] = [
    ACTIVITY_JSON,
    'application/ld+json',
    'application/json',
    'text/html',
  ].map((type) => qualityOf(type, entries)) as [number, number, number, number];
  const best = Math.max(activity, linked, json);
  return {
    json: best === 0 ? null : linked > activity ? LINKED_DATA : ACTIVITY_JSON,
    isForPeople: html > best,
  };
}

/** Longer ones are nobody's. */
const ACCEPT_CHARACTERS_MAX = 2_000;

function entryOf(text: string): Entry {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const said = (name: string): string | null => {
    const found = parameters.find((one) => one.toLowerCase().startsWith(`${name}=`));
    return found?.slice(name.length + 1).replace(/^"|"$/g, '') ?? null;
  };
  const quality = Number(said('q') ?? 1);
  return {
    type: type.toLowerCase(),
    profile: said('profile'),
    quality: Number.isFinite(quality) ? Math.min(1, Math.max(0, quality)) : 0,
  };
}

/** How much a type is liked: what names it counts, then what names its kind, then whatever there is. */
function qualityOf(type: string, entries: readonly Entry[]): number {
  const [kind] = type.split('/');
  for (const name of [type, `${kind}/*`, '*/*']) {
    const found = entries.filter(
      (entry) => entry.type === name && (entry.profile ?? PROFILE).includes(PROFILE),
    );
    if (found.length > 0) return Math.max(...found.map(({ quality }) => quality));
  }
  return 0;
}
