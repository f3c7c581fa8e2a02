/** Documents without their media: what a rule with `rejectMedia` leaves of what a domain's actors say. */

const MEDIA = new Set(['Image', 'Video', 'Audio', 'Document', 'Page', 'Emoji']);
/** What holds media and nothing else. */
const PICTURES = new Set(['icon', 'image']);
/** What may hold media among other things, such as the fields of a profile. */
const MIXED = new Set(['attachment', 'tag', 'preview']);

/** A copy without icons and images, without attachments that are media, and without custom emoji. */
export function withoutMedia<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutMedia) as Value;
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).flatMap(([name, held]): [string, unknown][] => {
    if (PICTURES.has(name)) return [];
    if (!MIXED.has(name)) return [[name, withoutMedia(held)]];
    if (Array.isArray(held)) return [[name, withoutMedia(held.filter((one) => !isMedia(one)))]];
    return isMedia(held) ? [] : [[name, withoutMedia(held)]];
  });
  return Object.fromEntries(kept) as Value;
}

function isMedia(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { type, mediaType } = value as { type?: unknown; mediaType?: unknown };
  const isPicture = typeof mediaType === 'string' && /^(?:image|video|audio)\//i.test(mediaType);
  return isPicture || [type].flat().some((one) => typeof one === 'string' && MEDIA.has(one));
}
