/**
 * The JSON API of the contract, on top of the public `Inbox` value: Web-standard, so it can be mounted anywhere.
 * There is no open mount: `authorize` is required, and its null is answered 401.
 */
import type { Inbox } from '../embed.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../options.ts';
import { type Answer, problem } from '../verdict.ts';
import { answerMastodon, isMastodonPath, mastodonFault } from './mastodon/index.ts';
import { bearerTokenOf, covers, type Person } from './people.ts';
import { answerOfError, forbidden, methodNotAllowed, notFound, unauthorized } from './problems.ts';
import { matchPath, type Route } from './route.ts';
import { ROUTES } from './routes.ts';

export { authorizeByToken, type Person } from './people.ts';

export interface AdminOptions {
  /** Who is asking? Null is answered 401; the role decides what they may do. */
  authorize(request: Request): Promise<Person | null>;
  /** Hears of faults of the engine; they are answered 500 without internals. */
  readonly logger?: Logger;
}

export interface Admin {
  /**
   * Answers what lies under `/admin/api`, and under `/api/v1/admin` the part of Mastodon's admin API that is about domains.
   * Bound: it can be passed around.
   */
  fetch(request: Request): Promise<Response>;
}

/** Where the admin API lies. */
export const ADMIN_PATH = '/admin/api';

/**
 * @example
 * ```ts
 * const admin = createAdmin(inbox, { authorize: async (request) => (await isStaff(request)) ? { name: 'maria', role: 'moderator' } : null });
 * app.all('/admin/api/*', (c) => admin.fetch(c.req.raw));
 * app.all('/api/v1/admin/*', (c) => admin.fetch(c.req.raw));
 * ```
 */
export function createAdmin(inbox: Inbox, { authorize, logger }: AdminOptions): Admin {
  async function respond(request: Request): Promise<Response> {
    const person = await authorize(request);
    if (isMastodonPath(request)) return answerMastodon(inbox, person, request);
    if (person === null) return responseOf(unauthorized(bearerTokenOf(request) !== null));

    const url = new URL(request.url);
    const path = url.pathname.startsWith(`${ADMIN_PATH}/`) ? url.pathname.slice(ADMIN_PATH.length) : '';
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const found = findRoute(path, method);
    if (found === null) return responseOf(notFound());
    if ('allow' in found) return responseOf(methodNotAllowed(found.allow));

    const { route, at } = found;
    if (!covers(person.role, route.role)) return responseOf(forbidden(person.role, route.role));
    const answer = await route.answerTo({ inbox, at, url, by: person.name, role: person.role, request });
    if (answer instanceof Response) return answer;
    return responseOf({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(answer),
    });
  }

  /** A fault that is not the client's: the database may be away, which passes, or the engine is at fault. */
  async function afterFault(error: unknown): Promise<Answer> {
    if (!(await inbox.ready().catch(() => false))) {
      return problem(503, 'overloaded', 'Not ready', { 'retry-after': '5' });
    }
    logger?.error('the admin API failed', { error: messageOf(error) });
    return problem(500, 'internal', 'Internal error');
  }

  return {
    async fetch(request) {
      try {
        return await respond(request);
      } catch (error) {
        const answer = answerOfError(error, request.method) ?? (await afterFault(error));
        return isMastodonPath(request) ? mastodonFault(answer) : responseOf(answer);
      }
    },
  };
}

/** The route of a path and a method; which methods there are, when only the method is wrong; null when nothing is. */
function findRoute(
  path: string,
  method: string,
): { route: Route; at: Record<string, string> } | { allow: string } | null {
  const allowed: string[] = [];
  for (const route of ROUTES) {
    const at = matchPath(route.path, path);
    if (at === null) continue;
    if (route.method === method) return { route, at };
    allowed.push(route.method === 'GET' ? 'GET, HEAD' : route.method);
  }
  return allowed.length === 0 ? null : { allow: [...new Set(allowed)].join(', ') };
}

function responseOf({ status, headers, body }: Answer): Response {
  return new Response(body as string, { status, headers: { 'cache-control': 'no-store', ...headers } });
}
