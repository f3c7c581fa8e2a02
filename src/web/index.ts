/** The HTTP that is not the inbox: documents of our actors, discovery, health, metrics. */
import { readFileSync } from 'node:fs';
import type { LocalActor } from '../api.ts';
import type { Events } from '../events.ts';
import { INSTANCE_HANDLE, type Locals } from '../locals.ts';
import type { Settings } from '../options.ts';
import type { Store } from '../store/store.ts';
import { type Answer, answerOf, problem } from '../verdict.ts';
import { actorDocument, bareDocument } from './actors.ts';
import { ANYBODY, type Asker } from './asker.ts';
import { BLOCKLIST_PATH, createBlocklist } from './blocklist.ts';
import { collectionDocument, PUBLIC_COLLECTIONS } from './collections.ts';
import { createDatasets, DATASETS_PATH, isDatasetPath, LABELS_PATH } from './datasets.ts';
import { documentAnswer, type Page } from './documents.ts';
import { nodeinfo, nodeinfoLinks } from './nodeinfo.ts';
import { activityPage, type Found, OBJECTS_PATH, objectPage } from './objects.ts';
import { isPendingName, pendingDocument } from './pending.ts';
import { hostMeta, hostMetaJson, webfinger } from './webfinger.ts';

export type { Asker } from './asker.ts';

export interface Web {
  /** The answer to a GET of one of our paths; null when the path is none of ours. @default anybody asks */
  answer(method: string, path: string, query: URLSearchParams, asker?: Asker): Promise<Answer | null>;
}

export interface WebParts {
  readonly settings: Settings;
  readonly store: Store;
  readonly locals: Locals;
  readonly events: Events;
  /** Database reachable, pool warm, not draining. */
  ready(): Promise<boolean>;
}

type FixedPage = (query: URLSearchParams, asker: Asker) => Answer | Promise<Answer>;

/** Paths with one meaning, whoever the local actors are. */
const FIXED_PATHS = [
  '/healthz',
  '/readyz',
  '/metrics',
  '/.well-known/webfinger',
  '/.well-known/nodeinfo',
  '/.well-known/host-meta',
  '/.well-known/host-meta.json',
  '/nodeinfo/2.1',
  '/nodeinfo/2.0',
  BLOCKLIST_PATH,
] as const;

/**
 * Can this path (no query) be one of ours? Known without the database, so that an app that embeds us goes on
 * answering its own paths before the start and after the close.
 */
export function mayBeOurs(
  path: string,
  { actorPath, publicBlocklist }: Pick<Settings, 'actorPath' | 'publicBlocklist'>,
): boolean {
  if (path === BLOCKLIST_PATH || isDatasetPath(path)) return publicBlocklist !== null;
  if (path === '/inbox' || (FIXED_PATHS as readonly string[]).includes(path)) return true;
  const before = actorPath.slice(0, actorPath.indexOf(':'));
  return [before, OBJECTS_PATH].some((start) => path.startsWith(start) && path.length > start.length);
}

/** Paths that answer whatever Host they were asked under: load balancers and scrapers use addresses. */
export const HOSTLESS_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

export function createWeb({ settings, store, locals, events, ready }: WebParts): Web {
  const { origin } = settings;
  const blocklist = createBlocklist(store, settings.publicBlocklist);
  const datasets = settings.publicBlocklist === null ? null : createDatasets(store, settings);
  const fires = datasets === null ? null : { labels: origin + LABELS_PATH, datasets: origin + DATASETS_PATH };
  const fixed: Readonly<Record<(typeof FIXED_PATHS)[number], FixedPage>> = {
    '/healthz': () => text(200, 'ok\n'),
    '/readyz': async () =>
      (await ready()) ? text(200, 'ready\n') : problem(503, 'not-ready', 'Not ready', { 'retry-after': '5' }),
    '/metrics': async () =>
      text(200, await events.metrics.text(), 'text/plain; version=0.0.4; charset=utf-8'),
    '/.well-known/webfinger': (query) => webfinger(locals, origin, query),
    '/.well-known/nodeinfo': async () => nodeinfoLinks(origin, (await locals.instance()).id),
    '/.well-known/host-meta': () => hostMeta(origin),
    '/.well-known/host-meta.json': () => hostMetaJson(origin),
    '/nodeinfo/2.1': () => nodeinfo('2.1', version(), fires),
    '/nodeinfo/2.0': () => nodeinfo('2.0', version(), fires),
    [BLOCKLIST_PATH]: (_, asker) => blocklist(asker),
  };
  const pages = new Map<string, FixedPage>(Object.entries(fixed));
  const documents = createDocuments(settings, store, locals);
  const pageOf = (path: string): Document | Promise<Document | null> => {
    if (datasets === null || !isDatasetPath(path)) return documents(path);
    return (query, asker) => datasets.answer(path, query, asker);
  };

  return {
    async answer(method, path, query, asker = ANYBODY) {
      const page = pages.get(path) ?? (await pageOf(path));
      if (page === null) return null;
      if (method !== 'GET' && method !== 'HEAD')
        return problem(405, 'method-not-allowed', 'Method not allowed', { allow: 'GET, HEAD' });
      return page(query, asker);
    },
  };
}

/** A path of ours at which a document may be; whether there is one for this asker, it says when it is asked. */
type Document = (query: URLSearchParams, asker: Asker) => Promise<Answer | null>;

function createDocuments(
  { origin, authorizedFetch, signedIn }: Settings,
  store: Store,
  locals: Locals,
): (path: string) => Promise<Document | null> {
  const vary = [
    'accept',
    ...(signedIn === null ? [] : ['authorization', 'cookie']),
    ...(authorizedFetch ? ['signature', 'signature-input'] : []),
  ].join(', ');
  /**
   * Shows what is found to whom it is for. With `authorizedFetch` only those who have signed are shown anything; to
   * others `bare`, where there is that.
   */
  const shown = (
    find: (query: URLSearchParams, reader: string | null) => Promise<Found | Answer>,
    bare: Page | null = null,
  ): Document => {
    return async (query, asker) => {
      let reader = await asker.owner();
      if (authorizedFetch && reader === null) {
        const signer = await asker.signer();
        if (signer !== null && typeof signer === 'object') return answerOf(signer);
        reader = signer;
        if (reader === null)
          return bare === null ? unauthenticated() : documentAnswer(bare, asker, { isForAll: false, vary });
      }
      const found = await find(query, reader);
      if (found === null) return null;
      if (found === 'no-page') return problem(400, 'bad-cursor', 'This page does not exist');
      return 'body' in found ? found : documentAnswer(found, asker, { isForAll: reader === null, vary });
    };
  };

  function collectionOf(owner: LocalActor, name: string): Document | null {
    const id = `${owner.id}/${name}`;
    if (isPendingName(name))
      return shown(async (query, reader) => {
        // A stranger must not learn who asks, nor whether he was rejected. FEP-4ccd
        if (reader !== owner.id) return reader === null ? unauthenticated() : forbidden();
        const document = await pendingDocument(store, owner.id, name, query.get('page'));
        return document === null ? 'no-page' : { document };
      });
    if (name !== 'inbox' && !(PUBLIC_COLLECTIONS as readonly string[]).includes(name)) return null;
    return shown(async (query, reader) => {
      const isOwner = reader === owner.id;
      // Only its owner reads an inbox. ActivityPub 5.2
      if (name === 'inbox' && !isOwner) return reader === null ? unauthenticated() : forbidden();
      // Of an outbox everybody sees what is for everybody. ActivityPub 5.1
      const which = name === 'outbox' && !isOwner ? 'public-outbox' : 'all';
      const document = await collectionDocument(store, id, query.get('page'), which);
      return document === null ? 'no-page' : { document };
    });
  }

  return async (path) => {
    if (path.startsWith(OBJECTS_PATH))
      return shown((query, reader) => objectPage(store, origin, path, query, reader));
    const actor = await locals.byPath(path);
    if (actor !== null) {
      const page = { document: actorDocument(actor, origin), url: actor.url };
      // The actor that signs our own fetches must be read by those that sign theirs likewise.
      if (actor.handle === INSTANCE_HANDLE)
        return async (_, asker) => documentAnswer(page, asker, { isForAll: true, vary });
      return shown(async () => page, { ...page, document: bareDocument(actor, origin) });
    }
    if (/^(.+)\/activities\/([^/]+)$/.test(path))
      return shown((_, reader) => activityPage(store, `${origin}${path}`, reader));
    const [, of, name] = /^(.+)\/([a-zA-Z]+)$/.exec(path) ?? [];
    const owner = of === undefined ? null : await locals.byPath(of);
    return owner === null ? null : collectionOf(owner, name as string);
  };
}

const unauthenticated = (): Answer => answerOf({ type: 'not-authenticated', reason: 'nobody has signed' });
const forbidden = (): Answer => problem(403, 'forbidden', 'Forbidden');

function text(status: number, body: string, contentType = 'text/plain; charset=utf-8'): Answer {
  return { status, headers: { 'content-type': contentType, 'cache-control': 'no-store' }, body };
}

/** Our own version, from the package's file: two folders up in a checkout, three in the built package. */
function version(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string })
        .version;
    } catch {}
  }
  return 'unknown';
}
