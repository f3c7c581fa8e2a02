/**
 * Plays many stories at once on the same servers, kills a server meanwhile, and looks at what has become of them.
 * Each story has remote actors of its own; ours are the same for all.
 */
import { isDeepStrictEqual } from 'node:util';
import { stamp } from '../../benchmarks/kill/post-office.ts';
import { allPages, type ServerProcess, untilProcessed } from '../../benchmarks/kill/server-process.ts';
import { type RemoteDomain, remoteDomain, rsaKey, type Signer } from '../fediverse/index.ts';
import type { Fleet } from './fleet.ts';
import type { Expected, NoteState } from './outcome.ts';
import { reference } from './reference.ts';
import { type Deed, isDeed, LOCALS, NOTES, nameOf, REMOTES, SERVER, type Step, type Story } from './steps.ts';
import { activityId, actorId, type Cast, localId, noteId, ORIGIN, wire } from './wire.ts';

/** A story that did not end as the reference has it. */
export interface Divergence {
  readonly story: Story;
  readonly expected: Expected;
  readonly found: Expected;
}

export interface Troupe extends AsyncDisposable {
  /** Plays these stories; gives back those that diverge. */
  play(fleet: Fleet, stories: readonly Story[]): Promise<Divergence[]>;
  /** POSTs answered so far. */
  readonly posts: number;
}

/** One story on its way. */
interface Actors {
  readonly story: Story;
  readonly cast: Cast;
  /** The Follows of ours by the step that sent them. */
  readonly ours: Map<string, string>;
  at: number;
}

const AT_ONCE = 24;

export async function gatherTroupe(): Promise<Troupe> {
  const servers = [await remoteDomain(), await remoteDomain()] as const;
  const { privateKey, publicKeyPem } = await rsaKey();
  let count = 0;
  let posts = 0;

  function begin(story: Story): Actors {
    const key = `s${++count}e`;
    const cast = { key, servers: [servers[0].origin, servers[1].origin], ours: new Map() } as const;
    for (const who of REMOTES) serveActor(servers[SERVER[who]], actorId(cast, who), publicKeyPem);
    return { story, cast, ours: new Map(), at: 0 };
  }

  /** Sends the mail of a story up to what one of ours does next. */
  async function sendOn(actors: Actors, fleet: Fleet): Promise<void> {
    for (let step = next(actors); step !== undefined && !isDeed(step); step = next(actors)) {
      const actor = actorId(actors.cast, step.by);
      const signer: Signer = { keyId: `${actor}#main-key`, privateKey };
      const inbox = step.do === 'Follow' ? `${localId(step.to)}/inbox` : `${ORIGIN}/inbox`;
      const status = await fleet.send(stamp(inbox, wire(actors.cast, step), signer));
      if (status !== 202) throw new Error(`${nameOf(step)} was answered ${status}`);
      posts++;
      actors.at++;
    }
  }

  return {
    async play(fleet, stories) {
      const all = stories.map(begin);
      while (all.some((actors) => next(actors) !== undefined)) {
        await eachOf(all, (actors) => sendOn(actors, fleet));
        const server = await fleet.server();
        await untilProcessed(server);
        await eachOf(all, async (actors) => {
          const step = next(actors);
          if (step !== undefined && isDeed(step)) await act(server, actors, step);
        });
      }
      const server = await fleet.server();
      await untilProcessed(server);
      return compare(server, all);
    },
    get posts() {
      return posts;
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server.close();
    },
  };
}

const next = ({ story, at }: Actors): Step | undefined => story[at];

async function act(server: ServerProcess, actors: Actors, deed: Deed): Promise<void> {
  const { cast, ours, at } = actors;
  actors.at++;
  if (deed.do === 'follow') {
    const object = actorId(cast, deed.to);
    const { activityId: id } = await server.ask<{ activityId: string }>(`/actors/${deed.by}/follow`, {
      object,
    });
    // One that is alive is the same one again.
    if (!ours.has(id)) ours.set(id, `ours ${at}`);
    cast.ours.set(nameOf({ by: deed.by, to: deed.to }), id);
    return;
  }
  const id = activityId(cast, { ...deed, do: 'Follow' });
  await server.ask(`/follow-requests/${encodeURIComponent(id)}/${deed.do}`, {}).catch((error: Error) => {
    if (!/: (404|409) /.test(error.message)) throw error;
  });
}

async function compare(server: ServerProcess, all: readonly Actors[]): Promise<Divergence[]> {
  const whose = new Map(all.map((actors) => [actors.cast.key, actors]));
  const keyOf = (text: string): string => /-(s\d+e)\b/.exec(text)?.[1] ?? '';
  const isOver = (texts: readonly string[]): boolean => !texts.some((text) => whose.has(keyOf(text)));
  const found = new Map(
    all.map(({ cast }) => [cast.key, { statuses: {}, follows: {}, collections: {}, notes: {} }]),
  ) as unknown as Map<string, Expected>;

  const activities = await allPages<{ activityId: string; status: string }>(server, '/activities', (page) =>
    isOver(page.map((row) => row.activityId)),
  );
  for (const row of activities) {
    const mine = found.get(keyOf(row.activityId));
    if (mine !== undefined) mine.statuses[row.activityId.split('/').at(-1) as string] = row.status as never;
  }
  const requests = await allPages<Record<'activityId' | 'state' | 'follower' | 'following', string>>(
    server,
    '/follow-requests',
    (page) => isOver(page.map(({ follower, following }) => `${follower} ${following}`)),
  );
  for (const { activityId: id, state, follower, following } of requests) {
    const key = keyOf(`${follower} ${following}`);
    const mine = found.get(key);
    if (mine === undefined || state === 'withdrawn') continue;
    mine.follows[whose.get(key)?.ours.get(id) ?? (id.split('/').at(-1) as string)] = state;
  }
  for (const local of LOCALS)
    for (const name of ['followers', 'following']) {
      for (const { collections } of found.values()) collections[`${local} ${name}`] = [];
      for (const item of await allPages<string>(server, `/actors/${local}/collections/${name}`, isOver))
        found
          .get(keyOf(item))
          ?.collections[`${local} ${name}`]?.push(/\/(\w+)-s\d+e$/.exec(item)?.[1] ?? item);
    }
  await eachOf(all, async ({ cast }) => {
    const mine = found.get(cast.key) as Expected;
    for (const note of NOTES) mine.notes[note] = await noteState(server, noteId(cast, note), cast);
    for (const list of Object.values(mine.collections)) list.sort();
  });
  return all
    .map(({ story, cast }) => ({ story, expected: reference(story), found: found.get(cast.key) as Expected }))
    .filter(({ expected, found: seen }) => !isDeepStrictEqual(seen, expected));
}

async function noteState(server: ServerProcess, uri: string, cast: Cast): Promise<NoteState> {
  const path = `/objects?uri=${encodeURIComponent(uri)}`;
  type Record_ = Omit<NoteState, 'likes' | 'shares' | 'replies'> &
    Record<'likes' | 'shares' | 'replies', { total: number }>;
  const record = await server.ask<Record_>(path).catch((error: Error) => {
    if (!/: 404 /.test(error.message)) throw error;
    const none = { total: 0 };
    return { type: null, owner: null, deleted: false, likes: none, shares: none, replies: none };
  });
  const { type, owner, deleted, likes, shares, replies } = record;
  const name = REMOTES.find((who) => actorId(cast, who) === owner) ?? owner;
  return { type, owner: name, deleted, likes: likes.total, shares: shares.total, replies: replies.total };
}

function serveActor({ origin, serve }: RemoteDomain, id: string, publicKeyPem: string): void {
  const document = JSON.stringify({
    '@context': ['https://www.w3.org/ns/activitystreams', 'https://w3id.org/security/v1'],
    ...{ id, type: 'Person', preferredUsername: id.split('/').at(-1), inbox: `${id}/inbox` },
    ...{ followers: `${id}/followers`, endpoints: { sharedInbox: `${origin}/inbox` } },
    publicKey: { id: `${id}#main-key`, owner: id, publicKeyPem },
  });
  serve(new URL(id).pathname, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/activity+json' }).end(document);
  });
}

async function eachOf<Item>(list: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const rest = list.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}
