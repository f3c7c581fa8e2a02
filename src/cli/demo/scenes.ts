/**
 * What happens in the simulated Fediverse, again and again:
 *
 * | who | does | what one sees |
 * |---|---|---|
 * | wren@birds | follows alice, writes to her | new → accepted, an Accept goes out |
 * | owl@library | follows bob and changes its mind | accepted → withdrawn |
 * | mole@garden | asks to follow carol, who is locked; likes things | pending, until you decide |
 * | magpie@chatty | a burst of likes | active → rate-limited → active |
 * | eel@spam | signs what it does not send | 401 at the door, and no trace |
 */
import type { Begin } from './message.ts';
import type { RemoteActor } from './remote-actor.ts';

/** The cast: name, domain, and whether it forges. */
export const CAST = [
  ['wren', 'birds', false],
  ['owl', 'library', false],
  ['mole', 'garden', false],
  ['magpie', 'chatty', false],
  ['eel', 'spam', true],
] as const;
export type Name = (typeof CAST)[number][0];

export interface Scene {
  /** When it is played first, and how long after each time it is played again, in milliseconds. */
  readonly afterMs: number;
  readonly everyMs: number | null;
  play(): Promise<unknown>;
}

/** More than the demo's limit of 20 in 10 seconds. */
const BURST = 26;

export function scenes(cast: Readonly<Record<Name, RemoteActor>>, server: Begin): readonly Scene[] {
  const { wren, owl, mole, magpie, eel } = cast;
  const local = (name: string): string => `${server.origin}/users/${name}`;
  const numbers = new Map<string, number>();
  const idOf = (actor: RemoteActor, what: string): string => {
    const number = (numbers.get(what) ?? 0) + 1;
    numbers.set(what, number);
    return `${actor.id}/${what}/${number}`;
  };
  const follow = (actor: RemoteActor, whom: string) =>
    ({ id: idOf(actor, `follow-${whom}`), type: 'Follow', object: local(whom) }) as const;
  const inboxOf = (whom: string): string => `/users/${whom}/inbox`;
  const like = (actor: RemoteActor, whom: string): Promise<number> =>
    actor.post(server, inboxOf(whom), {
      id: idOf(actor, 'like'),
      type: 'Like',
      object: `${server.origin}/notes/1`,
      to: local(whom),
    });

  let owlsFollow: ReturnType<typeof follow> | undefined;
  return [
    { afterMs: 0, everyMs: null, play: () => wren.post(server, inboxOf('alice'), follow(wren, 'alice')) },
    { afterMs: 400, everyMs: null, play: () => mole.post(server, inboxOf('carol'), follow(mole, 'carol')) },
    { afterMs: 1_500, everyMs: 40_000, play: () => burst(() => like(magpie, 'alice')) },
    { afterMs: 3_000, everyMs: 12_000, play: () => like(eel, 'bob') },
    {
      afterMs: 4_500,
      everyMs: 15_000,
      async play() {
        if (owlsFollow === undefined) {
          owlsFollow = follow(owl, 'bob');
          return owl.post(server, inboxOf('bob'), owlsFollow);
        }
        const undone = { ...owlsFollow, actor: owl.id };
        owlsFollow = undefined;
        return owl.post(server, inboxOf('bob'), { id: idOf(owl, 'undo'), type: 'Undo', object: undone });
      },
    },
    { afterMs: 6_000, everyMs: 20_000, play: () => write(wren) },
    { afterMs: 9_000, everyMs: 25_000, play: () => like(mole, 'bob') },
  ];

  function write(actor: RemoteActor): Promise<number> {
    const note = idOf(actor, 'notes');
    const to = ['https://www.w3.org/ns/activitystreams#Public'];
    const content = '<p>Good morning, Alice.</p>';
    const object = { id: note, type: 'Note', attributedTo: actor.id, to, cc: [local('alice')], content };
    const published = new Date().toISOString();
    return actor.post(server, '/inbox', {
      ...{ id: `${note}/activity`, type: 'Create', published, to, cc: [local('alice')] },
      object: { ...object, published },
    });
  }
}

/** One after the other, as a server with one busy queue sends them. */
async function burst(send: () => Promise<number>): Promise<void> {
  for (let sent = 0; sent < BURST; sent++) await send();
}
