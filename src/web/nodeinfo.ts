/** NodeInfo 2.1: what software answers here. FEP-f1d5 */
import type { Answer } from '../verdict.ts';

const SCHEMA = 'http://nodeinfo.diaspora.software/ns/schema/2.1';

export function nodeinfoLinks(origin: string): Answer {
  return json('application/json', { links: [{ rel: SCHEMA, href: `${origin}/nodeinfo/2.1` }] });
}

export function nodeinfo(version: string): Answer {
  return json(`application/json; profile="${SCHEMA}#"`, {
    version: '2.1',
    software: { name: 'sallyport', version },
    protocols: ['activitypub'],
    services: { inbound: [], outbound: [] },
    openRegistrations: false,
    usage: { users: {} },
    metadata: {},
  });
}

function json(contentType: string, body: object): Answer {
  return { status: 200, headers: { 'content-type': contentType }, body: JSON.stringify(body) };
}
