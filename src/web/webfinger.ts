/** WebFinger: from `acct:name@host`, or from an actor's URL, to the actor. RFC 7033 4 */
import type { LocalActor } from '../api.ts';
import type { Locals } from '../locals.ts';
import { type Answer, problem } from '../verdict.ts';
import { ACTIVITY_JSON } from './actors.ts';

export async function webfinger(locals: Locals, origin: string, query: URLSearchParams): Promise<Answer> {
  const resource = query.get('resource');
  if (resource === null || !/^[a-z][a-z0-9+.-]*:./i.test(resource)) {
    return problem(400, 'bad-resource', 'The parameter resource must be a URI');
  }
  const host = new URL(origin).host;
  const actor = await actorOf(locals, host, resource);
  if (actor === null) return problem(404, 'not-found', 'Not found');
  const { id, handle } = actor;
  const body = {
    subject: `acct:${handle}@${host}`,
    aliases: [id],
    links: [
      { rel: 'self', type: ACTIVITY_JSON, href: id },
      { rel: 'http://webfinger.net/rel/profile-page', type: 'text/html', href: id },
    ],
  };
  const headers = { 'content-type': 'application/jrd+json', 'access-control-allow-origin': '*' };
  return { status: 200, headers, body: JSON.stringify(body) };
}

async function actorOf(locals: Locals, host: string, resource: string): Promise<LocalActor | null> {
  const account = /^acct:@?([^@]+)@([^@/]+)$/i.exec(resource);
  if (account === null) return locals.byId(resource);
  const [, handle, of] = account as unknown as [string, string, string];
  if (of.toLowerCase() !== host) return null;
  let name: string;
  try {
    name = decodeURIComponent(handle);
  } catch {
    return null;
  }
  return (await locals.byHandle(name)) ?? locals.byHandle(name.toLowerCase());
}
