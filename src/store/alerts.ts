/** Alerts: what has happened that somebody may want to hear, and what is told to whom. */
import type { AlertBody, AlertRecord } from '../api/alerts.ts';
import { ms, rows, type Statements, sql, texts, time } from './statement.ts';

/** A transition, or what became of an activity that is held. */
export interface News {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: 'transition' | 'hold';
  readonly machine: 'domain' | 'follow-request' | null;
  readonly key: string;
  readonly domain: string;
  readonly from: string | null;
  readonly to: string;
  readonly event: string | null;
  readonly reason: string | null;
  readonly by: string | null;
  /** Of the activity that is held. */
  readonly id: string | null;
  readonly type: string | null;
  readonly actor: string | null;
  /** Of the follow request. */
  readonly follower: string | null;
  readonly following: string | null;
  /** Of the domain: what the rule says that was written with it, and whether there was one before. */
  readonly severity: string | null;
  readonly isNewRule: boolean | null;
}

/** What the log says after a number, in order. Each kind has an index of its own: ended activities are passed over. */
export async function newsAfter(db: Statements, seq: number, limit: number): Promise<News[]> {
  const some = (kind: 'transition' | 'hold') => sql`
    (select * from event where kind = ${sql.lit(kind)} and seq > ${seq}::bigint order by seq limit ${limit})`;
  return db.run<News>(sql`
    select e.seq::float8 as seq, ${ms('e.at')} as "atMs", e.kind, e.machine, e.key, e.domain, e.from_state as "from",
           e.to_state as "to", e.event, e.reason, e.by_whom as "by", a.id::text as id, a.type, a.actor, f.follower, f.following,
           r.severity, r.is_new as "isNewRule"
      from (${some('transition')} union all ${some('hold')}) as e
      left join activity as a on e.kind = 'hold' and a.activity_id = e.key
      left join follow_request as f on e.machine = 'follow-request' and f.activity_id = e.key
      left join lateral (
        select severity, created_at = updated_at as is_new from domain_rule
         where e.machine = 'domain' and domain = e.key and updated_at = e.at order by source = 'manual' desc limit 1
      ) as r on true
     order by e.seq limit ${limit}`);
}

/** One alert for one channel. What is gathered is told together, with what comes until it is due. */
export interface NewAlert {
  readonly source: string;
  readonly channel: string;
  readonly body: AlertBody;
  readonly dueMs: number;
  readonly isGathered: boolean;
}

/** Items that are told with their details when many are told together. */
const ITEMS_MAX = 50;

/** Writes alerts; one that is there already is there once. */
export async function insertAlerts(tx: Statements, alerts: readonly NewAlert[], atMs: number): Promise<void> {
  const gathered = alerts.filter(({ isGathered }) => isGathered);
  const single = alerts.filter(({ isGathered }) => !isGathered);
  if (gathered.length > 0) single.push(...(await gather(tx, gathered, atMs)));
  if (single.length === 0) return;
  await tx.run(sql`
    insert into alert (source, channel, event, body, state, due_at, created_at)
    select r.source, r.channel, r.body ->> 'event', r.body, 'waiting', to_timestamp(r."dueMs" / 1000), ${time(atMs)}
      from json_to_recordset(${rows(single)}) as r(source text, channel text, body jsonb, "dueMs" float8)
    on conflict do nothing`);
}

/** Adds to what waits for its time; those whose time was over meanwhile come back, to be told by themselves. */
async function gather(tx: Statements, alerts: readonly NewAlert[], atMs: number): Promise<NewAlert[]> {
  const late: NewAlert[] = [];
  for (const alert of alerts) {
    const kept = await tx.run(sql`
      insert into alert (source, channel, event, body, state, due_at, created_at)
      select r.source, r.channel, r.body ->> 'event', r.body, 'waiting', to_timestamp(r."dueMs" / 1000), ${time(atMs)}
        from json_to_recordset(${rows([alert])}) as r(source text, channel text, body jsonb, "dueMs" float8)
      on conflict (source, channel) do update set body = jsonb_set(alert.body, '{object}', jsonb_build_object(
          'count', (alert.body #>> '{object,count}')::int + (excluded.body #>> '{object,count}')::int,
          'items', case when jsonb_array_length(alert.body #> '{object,items}') < ${ITEMS_MAX}
                   then (alert.body #> '{object,items}') || (excluded.body #> '{object,items}')
                   else alert.body #> '{object,items}' end))
        where alert.state = 'waiting' and alert.attempts = 0
      returning id`);
    if (kept.length === 0) late.push(alert);
  }
  return late.map((alert) => ({ ...alert, source: `${alert.source}:${alert.body.created_at}`, dueMs: atMs }));
}

/** An alert that this process sends. `attempts` counts this try, and is the fence. */
export interface ClaimedAlert {
  readonly id: string;
  readonly channel: string;
  readonly body: AlertBody;
  readonly attempts: number;
}

/** Takes alerts that are due, until a time: whoever dies with one gives it back then. */
export async function claimAlerts(
  db: Statements,
  channels: readonly string[],
  atMs: number,
  untilMs: number,
  limit: number,
): Promise<ClaimedAlert[]> {
  const claimed = await db.run<ClaimedAlert>(sql`
    update alert set attempts = attempts + 1, due_at = ${time(untilMs)} where id in (
      select id from alert where due_at <= ${time(atMs)} and channel = any(${texts(channels)})
       order by due_at, id limit ${limit} for update skip locked)
    returning id::text, channel, body, attempts`);
  return claimed.toSorted((a, b) => Number(a.id) - Number(b.id));
}

/** How a try ended: a further one at `dueMs`, or none. One that was not made is not counted. */
export interface AlertOutcome {
  readonly id: string;
  readonly attempts: number;
  readonly state: AlertRecord['state'];
  readonly dueMs: number | null;
  readonly error: string | null;
  readonly wasTried: boolean;
}

export async function endAlerts(
  db: Statements,
  outcomes: readonly AlertOutcome[],
  atMs: number,
): Promise<void> {
  if (outcomes.length === 0) return;
  await db.run(sql`
    update alert as a set state = r.state, due_at = to_timestamp(r."dueMs" / 1000), error = coalesce(r.error, a.error),
           attempts = case when r."wasTried" then a.attempts else a.attempts - 1 end,
           finished_at = case when r.state = 'waiting' then null else ${time(atMs)} end
      from json_to_recordset(${rows(outcomes)})
        as r(id bigint, attempts int, state text, "dueMs" float8, error text, "wasTried" boolean)
     where a.id = r.id and a.attempts = r.attempts`);
}

/** Newest first, below the cursor. */
export async function listAlerts(
  db: Statements,
  filter: {
    readonly state: string | null;
    readonly channel: string | null;
    readonly id: string | null;
    readonly below: string | null;
    readonly limit: number;
  },
): Promise<AlertRecord[]> {
  const { state, channel, id, below, limit } = filter;
  const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  const found = await db.run<
    Pick<AlertRecord, 'id' | 'channel' | 'event' | 'state' | 'attempts' | 'error' | 'body'> & {
      dueMs: number | null;
      createdMs: number;
      finishedMs: number | null;
    }
  >(sql`
    select id::text, channel, event, state, attempts, error, body, ${ms('due_at')} as "dueMs",
           ${ms('created_at')} as "createdMs", ${ms('finished_at')} as "finishedMs"
      from alert
     where (${state}::text is null or state = ${state}) and (${channel}::text is null or channel = ${channel})
       and (${id}::bigint is null or id = ${id}::bigint) and (${below}::bigint is null or id < ${below}::bigint)
     order by alert.id desc limit ${limit}`);
  return found.map(({ dueMs, createdMs, finishedMs, ...alert }) => ({
    ...alert,
    nextAt: iso(dueMs),
    createdAt: new Date(createdMs).toISOString(),
    finishedAt: iso(finishedMs),
  }));
}

/** Puts a dead alert back with all its tries; false when it is none. */
export async function retryAlert(db: Statements, id: string, atMs: number): Promise<boolean> {
  const again = await db.run(sql`
    update alert set state = 'waiting', attempts = 0, due_at = ${time(atMs)}, finished_at = null
     where id = ${id}::bigint and state = 'dead' returning id`);
  return again.length > 0;
}

/** Is an alert due for one of these channels? */
export async function hasDueAlerts(
  db: Statements,
  channels: readonly string[],
  atMs: number,
): Promise<boolean> {
  const found = await db.run(sql`
    select from alert where due_at <= ${time(atMs)} and channel = any(${texts(channels)}) limit 1`);
  return found.length > 0;
}

/** Makes the alert readers' rows, at the end of both logs, unless they are there. */
export async function insertAlertReaders(db: Statements): Promise<void> {
  await db.run(sql`
    insert into consumer (name, seq)
    select ${LOG_READER}, coalesce(max(seq), 0) from event union all
    select ${AUDIT_READER}, coalesce(max(seq), 0) from audit on conflict do nothing`);
}

/** Nobody is to be told: the logs need not wait for anybody. */
export async function deleteAlertReaders(db: Statements): Promise<void> {
  await db.run(sql`delete from consumer where name in (${LOG_READER}, ${AUDIT_READER})`);
}

/** The names of the readers of the log, and of the audit log, among the consumers. */
export const LOG_READER = 'sallyport:alerts';
export const AUDIT_READER = 'sallyport:alerts:audit';

/** Dead letters since a number, by kind. */
export async function deadSince(
  db: Statements,
  id: string,
): Promise<{ kind: string; count: number; last: string }[]> {
  return db.run(sql`
    select kind, count(*)::float8 as count, max(id)::text as last from dead_letter where id > ${id}::bigint group by kind
    order by kind`);
}
