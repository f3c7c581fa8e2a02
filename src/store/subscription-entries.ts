/** What the lists say of domains and actors, and what has been made of it here. */
import { rows, type Statements, sql, texts, time } from './statement.ts';

export type EntityKind = 'domain' | 'actor';

/** What a list says of one domain or actor. */
export interface Said {
  readonly kind: EntityKind;
  /** A domain, or an actor's id. */
  readonly key: string;
  /** The rule that it asks for, as text: two are the same when their texts are. Null where it asks for none. */
  readonly wish: string | null;
  readonly labels: readonly string[];
  /** Of a FIRES dataset: the type of the last change about it, and that change's id. */
  readonly advice?: string | null;
  readonly changeId?: string | null;
}

/** Writes what is said anew, one line for each entity. */
export async function putSaid(tx: Statements, subscription: string, said: readonly Said[]): Promise<void> {
  if (said.length === 0) return;
  await tx.run(sql`
    insert into subscription_entry (subscription, kind, key, change_id, advice, labels, wish)
    select ${subscription}::bigint, r.kind, r.key, r."changeId", r.advice, r.labels, r.wish
      from json_to_recordset(${rows(said)}) as r(kind text, key text, wish text, labels jsonb, advice text, "changeId" text)
    on conflict (subscription, kind, key) do update
       set wish = excluded.wish, labels = excluded.labels, advice = excluded.advice, change_id = excluded.change_id
     where (subscription_entry.wish, subscription_entry.labels, subscription_entry.advice, subscription_entry.change_id)
       is distinct from (excluded.wish, excluded.labels, excluded.advice, excluded.change_id)`);
}

/** The list says nothing of these any more. */
export async function dropUnsaid(
  tx: Statements,
  subscription: string,
  gone: readonly Pick<Said, 'kind' | 'key'>[],
): Promise<void> {
  if (gone.length > 0)
    await tx.run(sql`
      update subscription_entry as e set wish = null, advice = null, change_id = null, labels = '[]'
        from json_to_recordset(${rows(gone.map(({ kind, key }) => ({ kind, key })))}) as r(kind text, key text)
       where e.subscription = ${subscription}::bigint and e.kind = r.kind and e.key = r.key`);
  await forgetSpent(tx, subscription);
}

/** Everything that is known to be said. */
export async function saidEntries(db: Statements, subscription: string): Promise<Said[]> {
  return db.run(sql`
    select kind, key, wish, labels, advice, change_id as "changeId" from subscription_entry
     where subscription = ${subscription}::bigint and (wish is not null or advice is not null)`);
}

/** Forgets entities of which nothing is said and nothing was made. */
export async function forgetSpent(tx: Statements, subscription: string): Promise<void> {
  await tx.run(sql`
    delete from subscription_entry
     where subscription = ${subscription}::bigint and wish is null and applied is null
       and coalesce(advice, '') not in ('Advisory', 'Recommendation')`);
}

/** What is said and what was made of it, where the two differ. */
export interface Pending {
  readonly kind: EntityKind;
  readonly key: string;
  readonly wish: string | null;
  readonly applied: string | null;
  /** Null where it was not said, but left out. */
  readonly advice: string | null;
}

export async function pendingEntries(db: Statements, subscription: string): Promise<Pending[]> {
  return db.run(sql`
    select kind, key, wish, applied, advice from subscription_entry
     where subscription = ${subscription}::bigint and wish is distinct from applied order by kind, key`);
}

/** Everything that was made of a list, by kind and key. */
export async function appliedEntries(db: Statements, subscription: string): Promise<Pending[]> {
  return db.run(sql`
    select kind, key, wish, applied, advice from subscription_entry
     where subscription = ${subscription}::bigint and applied is not null order by kind, key`);
}

export async function countApplied(db: Statements, subscription: string): Promise<number> {
  const [row] = await db.run<{ count: number }>(sql`
    select count(*)::float8 as count from subscription_entry
     where subscription = ${subscription}::bigint and applied is not null`);
  return row?.count ?? 0;
}

/** Remembers what was made of entries. */
export async function markApplied(
  tx: Statements,
  subscription: string,
  made: readonly { readonly kind: EntityKind; readonly key: string; readonly applied: string | null }[],
): Promise<void> {
  await tx.run(sql`
    update subscription_entry as e set applied = r.applied
      from json_to_recordset(${rows(made)}) as r(kind text, key text, applied text)
     where e.subscription = ${subscription}::bigint and e.kind = r.kind and e.key = r.key`);
  await forgetSpent(tx, subscription);
}

/** An entry as a list of them shows it. */
export interface EntryRow extends Pending {
  readonly labels: readonly string[];
}

/** By kind and key, after a cursor of both. */
export async function listEntries(
  db: Statements,
  subscription: string,
  after: { readonly kind: string; readonly key: string } | null,
  limit: number,
): Promise<EntryRow[]> {
  return db.run(sql`
    select kind, key, wish, applied, advice, labels from subscription_entry
     where subscription = ${subscription}::bigint and (wish is not null or applied is not null or advice in ('Advisory', 'Recommendation'))
       and (${after === null} or (kind, key) > (${after?.kind ?? ''}, ${after?.key ?? ''}))
     order by kind, key limit ${limit}`);
}

/** A change of a dataset, and what it was about. */
export interface KnownChange {
  readonly changeId: string;
  readonly kind: EntityKind;
  readonly key: string;
}

export async function rememberChanges(
  tx: Statements,
  subscription: string,
  changes: readonly KnownChange[],
): Promise<void> {
  if (changes.length === 0) return;
  await tx.run(sql`
    insert into subscription_change (subscription, change_id, kind, key)
    select ${subscription}::bigint, r."changeId", r.kind, r.key
      from json_to_recordset(${rows(changes)}) as r("changeId" text, kind text, key text)
    on conflict do nothing`);
}

/** What these changes were about, as far as that is remembered. */
export async function knownChanges(
  db: Statements,
  subscription: string,
  ids: readonly string[],
): Promise<KnownChange[]> {
  if (ids.length === 0) return [];
  return db.run(sql`
    select change_id as "changeId", kind, key from subscription_change
     where subscription = ${subscription}::bigint and change_id = any(${texts(ids)})`);
}

/** Forgets these changes, and all but the newest `most`: ids sort by time. */
export async function forgetChanges(
  tx: Statements,
  subscription: string,
  ids: readonly string[],
  most: number,
): Promise<void> {
  await tx.run(sql`
    delete from subscription_change where subscription = ${subscription}::bigint and (change_id = any(${texts(ids)})
       or change_id < (select change_id from subscription_change where subscription = ${subscription}::bigint
                        order by change_id desc offset ${most} limit 1))`);
}

/** Names of labels, of those that were looked up; null for one that had none. */
export async function labelNames(
  db: Statements,
  iris: readonly string[],
): Promise<Map<string, { readonly name: string | null; readonly atMs: number }>> {
  if (iris.length === 0) return new Map();
  const found = await db.run<{ iri: string; name: string | null; atMs: number }>(sql`
    select iri, name, (extract(epoch from at) * 1000)::float8 as "atMs" from label_name where iri = any(${texts(iris)})`);
  return new Map(found.map(({ iri, ...rest }) => [iri, rest]));
}

export async function saveLabelNames(
  db: Statements,
  names: readonly { readonly iri: string; readonly name: string | null }[],
  atMs: number,
): Promise<void> {
  if (names.length === 0) return;
  await db.run(sql`
    insert into label_name (iri, name, at)
    select r.iri, r.name, ${time(atMs)} from json_to_recordset(${rows(names)}) as r(iri text, name text)
    on conflict (iri) do update set name = coalesce(excluded.name, label_name.name), at = excluded.at`);
}

/** Labels of a list's entries that nobody has looked up since `sinceMs`. */
export async function unnamedLabels(
  db: Statements,
  subscription: string,
  sinceMs: number,
  most: number,
): Promise<string[]> {
  const found = await db.run<{ iri: string }>(sql`
    select distinct l.iri from subscription_entry as e, jsonb_array_elements_text(e.labels) as l(iri)
     where e.subscription = ${subscription}::bigint and l.iri like 'http%'
       and not exists (select 1 from label_name as n where n.iri = l.iri and (n.name is not null or n.at > ${time(sinceMs)}))
     order by 1 limit ${most}`);
  return found.map(({ iri }) => iri);
}
