/** Actor documents: what peers read to find our inboxes and keys. ActivityPub 4.1 */
import type { LocalActor } from '../api.ts';

const PENDING = 'https://purl.archive.org/socialweb/pending#';

/** The document of a local actor, its public key included. */
export function actorDocument(actor: LocalActor, origin: string): Record<string, unknown> {
  const { id, locked, name, summary } = actor;
  const { '@context': context, ...bare } = bareDocument(actor, origin);
  return {
    '@context': [
      ...(context as readonly string[]),
      {
        manuallyApprovesFollowers: 'as:manuallyApprovesFollowers',
        alsoKnownAs: { '@id': 'as:alsoKnownAs', '@type': '@id' },
        // FEP-4ccd, whose context document few servers know.
        pendingFollowers: { '@id': `${PENDING}pendingFollowers`, '@type': '@id' },
        pendingFollowing: { '@id': `${PENDING}pendingFollowing`, '@type': '@id' },
        toot: 'http://joinmastodon.org/ns#',
        featured: { '@id': 'toot:featured', '@type': '@id' },
      },
    ],
    ...bare,
    name,
    ...(summary === null ? {} : { summary }),
    url: actor.url ?? id,
    manuallyApprovesFollowers: locked,
    ...(actor.alsoKnownAs.length === 0 ? {} : { alsoKnownAs: actor.alsoKnownAs }),
    outbox: `${id}/outbox`,
    followers: `${id}/followers`,
    following: `${id}/following`,
    liked: `${id}/liked`,
    featured: `${id}/featured`,
    pendingFollowers: `${id}/pendingFollowers`,
    pendingFollowing: `${id}/pendingFollowing`,
  };
}

/**
 * What anybody must be able to read of an actor to verify what it signs, and to send to it: all that is shown without a
 * signature where documents are only for those who sign.
 */
export function bareDocument(actor: LocalActor, origin: string): Record<string, unknown> {
  const { id, handle, inbox, type, publicKeyPem } = actor;
  return {
    '@context': ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1'],
    id,
    type,
    preferredUsername: handle,
    inbox,
    endpoints: { sharedInbox: `${origin}/inbox` },
    publicKey: { id: `${id}#main-key`, owner: id, publicKeyPem },
  };
}
