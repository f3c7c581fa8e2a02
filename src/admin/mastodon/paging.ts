/** Pages by id as Mastodon has them, and the Link field that leads to the next one. */
import type { InForceQuery } from '../../api/lists.ts';
import { type Called, succeeded } from './endings.ts';
import { textIn } from './parameters.ts';

const LIMIT = 100;
const LIMIT_MAX = 200;

/** Newest first, below `max_id` and above `since_id`; those just above `min_id` where that is given. */
export async function pageOf<Entity extends { readonly id: string }>(
  { inbox, parameters, request }: Called,
  kind: InForceQuery['kind'],
  entityOf: (rule: Awaited<ReturnType<typeof inbox.lists.inForce>>[number]) => Entity,
): Promise<Response> {
  const id = (name: string): string | undefined => {
    const text = textIn(parameters, name) ?? '';
    return /^\d{1,18}$/.test(text) ? text : undefined;
  };
  const asked = Number(textIn(parameters, 'limit') ?? LIMIT);
  const limit = Number.isInteger(asked) && asked > 0 ? Math.min(asked, LIMIT_MAX) : LIMIT;
  const least = id('min_id');
  const query = {
    kind,
    limit,
    below: id('max_id'),
    above: least ?? id('since_id'),
    isUpwards: least !== undefined,
  };
  const entities = (await inbox.lists.inForce(query)).map(entityOf);
  const [first, last] = [entities[0], entities.at(-1)];
  if (first === undefined || last === undefined) return succeeded([]);
  const to = (rel: string, bound: string): string => {
    const more = textIn(parameters, 'limit') == null ? '' : `limit=${limit}&`;
    return `<${placeOf(inbox.origin, request)}?${more}${bound}>; rel="${rel}"`;
  };
  const isFull = entities.length === limit;
  const links = [...(isFull ? [to('next', `max_id=${last.id}`)] : []), to('prev', `min_id=${first.id}`)];
  return succeeded(entities, { link: links.join(', ') });
}

/** Where the client asked: our own origin, or the address that the admin API has for itself. */
function placeOf(origin: string, request: Request): string {
  const host = request.headers.get('host');
  const { pathname } = new URL(request.url);
  const base =
    host === null || host === new URL(origin).host || !/^[\w.:[\]-]+$/.test(host) ? origin : `http://${host}`;
  return `${base}${pathname}`;
}
