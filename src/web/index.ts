/** The HTTP that is not the inbox: documents of our actors, discovery, health, metrics. */
import { readFileSync } from 'node:fs';
import type { LocalActor } from '../api.ts';
import type { Events } from '../events.ts';
import type { Locals } from '../locals.ts';
import type { Settings } from '../options.ts';
import type { Store } from '../store/store.ts';
import { type Answer, problem } from '../verdict.ts';
import { activityJson, actorDocument } from './actors.ts';
import { collectionDocument, PUBLIC_COLLECTIONS } from './collections.ts';
import { nodeinfo, nodeinfoLinks } from './nodeinfo.ts';
import { activityPage, OBJECTS_PATH, objectPage } from './objects.ts';
import { webfinger } from './webfinger.ts';

export interface Web {
  /** The answer to a GET of one of our paths; null when the path is none of ours. */
  answer(method: string, path: string, query: URLSearchParams): Promise<Answer | null>;
}

export interface WebParts {
  readonly settings: Settings;
  readonly store: Store;
  readonly locals: Locals;
  readonly events: Events;
  /** Database reachable, pool warm, not draining. */
  ready(): Promise<boolean>;
}

type Page = (query: URLSearchParams) => Answer | Promise<Answer>;

/** Paths with one meaning, whoever the local actors are. */
const FIXED_PATHS = [
  '/healthz',
  '/readyz',
  '/metrics',
  '/.well-known/webfinger',
  '/.well-known/nodeinfo',
  '/nodeinfo/2.1',
] as const;

/**
 * Can this path (no query) be one of ours? Known without the database, so that an app that embeds us goes on
 * answering its own paths before the start and after the close.
 */
export function mayBeOurs(path: string, { actorPath }: Pick<Settings, 'actorPath'>): boolean {
  if (path === '/inbox' || (FIXED_PATHS as readonly string[]).includes(path)) return true;
  const before = actorPath.slice(0, actorPath.indexOf(':'));
  return [before, OBJECTS_PATH].some((start) => path.startsWith(start) && path.length > start.length);
}

/** Paths that answer whatever Host they were asked under: load balancers and scrapers use addresses. */
export const HOSTLESS_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

export function createWeb({ settings, store, locals, events, ready }: WebParts): Web {
  const { origin } = settings;
  const fixed: Readonly<Record<(typeof FIXED_PATHS)[number], Page>> = {
    '/healthz': () => text(200, 'ok\n'),
    '/readyz': async () =>
      (await ready()) ? text(200, 'ready\n') : problem(503, 'not-ready', 'Not ready', { 'retry-after': '5' }),
    '/metrics': async () =>
      text(200, await events.metrics.text(), 'text/plain; version=0.0.4; charset=utf-8'),
    '/.well-known/webfinger': (query) => webfinger(locals, origin, query),
    '/.well-known/nodeinfo': () => nodeinfoLinks(origin),
    '/nodeinfo/2.1': () => nodeinfo(version()),
  };
  const pages = new Map<string, Page>(Object.entries(fixed));

  async function actorPage(path: string): Promise<Page | null> {
    if (path.startsWith(OBJECTS_PATH)) return objectPage(store, origin, path);
    const actor = await locals.byPath(path);
    if (actor !== null) return () => activityJson(actorDocument(actor, origin));
    const own = /^(.+)\/activities\/([^/]+)$/.exec(path);
    if (own !== null) return activityPage(store, `${origin}${path}`);
    const of = /^(.+)\/([a-z]+)$/.exec(path);
    const owner = of === null ? null : await locals.byPath(of[1] as string);
    return owner === null ? null : collectionPage(owner, (of as RegExpExecArray)[2] as string);
  }

  function collectionPage(owner: LocalActor, name: string): Page | null {
    // Only its owner reads an inbox, and owners read it through the API. ActivityPub 5.2
    if (name === 'inbox') return () => problem(401, 'not-authenticated', 'Not authenticated');
    if (!(PUBLIC_COLLECTIONS as readonly string[]).includes(name)) return null;
    return async (query) => {
      const found = await collectionDocument(store, `${owner.id}/${name}`, query.get('page'));
      return found === null ? problem(400, 'bad-cursor', 'This page does not exist') : activityJson(found);
    };
  }

  return {
    async answer(method, path, query) {
      const page = pages.get(path) ?? (await actorPage(path));
      if (page === null) return null;
      if (method !== 'GET' && method !== 'HEAD')
        return problem(405, 'method-not-allowed', 'Method not allowed', { allow: 'GET, HEAD' });
      return page(query);
    },
  };
}

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
