/** An ended activity as handlers get it. */
import { domainOf, originOf } from '../activity.ts';
import type { Activity, FlagActivity, Ref } from '../api.ts';
import type { EndedActivity } from '../store/log.ts';
import type { Status } from '../verdict.ts';
import { withoutHidden } from '../verify/own-words.ts';
import { storedNormal } from '../verify/stored.ts';

/** The typed view of a stored activity. It reads what is stored; no network. */
export async function viewOf(ended: EndedActivity, origin: string): Promise<Activity | FlagActivity> {
  const sent = JSON.parse(ended.raw) as Record<string, unknown>;
  const normal = await storedNormal(ended);
  const refTo = (uri: string): Ref => {
    const isLocal = originOf(uri) === origin;
    return { uri, domain: domainOf(uri) ?? '', isLocal, isRemote: !isLocal };
  };
  const objects = idsOf(normal.object).map(refTo);
  const published = typeof normal.published === 'string' ? new Date(normal.published) : null;
  const view: Activity = {
    type: ended.type,
    id: ended.activityId,
    actor: refTo(idsOf(normal.actor)[0] ?? ''),
    object: objects[0] ?? null,
    content: typeof normal.content === 'string' ? normal.content : null,
    receivedAt: new Date(ended.receivedMs),
    published: published === null || Number.isNaN(published.getTime()) ? null : published,
    normal,
    raw: withoutHidden(sent) as Record<string, unknown>,
    status: ended.status as Status,
  };
  return ended.type === 'Flag' ? ({ ...view, objects } as FlagActivity) : view;
}

function idsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((item: unknown) => {
    const id = typeof item === 'object' && item !== null ? (item as { id?: unknown }).id : item;
    return typeof id === 'string' ? [id] : [];
  });
}
