/** The senders: actors of many domains, each with a life of its own of follows, undos, likes and posts. */
import {
  create,
  follow,
  like,
  type RemoteActor,
  type RemoteDomain,
  remoteDomain,
  type Sent,
  undo,
} from '../../test/fediverse/index.ts';
import type { Chance } from './chance.ts';
import { LOCALS, type Local } from './server-process.ts';

/** What an activity does to follows; null for one that does nothing to them. */
export type Deed =
  | { readonly type: 'follow'; readonly local: Local }
  | { readonly type: 'undo'; readonly local: Local; readonly followId: string };

/** An activity and where it is sent: an inbox twice is the same activity twice. */
export interface Letter {
  readonly activity: Sent;
  readonly deed: Deed | null;
  readonly inboxes: readonly string[];
  /** Inboxes for which a 202 came. */
  readonly acknowledged: Set<string>;
  /** It is known to have got in: acknowledged, or found in the database afterwards. */
  hasArrived: boolean;
}

/** An actor with everything that it has sent, in order. It sends one letter after the other. */
export interface Sender {
  readonly actor: RemoteActor;
  readonly letters: Letter[];
  /** The Follow that it believes in, by local actor. */
  readonly follows: Map<Local, Sent>;
}

export interface Senders extends AsyncDisposable {
  readonly domains: readonly RemoteDomain[];
  readonly all: readonly Sender[];
}

export async function gatherSenders(domainCount: number, actorsEach: number): Promise<Senders> {
  const domains: RemoteDomain[] = [];
  const all: Sender[] = [];
  for (let d = 0; d < domainCount; d++) {
    const domain = await remoteDomain();
    domains.push(domain);
    for (let a = 0; a < actorsEach; a++) {
      all.push({ actor: await domain.actor(`user${a}`), letters: [], follows: new Map() });
    }
  }
  return {
    domains,
    all,
    async [Symbol.asyncDispose]() {
      await Promise.all(domains.map((domain) => domain.close()));
    },
  };
}

/** Writes the sender's next letter: a new activity, or now and then an old one once more. */
export function writeLetter(sender: Sender, origin: string, chance: Chance): Letter {
  const old = sender.letters.length > 0 && chance.happens(0.05) ? chance.one(sender.letters) : null;
  if (old !== null) {
    return { ...old, inboxes: [chance.one(inboxesOf(origin))], acknowledged: new Set(), hasArrived: false };
  }
  const { activity, deed } = nextActivity(sender, origin, chance);
  const inboxes = [chance.one(inboxesOf(origin))];
  if (chance.happens(0.15)) inboxes.push(inboxes[0] as string);
  if (chance.happens(0.2)) inboxes.push(chance.one(inboxesOf(origin)));
  return { activity, deed, inboxes, acknowledged: new Set(), hasArrived: false };
}

function nextActivity({ actor, follows }: Sender, origin: string, chance: Chance) {
  const local = chance.one(LOCALS);
  const uri = `${origin}/users/${local}`;
  const before = follows.get(local);
  // Asking again while a request is alive is rarer than taking it back.
  if (before === undefined ? chance.happens(0.5) : chance.happens(0.1)) {
    const activity = follow(actor.id, uri);
    follows.set(local, activity);
    return { activity, deed: { type: 'follow', local } as const };
  }
  if (before !== undefined && chance.happens(0.5)) {
    follows.delete(local);
    return {
      activity: undo(actor.id, before),
      deed: { type: 'undo', local, followId: before.id } as const,
    };
  }
  const activity = chance.happens(0.5)
    ? like(actor.id, `${origin}/notes/1`)
    : create(actor.id, { mentions: [uri] });
  return { activity, deed: null };
}

function inboxesOf(origin: string): string[] {
  return [`${origin}/inbox`, ...LOCALS.map((local) => `${origin}/users/${local}/inbox`)];
}
