/** Actors: the local ones with the keys made for them, and what is known of remote ones. */
import { ms, rows, type Statements, sql, time } from './statement.ts';

/** A local actor whose key pair was made here. */
export interface StoredActor {
  readonly id: string;
  readonly handle: string;
  readonly publicKeyPem: string;
  readonly privateKeyPem: string;
}

/** Every local actor with a key pair made here. */
export async function storedActors(db: Statements): Promise<StoredActor[]> {
  return db.run<StoredActor>(sql`
    select id, handle, public_key_pem as "publicKeyPem", private_key_pem as "privateKeyPem" from actor order by handle`);
}

/** The local actor of this id, or null. */
export async function storedActor(db: Statements, id: string): Promise<StoredActor | null> {
  const [found] = await db.run<StoredActor>(sql`
    select id, handle, public_key_pem as "publicKeyPem", private_key_pem as "privateKeyPem" from actor where id = ${id}`);
  return found ?? null;
}

/**
 * Stores a key pair for a local actor; of two processes that do so at once the first one's stands. A handle that
 * another id had before has moved: the old id keeps its keys under its id instead of a handle.
 */
export async function insertActor(tx: Statements, actor: StoredActor, atMs: number): Promise<void> {
  const { id, handle, publicKeyPem, privateKeyPem } = actor;
  await tx.run(sql`update actor set handle = id where handle = ${handle} and id <> ${id}`);
  await tx.run(sql`
    insert into actor (id, handle, public_key_pem, private_key_pem, created_at)
    values (${id}, ${handle}, ${publicKeyPem}, ${privateKeyPem}, ${time(atMs)}) on conflict do nothing`);
}

/** A few facts of a remote actor's document. Its word, cleaned and cut, never used for a decision about others. */
export interface ActorFacts {
  readonly type: string;
  readonly preferredUsername: string | null;
  readonly name: string | null;
  /** When its server says it was made, as written there. */
  readonly published: string | null;
  readonly manuallyApprovesFollowers: boolean;
  /** The collection by which it addresses its followers. */
  readonly followers: string | null;
  /** The collection of what it has pinned, where it has one. */
  readonly featured?: string;
}

/** The same, and when it was fetched for the first time, epoch milliseconds. */
export interface StoredFacts extends ActorFacts {
  readonly firstSeenMs: number;
}

/** A remote actor: where to deliver to, and who it says it is. */
export interface RemoteActor {
  readonly id: string;
  /** The domain of its id, whose outgoing mailbox its deliveries lie in. */
  readonly domain: string;
  readonly inbox: string;
  readonly sharedInbox: string | null;
  readonly document: ActorFacts;
  readonly fetchedMs: number;
}

/** The remote actor of this id, or null. */
export async function remoteActor(db: Statements, id: string): Promise<RemoteActor | null> {
  const [found] = await db.run<RemoteActor>(sql`
    select id, domain, inbox, shared_inbox as "sharedInbox", document, ${ms('fetched_at')} as "fetchedMs"
      from remote_actor where id = ${id}`);
  return found ?? null;
}

/** Writes remote actors; what was known of them is replaced. In order, against deadlocks. */
export async function saveRemoteActors(db: Statements, actors: readonly RemoteActor[]): Promise<void> {
  if (actors.length === 0) return;
  const sorted = actors.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  await db.run(sql`
    insert into remote_actor (id, domain, inbox, shared_inbox, document, fetched_at, first_seen_at)
    select r.id, r.domain, r.inbox, r."sharedInbox", r.document, to_timestamp(r."fetchedMs" / 1000),
           to_timestamp(r."fetchedMs" / 1000)
      from json_to_recordset(${rows(sorted)})
        as r(id text, domain text, inbox text, "sharedInbox" text, document jsonb, "fetchedMs" float8)
    on conflict (id) do update set domain = excluded.domain, inbox = excluded.inbox, shared_inbox = excluded.shared_inbox,
      document = excluded.document, fetched_at = excluded.fetched_at`);
}
