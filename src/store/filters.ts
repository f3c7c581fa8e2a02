/**
 * Mail that waits for the verdict of the filters. A process leases the oldest of a domain, asks the filters, and stores
 * what they said with the mail; a lease that lapses leaves it to whoever looks next. The first verdict of a mail stands.
 */
import type { Facts } from '../activity.ts';
import type { LocalFacts } from '../api.ts';
import type { MailVerdict } from '../verdict.ts';
import type { StoredFacts } from './actors.ts';
import { WAITING } from './mail.ts';
import { ms, rows, type Statements, sql, texts, time } from './statement.ts';

/** A leased mail, with all that filters may look at. */
export interface UnfilteredMail {
  readonly domain: string;
  readonly seq: string;
  readonly activityId: string;
  readonly facts: Facts & {
    readonly locals: readonly LocalFacts[];
    /** Who sent it, where that is not its actor. */
    readonly sender?: { readonly actor: string; readonly domain: string };
    /** A moderator has approved it: these have been asked before. */
    readonly pastFilters?: readonly string[];
  };
  readonly inboxes: readonly string[];
  readonly receivedMs: number;
  readonly raw: string;
  readonly normal: string | null;
  /** What is known of its actor. */
  readonly actor: StoredFacts | null;
  /** The domain's state and strikes; null for one that nobody has met before. */
  readonly state: string | null;
  readonly strikes: number | null;
  /** It has been filtered before: this is the same activity again, and not what a moderator has approved. */
  readonly isKnown: boolean;
}

/** Takes the oldest mail of each of these domains that has no verdict and that nobody has leased. */
export async function leaseMail(
  db: Statements,
  names: readonly string[],
  bounds: { readonly perDomain: number; readonly atMs: number; readonly untilMs: number },
): Promise<UnfilteredMail[]> {
  const found = await db.run<
    Omit<UnfilteredMail, 'facts' | 'inboxes'> & { facts: string; inbox: string; firstSeenMs: number }
  >(sql`
    with picked as materialized (
      select m.domain, m.seq from unnest(${texts(names)}) as d(name)
       cross join lateral (
         select domain, seq from mail
          where domain = d.name and verdict is null and (lease_until is null or lease_until <= ${time(bounds.atMs)})
          order by seq limit ${bounds.perDomain} for update skip locked
       ) as m
    ), leased as (
      update mail as m set lease_until = ${time(bounds.untilMs)} from picked as p
       where m.domain = p.domain and m.seq = p.seq
      returning m.domain, m.seq, m.activity_id, m.facts, m.inbox, m.received_at
    )
    select l.domain, l.seq::text, l.activity_id as "activityId", l.facts, l.inbox, ${ms('l.received_at')} as "receivedMs",
           d.raw, d.normal, r.document as actor, ${ms('r.first_seen_at')} as "firstSeenMs", o.state,
           (o.snapshot -> 'snapshot' -> 'context' ->> 'strikes')::int as strikes,
           exists (select from activity as a where a.activity_id = l.activity_id and a.status <> 'failed'
                      and (a.status <> 'accepted' or l.facts::json -> 'pastFilters' is null)) as "isKnown"
      from leased as l
      left join document as d on d.activity_id = l.activity_id
      left join remote_actor as r on r.id = l.facts::json ->> 'actor'
      left join domain as o on o.name = l.domain
     order by l.seq`);
  return found.map(({ inbox, actor, firstSeenMs, ...mail }) => ({
    ...mail,
    actor: actor && { ...actor, firstSeenMs },
    inboxes: [inbox],
    facts: JSON.parse(mail.facts) as UnfilteredMail['facts'],
  }));
}

/** Gives mail back that was leased and not judged. */
export async function releaseMail(
  db: Statements,
  mail: readonly Pick<UnfilteredMail, 'domain' | 'seq'>[],
): Promise<void> {
  await db.run(sql`
    update mail as m set lease_until = null from json_to_recordset(${rows(mail.map(keyOf))}) as r(domain text, seq bigint)
     where m.domain = r.domain and m.seq = r.seq and m.verdict is null`);
}

export interface Judged {
  readonly mail: Pick<UnfilteredMail, 'domain' | 'seq'>;
  readonly verdict: MailVerdict;
}

/** Stores verdicts with their mail. */
export async function writeVerdicts(db: Statements, judged: readonly Judged[]): Promise<void> {
  const list = judged.map(({ mail, verdict }) => ({ ...keyOf(mail), verdict: JSON.stringify(verdict) }));
  await db.run(sql`
    update mail as m set verdict = r.verdict
      from json_to_recordset(${rows(list)}) as r(domain text, seq bigint, verdict text)
     where m.domain = r.domain and m.seq = r.seq and m.verdict is null`);
}

/** Domains with mail that has waited for its verdict for longer than `olderThanMs`, and that nobody works on. */
export async function unfilteredDomains(
  db: Statements,
  atMs: number,
  olderThanMs: number,
  most: number,
): Promise<string[]> {
  const found = await db.run<{ name: string }>(sql`
    with recursive ${WAITING}
    select w.name from waiting as w
     cross join lateral (
       select received_at, lease_until from mail where domain = w.name and verdict is null order by seq limit 1
     ) as head
     where head.received_at <= ${time(atMs - olderThanMs)}
       and (head.lease_until is null or head.lease_until <= ${time(atMs)})
     limit ${most}`);
  return found.map(({ name }) => name);
}

const keyOf = ({ domain, seq }: Pick<UnfilteredMail, 'domain' | 'seq'>) => ({ domain, seq });
