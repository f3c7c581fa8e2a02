/**
 * A FIRES server as the first one there is behaves: changes that are only ever added, 100 a page, a snapshot as a
 * `Collection`, and a `next` that skips the change that it names.
 */
import { type ListServer, listServer } from './list-server.ts';

const DATASET = '3102b05b-55e0-4f79-9672-fa7bf8bfd7e9';
const BEGINNING = '00000000-0000-7000-A000-000000000000';

/** What a change says; of a tombstone nothing is shown but its type. */
export interface Said {
  readonly type: 'Advisory' | 'Recommendation' | 'Retraction' | 'Tombstone';
  readonly entityKind?: string;
  readonly entityKey?: string;
  readonly labels?: readonly string[];
  readonly recommendedPolicy?: string;
  readonly recommendedFilters?: readonly string[];
}

export interface FiresServer extends AsyncDisposable {
  readonly lists: ListServer;
  readonly url: string;
  /** Adds a change, and gives its id. With `as`, one that takes the place of another. */
  say(said: Said, as?: string): string;
  /** Recommends what to do with a domain. */
  recommend(domain: string, policy: string, filters?: readonly string[], labels?: readonly string[]): string;
  retract(domain: string): string;
  /** What the snapshot would show now, by entity. */
  latest(): Map<string, Said>;
  /** How many changes stand on one page; and names with underscores, as older servers send them. */
  readonly ways: { page: number; isOld: boolean };
}

export async function firesServer(): Promise<FiresServer> {
  const lists = await listServer();
  const changes: { id: string; said: Said }[] = [];
  const ways = { page: 100, isOld: false };
  const url = `${lists.origin}/datasets/${DATASET}`;
  let count = 0;

  const idOf = (uuid: string): string => `${url}/changes/${uuid}`;
  const shown = ({ id, said }: { id: string; said: Said }): object => {
    const { type, ...rest } = said;
    const known = type === 'Tombstone' ? {} : rest;
    const names = Object.entries(known).map(([name, value]) => [
      ways.isOld ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name,
      value,
    ]);
    return { id: idOf(id), type, published: '2026-11-25T12:00:00Z', ...Object.fromEntries(names) };
  };
  const latest = (): Map<string, { id: string; said: Said }> => {
    const found = new Map<string, { id: string; said: Said }>();
    for (const change of changes)
      found.set(`${change.said.entityKind?.toLowerCase()} ${change.said.entityKey}`, change);
    return found;
  };
  const json = (body: object, etag?: string) => ({
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json; charset=utf-8' },
    ...(etag === undefined ? {} : { etag }),
  });

  lists.otherwise((asked) => {
    const since = asked.searchParams.get('since');
    const at = (uuid: string | undefined): string | undefined =>
      uuid === undefined ? undefined : `${url}/changes?since=${uuid}`;
    switch (asked.pathname) {
      case '/.well-known/nodeinfo':
        return json({
          links: [
            { rel: 'http://nodeinfo.diaspora.software/ns/schema/2.1', href: `${lists.origin}/nodeinfo/2.1` },
          ],
        });
      case '/nodeinfo/2.1':
        return json({
          ...{ version: '2.1', protocols: ['fires'] },
          metadata: { fires: { labels: `${lists.origin}/labels`, datasets: `${lists.origin}/datasets` } },
        });
      case '/datasets':
        return json({ type: 'Collection', totalItems: 1, items: [dataset(url)] });
      case `/datasets/${DATASET}`:
        return json(dataset(url));
      case `/datasets/${DATASET}/snapshot`: {
        const items = [...latest().values()].sort((one, other) => (one.id < other.id ? 1 : -1));
        const newest = items[0]?.id;
        return json({
          ...{ type: 'Collection', dataset: url, totalItems: items.length },
          ...(newest === undefined ? {} : { updated: '2026-11-25T12:00:00Z', changes: at(newest) }),
          orderedItems: items.map(shown),
        });
      }
      case `/datasets/${DATASET}/changes`: {
        const first = at(BEGINNING);
        const head = { totalItems: changes.length, first };
        if (since === null) return json({ type: 'OrderedCollection', ...head, next: first });
        const found = changes.filter(({ id }) => id > since.toLowerCase()).slice(0, ways.page + 1);
        const items = found.slice(0, ways.page);
        // The fault: the next page begins behind the change that `next` names.
        const next = at(found[ways.page]?.id ?? items.at(-1)?.id);
        const body = { type: 'OrderedCollectionPage', ...head, next, orderedItems: items.map(shown) };
        return json(body, `"${since}-${items.at(-1)?.id ?? 'end'}"`);
      }
      default:
        return null;
    }
  });

  const server: FiresServer = {
    ...{ lists, url, ways },
    say(said, as) {
      const uuid = as ?? `019ac0de-0000-7${String(++count).padStart(3, '0')}-8000-${'0'.repeat(12)}`;
      const place = changes.findIndex(({ id }) => id === uuid);
      if (place === -1) changes.push({ id: uuid, said });
      else changes[place] = { id: uuid, said: { ...(changes[place] as { said: Said }).said, ...said } };
      return uuid;
    },
    recommend: (domain, policy, filters = [], labels = []) =>
      server.say({
        ...{ type: 'Recommendation', entityKind: 'domain', entityKey: domain, labels },
        ...{ recommendedPolicy: policy, recommendedFilters: filters },
      }),
    retract: (domain) => server.say({ type: 'Retraction', entityKind: 'domain', entityKey: domain }),
    latest: () => new Map([...latest()].map(([key, { said }]) => [key, said])),
    [Symbol.asyncDispose]: () => lists[Symbol.asyncDispose](),
  };
  return server;
}

const dataset = (url: string): object => ({
  ...{ type: 'Dataset', id: url, url: `${url}-for-people`, name: 'Worst', published: '2026-01-01T00:00:00Z' },
  endpoints: { changes: `${url}/changes`, snapshot: `${url}/snapshot` },
});
