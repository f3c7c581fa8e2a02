/** Actor documents: what peers read to find our inboxes and keys. ActivityPub 4.1 */
import type { LocalActor } from '../api.ts';
import type { Answer } from '../verdict.ts';

/** The media type of ActivityStreams documents. ActivityPub 3.2 */
export const ACTIVITY_JSON = 'application/activity+json';

/** An ActivityStreams document as everybody may read it. */
export function activityJson(document: object): Answer {
  const headers = { 'content-type': ACTIVITY_JSON, vary: 'accept', 'access-control-allow-origin': '*' };
  return { status: 200, headers, body: JSON.stringify(document) };
}

/** The document of a local actor, its public key included. */
export function actorDocument(actor: LocalActor, origin: string): Record<string, unknown> {
  const { id, handle, inbox, locked, name, type, summary, alsoKnownAs, publicKeyPem } = actor;
  return {
    '@context': [
      'https://www.w3.org/ns/activitystreams',
      'https://w3id.org/security/v1',
      {
        manuallyApprovesFollowers: 'as:manuallyApprovesFollowers',
        alsoKnownAs: { '@id': 'as:alsoKnownAs', '@type': '@id' },
      },
    ],
    id,
    type,
    preferredUsername: handle,
    name,
    ...(summary === null ? {} : { summary }),
    url: id,
    manuallyApprovesFollowers: locked,
    ...(alsoKnownAs.length === 0 ? {} : { alsoKnownAs }),
    inbox,
    outbox: `${id}/outbox`,
    followers: `${id}/followers`,
    following: `${id}/following`,
    liked: `${id}/liked`,
    endpoints: { sharedInbox: `${origin}/inbox` },
    publicKey: { id: `${id}#main-key`, owner: id, publicKeyPem },
  };
}
