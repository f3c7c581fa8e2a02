/** WebFinger: from `acct:name@host`, or from an actor's URL, to the actor (RFC 7033 4); and where WebFinger is (RFC 6415). */
import type { LocalActor } from '../api.ts';
import { INSTANCE_HANDLE, type Locals } from '../locals.ts';
import { type Answer, problem } from '../verdict.ts';
import { ACTIVITY_JSON } from './negotiation.ts';

const EVERYBODY = { 'access-control-allow-origin': '*' };

export async function webfinger(locals: Locals, origin: string, query: URLSearchParams): Promise<Answer> {
  const [resource, ...more] = query.getAll('resource');
  if (resource === undefined || more.length > 0 || !/^[a-z][a-z0-9+.-]*:./i.test(resource)) {
    return problem(400, 'bad-resource', 'The parameter resource must be a URI', EVERYBODY);
  }
  const host = new URL(origin).host;
  const actor = await actorOf(locals, origin, host, resource);
  if (actor === null) return problem(404, 'not-found', 'Not found', EVERYBODY);
  const { id, handle, url } = actor;
  const links = [
    { rel: 'self', type: ACTIVITY_JSON, href: id },
    { rel: 'http://webfinger.net/rel/profile-page', type: 'text/html', href: url ?? id },
  ];
  // Only the links of the kinds that were asked for. RFC 7033 4.3
  const kinds = query.getAll('rel');
  const body = {
    subject: `acct:${handle}@${host}`,
    aliases: url === null ? [id] : [id, url],
    links: kinds.length === 0 ? links : links.filter(({ rel }) => kinds.includes(rel)),
  };
  const headers = { 'content-type': 'application/jrd+json', ...EVERYBODY };
  return { status: 200, headers, body: JSON.stringify(body) };
}

async function actorOf(
  locals: Locals,
  origin: string,
  host: string,
  resource: string,
): Promise<LocalActor | null> {
  if (resource === origin || resource === `${origin}/`) return locals.byHandle(INSTANCE_HANDLE);
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
  // As Mastodon names its own: the account that is called like the host is the instance.
  const found = (await locals.byHandle(name)) ?? (await locals.byHandle(name.toLowerCase()));
  return found ?? (name.toLowerCase() === host ? locals.byHandle(INSTANCE_HANDLE) : null);
}

/** Where WebFinger is, for those that look there first. RFC 6415 2 */
export function hostMeta(origin: string): Answer {
  const template = `${origin}/.well-known/webfinger?resource={uri}`;
  const body =
    '<?xml version="1.0" encoding="UTF-8"?>\n<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n' +
    `  <Link rel="lrdd" template="${template}"/>\n</XRD>\n`;
  return { status: 200, headers: { 'content-type': 'application/xrd+xml', ...EVERYBODY }, body };
}

/** The same as JSON. */
export function hostMetaJson(origin: string): Answer {
  const links = [
    { rel: 'lrdd', type: 'application/jrd+json', template: `${origin}/.well-known/webfinger?resource={uri}` },
  ];
  const headers = { 'content-type': 'application/jrd+json', ...EVERYBODY };
  return { status: 200, headers, body: JSON.stringify({ links }) };
}
