/** Who follows: remote actors on domains of a loopback network, living and dead, and their rows in the database. */
import { sql } from '../../src/store/statement.ts';
import { openStore } from '../../src/store/store.ts';

/** How a dead domain is dead: nobody listens, nothing is ever answered, or 503 is. */
export const DEATHS = ['refuses', 'hangs', 'answers 503'] as const;
export type Fate = 'lives' | (typeof DEATHS)[number];

export interface Domain {
  readonly address: string;
  readonly fate: Fate;
}

/** So many domains; the dead ones are spread among the others, a third of each kind. */
export function domainsOf(count: number, dead: number): Domain[] {
  const every = dead === 0 ? Number.POSITIVE_INFINITY : Math.floor(count / dead);
  let died = 0;
  return Array.from({ length: count }, (_, number): Domain => {
    const isDead = number % every === 0 && died < dead;
    const fate: Fate = isDead ? (DEATHS[died++ % DEATHS.length] as Fate) : 'lives';
    return { address: `127.201.${number >> 8}.${number & 255}`, fate };
  });
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** Makes them followers of an actor, as many accepted follows would have. `isShared`: with one inbox for each domain. */
export async function insertFollowers(
  place: { readonly database: string | null; readonly dataDirectory: string; readonly origin: string },
  actor: string,
  { domains, followers, port }: { domains: readonly Domain[]; followers: number; port: number },
  isShared: boolean,
): Promise<void> {
  const store = await openStore({ ...place, logger: quiet });
  const actors = Array.from({ length: followers }, (_, number) => {
    const { address, fate } = domains[number % domains.length] as Domain;
    // Port 1 of a loopback address: nobody listens there.
    const origin = `http://${address}:${fate === 'refuses' ? 1 : port}`;
    const id = `${origin}/users/${number}`;
    return { id, domain: address, inbox: `${id}/inbox`, shared: isShared ? `${origin}/inbox` : null };
  });
  const list = JSON.stringify(actors);
  await store.run(sql`
    insert into remote_actor (id, domain, inbox, shared_inbox, document, fetched_at)
    select id, domain, inbox, shared, '{"type": "Person"}', to_timestamp(${Date.now() / 1_000}::float8)
      from json_to_recordset(${list}::json) as r(id text, domain text, inbox text, shared text)`);
  await store.run(sql`
    insert into member (collection, item, via, added_at)
    select ${`${actor}/followers`}, id, '', to_timestamp(${Date.now() / 1_000}::float8)
      from json_to_recordset(${list}::json) as r(id text)`);
  await store.close();
}
