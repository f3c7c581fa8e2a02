/** Public keys of remote actors that have signed something we accepted. */
import { type RemoteActor, saveRemoteActors } from './actors.ts';
import { ms, rows, type Statements, sql } from './statement.ts';

/** A key as the store keeps it. */
export interface StoredKey {
  /** The keyId that requests name. */
  readonly id: string;
  /** The actor whose own document lists the key. */
  readonly actor: string;
  /** The domain of the keyId, which may be another one than the actor's. */
  readonly domain: string;
  readonly publicKeyPem: string;
  readonly fetchedMs: number;
}

/** The key of this id, or null. */
export async function storedKey(db: Statements, id: string): Promise<StoredKey | null> {
  const [found] = await db.run<StoredKey>(sql`
    select id, actor, domain, public_key_pem as "publicKeyPem", ${ms('fetched_at')} as "fetchedMs"
      from remote_key where id = ${id}`);
  return found ?? null;
}

/** Writes keys and the actors that own them; what was known of either is replaced. In order, against deadlocks. */
export async function saveKeys(
  db: Statements,
  keys: readonly StoredKey[],
  owners: readonly RemoteActor[],
): Promise<void> {
  const sorted = keys.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  await db.run(sql`
    insert into remote_key (id, actor, domain, public_key_pem, fetched_at)
    select r.id, r.actor, r.domain, r."publicKeyPem", to_timestamp(r."fetchedMs" / 1000)
      from json_to_recordset(${rows(sorted)})
        as r(id text, actor text, domain text, "publicKeyPem" text, "fetchedMs" float8)
    on conflict (id) do update set actor = excluded.actor, domain = excluded.domain,
      public_key_pem = excluded.public_key_pem, fetched_at = excluded.fetched_at`);
  await saveRemoteActors(db, owners);
}

/** Its owner's document does not list the key any more. */
export async function forgetKey(db: Statements, id: string): Promise<void> {
  await db.run(sql`delete from remote_key where id = ${id}`);
}
