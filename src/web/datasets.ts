/** Our own list as a FIRES dataset: what is in force, and every change of it that was ever published. */
import type { Settings } from '../options.ts';
import {
  changeById,
  changesAfter,
  countChanges,
  datasetId,
  lastChangeId,
  latestChanges,
  type PublicChange,
} from '../store/public-changes.ts';
import type { Store } from '../store/store.ts';
import { type Answer, problem } from '../verdict.ts';
import type { Asker } from './asker.ts';

export const DATASETS_PATH = '/moderation/datasets';
export const LABELS_PATH = '/moderation/labels';

const CONTEXT = ['https://www.w3.org/ns/activitystreams', 'https://fires.fedimod.org/context/fires.jsonld'];
/** Before every change. */
const BEGINNING = '00000000-0000-7000-A000-000000000000';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const PAGE = 100;
const TYPES = { recommendation: 'Recommendation', retraction: 'Retraction' } as const;

export interface Datasets {
  /** The answer at a path; null where there is nothing. */
  answer(path: string, query: URLSearchParams, asker: Asker): Promise<Answer | null>;
}

/** Is this path one of a dataset or a label? */
export const isDatasetPath = (path: string): boolean =>
  path === LABELS_PATH || path === DATASETS_PATH || path.startsWith(`${DATASETS_PATH}/`);

export function createDatasets(store: Store, { origin, host }: Pick<Settings, 'origin' | 'host'>): Datasets {
  const latest = createLatest(store);

  const dataset = (id: string): Record<string, unknown> => {
    const url = `${origin}${DATASETS_PATH}/${id}`;
    return {
      ...{ type: 'Dataset', id: url, url, name: `Domains limited by ${host}` },
      summary: `Which domains ${host} blocks or limits. Domains whose names are published only in part are not in it.`,
      published: new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toISOString(),
      endpoints: { changes: `${url}/changes`, snapshot: `${url}/snapshot` },
    };
  };

  const snapshotOf = (url: string) => async (): Promise<string> => {
    const changes = await latestChanges(store);
    const newest = changes[0];
    return JSON.stringify({
      ...{ '@context': CONTEXT, id: `${url}/snapshot`, type: 'OrderedCollection', dataset: url },
      totalItems: changes.length,
      ...(newest === undefined
        ? {}
        : { updated: iso(newest.atMs), changes: `${url}/changes?since=${newest.id}` }),
      orderedItems: changes.map((change) => itemOf(change, url, origin)),
    });
  };

  async function snapshotAnswer(url: string, asker: Asker): Promise<Answer> {
    const etag = `"${(await latest.id()) ?? 'empty'}"`;
    if (asker.header('if-none-match') === etag) return { status: 304, headers: { etag }, body: '' };
    return answered(asker, await latest.kept('snapshot', snapshotOf(url)), etag);
  }

  async function changesAnswer(url: string, since: string | null, asker: Asker): Promise<Answer> {
    if (since !== null && !UUID.test(since)) return problem(400, 'bad-cursor', 'since is no UUID');
    const lastId = await latest.id();
    const count = await latest.kept('count', () => countChanges(store));
    const page = (id: string | null): string | undefined =>
      id === null ? undefined : `${url}/changes?since=${id}`;
    const first = lastId === null ? undefined : page(BEGINNING);
    const head = { '@context': CONTEXT, dataset: url, totalItems: count };
    const ends = { first, last: page(lastId) };
    if (since === null) {
      const collection = { id: `${url}/changes`, type: 'OrderedCollection', ...ends, next: first };
      return answered(asker, JSON.stringify({ ...head, ...collection }));
    }
    const found = await changesAfter(store, since.toLowerCase(), PAGE);
    const last = found.at(-1);
    const etag = `"${since}-${last?.id ?? 'end'}"`;
    if (asker.header('if-none-match') === etag) return { status: 304, headers: { etag }, body: '' };
    const document = {
      ...{ ...head, ...ends, id: page(since), type: 'OrderedCollectionPage', partOf: `${url}/changes` },
      // Who follows it asks for what comes after the last one that is here.
      next: page(last?.id ?? null),
      orderedItems: found.map((change) => itemOf(change, url, origin)),
    };
    return answered(asker, JSON.stringify(document), etag);
  }

  async function labels(): Promise<string> {
    const names = new Set((await latestChanges(store)).flatMap((change) => change.labels).filter(isName));
    const items = [...names].sort().map((name) => ({ id: labelIri(name, origin), type: 'Label', name }));
    const id = `${origin}${LABELS_PATH}`;
    const collection = { id, type: 'Collection', totalItems: items.length, items };
    return JSON.stringify({ '@context': CONTEXT, ...collection });
  }

  return {
    async answer(path, query, asker) {
      if (path === LABELS_PATH) {
        await latest.id();
        return answered(asker, await latest.kept('labels', labels));
      }
      const id = await datasetId(store);
      if (path === DATASETS_PATH) {
        const items = id === null ? [] : [dataset(id)];
        const url = `${origin}${DATASETS_PATH}`;
        const collection = { id: url, type: 'Collection', totalItems: items.length, items };
        return answered(asker, JSON.stringify({ '@context': CONTEXT, ...collection }));
      }
      const [, wanted, part, change, ...more] = path.slice(DATASETS_PATH.length).split('/');
      if (id === null || wanted !== id || more.length > 0) return null;
      const url = `${origin}${DATASETS_PATH}/${id}`;
      if (part === undefined) return answered(asker, JSON.stringify({ '@context': CONTEXT, ...dataset(id) }));
      if (part === 'snapshot' && change === undefined) return snapshotAnswer(url, asker);
      if (part !== 'changes') return null;
      if (change === undefined) return changesAnswer(url, query.get('since'), asker);
      const found = UUID.test(change) ? await changeById(store, change.toLowerCase()) : undefined;
      if (found === undefined) return null;
      return answered(asker, JSON.stringify({ '@context': CONTEXT, ...itemOf(found, url, origin) }));
    },
  };
}

/** What is made of all changes is made once, and kept until there is another change. */
function createLatest(store: Store) {
  let id: string | null = null;
  const kept = new Map<string, Promise<unknown>>();
  return {
    async id(): Promise<string | null> {
      const found = await lastChangeId(store);
      if (found !== id) kept.clear();
      id = found;
      return found;
    },
    kept<Made>(name: string, make: () => Promise<Made>): Promise<Made> {
      const known = kept.get(name) as Promise<Made> | undefined;
      if (known !== undefined) return known;
      const made = make();
      kept.set(name, made);
      made.catch(() => kept.delete(name));
      return made;
    },
  };
}

function itemOf(change: PublicChange, dataset: string, origin: string): Record<string, unknown> {
  const { id, domain, type, policy, filters, labels, atMs } = change;
  const item = {
    ...{ id: `${dataset}/changes/${id}`, type: TYPES[type], published: iso(atMs) },
    ...{ entityKind: 'domain', entityKey: domain },
  };
  if (type === 'retraction') return item;
  return {
    ...item,
    labels: labels.map((label) => (isName(label) ? labelIri(label, origin) : label)),
    ...{ recommendedPolicy: policy, recommendedFilters: filters },
  };
}

/** A label that is no IRI has one of ours. */
const isName = (label: string): boolean => !/^https?:/.test(label);
const labelIri = (name: string, origin: string): string =>
  `${origin}${LABELS_PATH}#${encodeURIComponent(name)}`;

const iso = (atMs: number): string => new Date(atMs).toISOString();

function answered(asker: Asker, body: string, etag?: string): Answer {
  const isLinked = asker.header('accept')?.trim().startsWith('application/ld+json') === true;
  return {
    status: 200,
    headers: {
      'content-type': `application/${isLinked ? 'ld+json' : 'json'}; charset=utf-8`,
      ...{ vary: 'accept', 'cache-control': 'public, max-age=60', 'access-control-allow-origin': '*' },
      ...(etag === undefined ? {} : { etag }),
    },
    body,
  };
}
