/** The rest of the Fediverse, in this process: every host that is asked for is there, and no socket is opened. */
import { domainOf } from '../activity.ts';
import { SallyportError } from '../errors.ts';
import type { Hop, Received } from '../remote.ts';
import {
  createRemoteDomain,
  type DomainParts,
  type HostedActor,
  type HostedDomain,
  type RemoteDomain,
} from './remote-domain.ts';

/** An activity of ours that reached somebody. */
export interface SentActivity {
  readonly type: string;
  /** The URLs of the inboxes that took it, in the order of their answers. */
  readonly to: readonly string[];
  /** The activity as it was sent. */
  readonly activity: Readonly<Record<string, unknown>>;
}

export interface Fediverse {
  /** The domain of this name; made when it is first asked for. */
  remote(domain: string): RemoteDomain;
  /** The actor with this id, which has a document from now on. Null for what is no URL of another server. */
  meet(id: string): HostedActor | null;
  /** Serves the document of this actor, while the work lasts, whatever its domain fails with. */
  vouching<T>(id: string, work: () => Promise<T>): Promise<T>;
  readonly sent: readonly SentActivity[];
  /** Answers a request in place of the network. */
  exchange(hop: Hop): Promise<Received>;
}

export function createFediverse(parts: Omit<DomainParts, 'onDelivered'>): Fediverse {
  const domains = new Map<string, HostedDomain>();
  const sent = new Map<string, { type: string; to: string[]; activity: SentActivity['activity'] }>();
  const vouched: string[] = [];

  function onDelivered({ inbox, activity }: { inbox: string; activity: SentActivity['activity'] }): void {
    const id = String(activity.id);
    const before = sent.get(id) ?? { type: String(activity.type), to: [], activity };
    if (!before.to.includes(inbox)) before.to.push(inbox);
    sent.set(id, before);
  }

  function at(host: string): HostedDomain {
    const domain = domains.get(host) ?? createRemoteDomain(host, { ...parts, onDelivered });
    domains.set(host, domain);
    return domain;
  }

  return {
    remote(name) {
      const url = URL.parse(`https://${name}/`);
      if (url === null || url.pathname !== '/' || url.host === '')
        throw new SallyportError('ERR_INVALID', `${name} is no domain`, { hint: "as in 'remote.example'" });
      return at(url.host);
    },
    meet: (id) => (domainOf(id) === null ? null : at(new URL(id).host).actorAt(id)),
    async vouching(id, work) {
      const url = URL.parse(id)?.href.replace(/#.*$/s, '') ?? '';
      vouched.push(url);
      try {
        return await work();
      } finally {
        vouched.splice(vouched.indexOf(url), 1);
      }
    },
    get sent() {
      return [...sent.values()];
    },
    exchange: (hop) => at(hop.url.host).exchange(hop, vouched.includes(hop.url.href)),
  };
}
