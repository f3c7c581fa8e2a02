/** Steps as they go over the wire: real activities with ids on their actor's own server. */
import { CONTEXT, PUBLIC, type Sent } from '../fediverse/index.ts';
import { TYPES } from './outcome.ts';
import { type Mail, type Note, nameOf, OWNER, type Remote, SERVER, type Undoable } from './steps.ts';

export const ORIGIN = 'https://us.example';
export const localId = (name: string): string => `${ORIGIN}/users/${name}`;

/** Where the actors of one story live, and what they go by there. */
export interface Cast {
  readonly key: string;
  /** The origins of the two servers. */
  readonly servers: readonly [string, string];
  /** The ids of the Follows that ours have sent, by `alice-al` and so on: the newest of each pair. */
  readonly ours: Map<string, string>;
}

export const actorId = ({ key, servers }: Cast, who: Remote): string =>
  `${servers[SERVER[who]]}/users/${who}-${key}`;
export const noteId = (cast: Cast, note: Note): string => `${actorId(cast, OWNER[note])}/notes/${note}`;
export const activityId = (cast: Cast, mail: Mail): string =>
  `${actorId(cast, mail.by)}/activities/${nameOf(mail)}`;

const WRITTEN_MS = Date.UTC(2026, 0, 1);

/** The activity that this step sends. */
export function wire(cast: Cast, mail: Mail): Sent {
  const activity = { id: activityId(cast, mail), type: mail.do, actor: actorId(cast, mail.by) };
  return { '@context': CONTEXT, ...activity, to: [PUBLIC], object: objectOf(cast, mail) };
}

function objectOf(cast: Cast, mail: Mail): unknown {
  switch (mail.do) {
    case 'Follow':
    case 'Block':
      return localId(mail.to);
    case 'Like':
    case 'Announce':
      return noteId(cast, mail.to);
    case 'Undo':
      return mail.isEmbedded ? undone(cast, mail.of) : activityId(cast, mail.of);
    case 'Delete':
      return { id: noteId(cast, mail.to), type: 'Tombstone' };
    case 'Create':
    case 'Update':
      return written(cast, mail.to, 'version' in mail ? mail.version : 0);
    default: {
      const { by, to } = mail.of;
      const id = cast.ours.get(nameOf({ by, to })) ?? `${localId(by)}/activities/never-sent`;
      return mail.isEmbedded ? { id, type: 'Follow', actor: localId(by), object: actorId(cast, to) } : id;
    }
  }
}

function undone(cast: Cast, of: Undoable): unknown {
  const { '@context': _, ...rest } = wire(cast, of);
  return rest;
}

function written(cast: Cast, note: Note, version: number): unknown {
  return {
    id: noteId(cast, note),
    type: TYPES[version],
    attributedTo: actorId(cast, OWNER[note]),
    to: [PUBLIC],
    content: `version ${version}`,
    inReplyTo: note === 'answer' ? noteId(cast, 'first') : null,
    published: new Date(WRITTEN_MS).toISOString(),
    ...(version > 0 && { updated: new Date(WRITTEN_MS + version * 60_000).toISOString() }),
  };
}
