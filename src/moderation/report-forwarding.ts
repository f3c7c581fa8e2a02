/**
 * A report on its way to the server of whom it is about. Where the Flag carries a proof of its own it goes as it came,
 * byte for byte, so that the proof holds; else the instance says it in its own name, and nobody is told who reported.
 */
import { mintActivityId } from '../activities/answer.ts';
import { domainOf } from '../activity.ts';
import type { OwnActivity, RemoteInbox } from '../effects.ts';
import { SallyportError } from '../errors.ts';
import type { Locals } from '../locals.ts';
import { enqueue, insertOwnActivities } from '../store/deliveries.ts';
import { objectsFor } from '../store/objects.ts';
import type { FlagRow } from '../store/reports.ts';
import type { Statements } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import { linkedDataKeyId } from '../verify/linked-data-signature.ts';
import { proofKeyId } from '../verify/proof.ts';

export interface ForwardingParts {
  readonly store: Store;
  readonly locals: Pick<Locals, 'instance'>;
  readonly origin: string;
  /** Where a remote actor's inbox is; asks its server when nobody here knows. */
  inboxOf(actor: string): Promise<(RemoteInbox & { readonly sharedInbox: string | null }) | null>;
}

/** A remote actor that is reported, and where its server takes reports. */
export interface Reported {
  readonly actor: string;
  readonly domain: string;
  readonly inbox: string;
  /** What is reported of that server. */
  readonly objects: readonly string[];
}

/** Whose is this: the owner of an object that is known, else what it may be itself. */
async function ownersOf(store: Store, uris: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const known = new Map((await objectsFor(store, uris)).map(({ uri, owner }) => [uri, owner]));
  return new Map(uris.map((uri) => [uri, known.get(uri) ?? uri]));
}

/**
 * The remote actors that are reported, one for each server. What nobody knows is asked for: it may be an actor. Throws
 * `ERR_REMOTE` where a server is meant and none of what is named leads to an inbox.
 */
export async function reportedAt(
  { store, origin, inboxOf }: ForwardingParts,
  uris: readonly string[],
): Promise<Reported[]> {
  const owners = await ownersOf(store, uris);
  const isRemote = (uri: string): boolean => domainOf(uri) !== null && !uri.startsWith(`${origin}/`);
  const byDomain = Map.groupBy(
    [...new Set(owners.values())].filter(isRemote),
    (owner) => domainOf(owner) as string,
  );
  const reported: Reported[] = [];
  for (const [domain, candidates] of byDomain) {
    const found = await firstInbox(candidates, inboxOf);
    if (found === null)
      throw new SallyportError('ERR_REMOTE', `nobody at ${domain} takes this report`, {
        hint: 'name the actor besides its posts',
        data: { domain },
      });
    const objects = uris.filter((uri) => domainOf(uri) === domain && uri !== found.id);
    const { id: actor, inbox, sharedInbox } = found;
    reported.push({ actor, domain, inbox: sharedInbox ?? inbox, objects });
  }
  return reported;
}

async function firstInbox(candidates: readonly string[], inboxOf: ForwardingParts['inboxOf']) {
  // One question for an actor and one for a post beside it; nobody asks for a hundred.
  for (const candidate of candidates.slice(0, 2)) {
    const found = await inboxOf(candidate);
    if (found !== null) return found;
  }
  return null;
}

/** A Flag in the name of the instance. */
export function ownFlag(
  instance: string,
  { actor, objects }: Pick<Reported, 'actor' | 'objects'>,
  content: string | null,
  atMs: number,
): OwnActivity {
  const id = mintActivityId(instance, atMs);
  const body = {
    '@context': 'https://www.w3.org/ns/activitystreams',
    ...{ id, type: 'Flag', actor: instance, to: [actor], object: [actor, ...objects] },
    ...(content === null ? {} : { content }),
    published: new Date(atMs).toISOString(),
  };
  return { id, actor: instance, type: 'Flag', body: JSON.stringify(body) };
}

/** Those of these Flags that prove themselves, each as it came, under a name of ours for its delivery. */
export function originals(
  instance: string,
  report: string,
  flags: readonly FlagRow[],
  atMs: number,
): { readonly flag: FlagRow; readonly activity: OwnActivity }[] {
  return flags.flatMap((flag) => {
    const { raw } = flag;
    if (raw === null || !hasProof({ ...flag, raw }, atMs)) return [];
    const id = `${instance}/forwarded/${report}#${encodeURIComponent(flag.activityId)}`;
    return [{ flag, activity: { id, actor: instance, type: 'Flag', body: raw } }];
  });
}

/** One by a key of its actor's own server; whoever gets it checks it. */
function hasProof({ raw, activityId }: FlagRow & { readonly raw: string }, nowMs: number): boolean {
  const document = JSON.parse(raw) as Readonly<Record<string, unknown>>;
  const clock = { nowMs, futureMs: 0 };
  const domain = domainOf(activityId);
  return [proofKeyId(document, clock), linkedDataKeyId(document, clock)].some(
    (keyId) => keyId !== null && domainOf(keyId) === domain,
  );
}

/** Puts Flags into the outgoing mailbox of a server. */
export async function sendTo(
  tx: Statements,
  { domain, inbox }: Pick<Reported, 'domain' | 'inbox'>,
  activities: readonly OwnActivity[],
  atMs: number,
): Promise<void> {
  await insertOwnActivities(tx, activities, atMs);
  const deliveries = activities.map(({ id: activityId, actor }) => ({ domain, inbox, activityId, actor }));
  await enqueue(tx, deliveries, atMs);
}
