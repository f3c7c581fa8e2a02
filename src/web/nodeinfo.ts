/** NodeInfo 2.0 and 2.1: what software answers here. FEP-f1d5 */
import type { Answer } from '../verdict.ts';

export const NODEINFO_VERSIONS = ['2.1', '2.0'] as const;
type Version = (typeof NODEINFO_VERSIONS)[number];

const schemaOf = (version: Version): string => `http://nodeinfo.diaspora.software/ns/schema/${version}`;

/** The rel by which the actor that stands for the whole server is found. FEP-2677 */
const APPLICATION = 'https://www.w3.org/ns/activitystreams#Application';

export function nodeinfoLinks(origin: string, instance: string): Answer {
  const links = NODEINFO_VERSIONS.map((version) => {
    return { rel: schemaOf(version), href: `${origin}/nodeinfo/${version}` };
  });
  return json('application/json', { links: [...links, { rel: APPLICATION, href: instance }] });
}

/** `fires`: where lists are published in that protocol; null where they are not. */
export function nodeinfo(
  version: Version,
  ourVersion: string,
  fires: { readonly labels: string; readonly datasets: string } | null,
): Answer {
  return json(`application/json; profile="${schemaOf(version)}#"`, {
    version,
    software: { name: 'sallyport', version: ourVersion },
    protocols: ['activitypub', ...(fires === null ? [] : ['fires'])],
    services: { inbound: [], outbound: [] },
    openRegistrations: false,
    usage: { users: {} },
    metadata: fires === null ? {} : { fires },
  });
}

function json(contentType: string, body: object): Answer {
  const headers = { 'content-type': contentType, 'access-control-allow-origin': '*' };
  return { status: 200, headers, body: JSON.stringify(body) };
}
