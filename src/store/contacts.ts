/**
 * Who is no stranger: asked by the filter `first-contact`, and by nobody else. The index behind it is made at the first
 * start with that filter, so nobody else pays for it at each activity.
 */
import { type Statements, sql, texts } from './statement.ts';

/** It had its effect, or a moderator has approved it. The history is bytes as they were written, by us or by jsonb. */
const COUNTS = sql`(status = 'processed' or history::text ~ '"what": ?"approved"')`;

/** Makes what `knownActors` finds quickly; does nothing where it is there. */
export const CONTACT_INDEX = sql`create index if not exists activity_contact on activity (actor) where ${COUNTS}`;

/** Those of these actors of whom something was processed or approved, or whom one of ours follows or has asked to. */
export async function knownActors(db: Statements, actors: readonly string[]): Promise<Set<string>> {
  const found = await db.run<{ actor: string }>(sql`
    select a.actor from unnest(${texts(actors)}) as a(actor)
     cross join lateral (
       (select 1 from activity where actor = a.actor and ${COUNTS} limit 1)
       union all
       (select 1 from follow_request
         where following = a.actor and state in ('pending', 'accepted') and direction = 'outgoing' limit 1)
       limit 1
     ) as contact`);
  return new Set(found.map(({ actor }) => actor));
}
