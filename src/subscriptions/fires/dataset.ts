/**
 * Where a FIRES dataset has its parts: what its URL shows, or, for a server's origin, what its NodeInfo leads to. All of it
 * lies on the origin that the operator named: elsewhere our connections would lead a stranger to private addresses.
 */
import type { Endpoints } from '../../store/subscriptions.ts';
import { type Ask, type Failed, failed, objectOf, unreadable } from '../asking.ts';

type Json = Readonly<Record<string, unknown>>;

/** Else a page for people may come. */
export const ACCEPT_FIRES = 'application/ld+json, application/json;q=0.9';
const NODEINFO = '/.well-known/nodeinfo';
const SHOWN_MAX = 10;

export type Found = { readonly type: 'found'; readonly endpoints: Endpoints };

export async function findDataset(ask: Ask, url: string, login: string | null): Promise<Found | Failed> {
  const isOrigin = new URL(url).pathname === '/';
  const start = isOrigin ? await datasetsUrl(ask, url, login) : url;
  if (typeof start !== 'string') return start;
  const document = await read(ask, start, login);
  if (isFailed(document)) return document;
  if (isDataset(document)) return endpointsOf(document, start);
  const datasets = itemsOf(document).filter(isDataset);
  if (datasets.length === 1) return endpointsOf(datasets[0] as Json, start);
  if (datasets.length === 0) return unreadable('there is no FIRES dataset at this URL');
  const names = datasets.slice(0, SHOWN_MAX).map(({ id, name }) => `${text(name)} (${text(id)})`);
  return failed(`it has ${datasets.length} datasets, subscribe to one of them: ${names.join(', ')}`);
}

/** Where a server lists its datasets, by its NodeInfo. FEP-f1d5 */
async function datasetsUrl(ask: Ask, url: string, login: string | null): Promise<string | Failed> {
  const { origin } = new URL(url);
  const found = await read(ask, `${origin}${NODEINFO}`, login);
  if (isFailed(found)) return found;
  const links = Array.isArray(found.links) ? (found.links as unknown[]) : [];
  const hrefs = links.flatMap((link) => {
    const { rel, href } = (typeof link === 'object' && link !== null ? link : {}) as Json;
    return typeof rel === 'string' && /\/ns\/schema\/2\.\d$/.test(rel) && typeof href === 'string'
      ? [{ rel, href }]
      : [];
  });
  const newest = hrefs.sort((one, other) => (one.rel < other.rel ? 1 : -1))[0]?.href;
  const href = newest === undefined ? null : sameOrigin(newest, origin);
  if (href === null) return unreadable('it has no NodeInfo of its own');
  const nodeinfo = await read(ask, href, login);
  if (isFailed(nodeinfo)) return nodeinfo;
  const { metadata } = nodeinfo as { metadata?: { fires?: { datasets?: unknown } } };
  const datasets = metadata?.fires?.datasets;
  const place = typeof datasets === 'string' ? sameOrigin(datasets, origin) : null;
  return place ?? unreadable('its NodeInfo names no FIRES datasets');
}

function endpointsOf(dataset: Json, url: string): Found | Failed {
  const { origin } = new URL(url);
  const { snapshot, changes } = (dataset.endpoints ?? {}) as Json;
  const parts = [dataset.id ?? url, snapshot, changes].map((part) =>
    typeof part === 'string' ? sameOrigin(part, origin) : null,
  );
  if (parts.includes(null)) return unreadable('the parts of its dataset do not lie on its own origin');
  const [id, whole, news] = parts as [string, string, string];
  return { type: 'found', endpoints: { dataset: id, snapshot: whole, changes: news } };
}

/** A JSON object at a URL. */
export async function read(ask: Ask, url: string, login: string | null): Promise<Json | Failed> {
  const fetched = await ask(url, { accept: ACCEPT_FIRES, login });
  if (fetched.type === 'failed') return fetched;
  const document = fetched.type === 'answered' ? objectOf(fetched.text) : null;
  return document ?? unreadable('it is not a JSON object');
}

export const isFailed = (value: Json | Failed): value is Failed =>
  value.type === 'failed' && 'isUnreadable' in value;

/** The items of a collection, ordered or not, whatever it calls them; null when it has no list of them. */
export function listedIn(document: Json): readonly unknown[] | null {
  const items = document.orderedItems ?? document.items;
  return Array.isArray(items) ? items : null;
}

const itemsOf = (document: Json): readonly Json[] =>
  (listedIn(document) ?? []).filter((item): item is Json => typeof item === 'object' && item !== null);

const isDataset = ({ type, '@type': other }: Json): boolean =>
  /(^|[:/#])dataset$/i.test(String(type ?? other ?? ''));

const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 200) : '?');

/** The URL, when it lies on this origin. */
function sameOrigin(url: string, origin: string): string | null {
  const parsed = URL.parse(url, origin);
  return parsed?.origin === origin && parsed.username === '' && parsed.password === '' ? parsed.href : null;
}
