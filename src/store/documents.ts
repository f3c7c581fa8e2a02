/** The documents of activities, as a turn needs them: never read, only told apart. */
import { rows, type Statements, sql, texts } from './statement.ts';
import type { Mail } from './turns.ts';

/** The digests of the documents that these activities came with first, in hex. */
export async function documentDigests(
  tx: Statements,
  activityIds: readonly string[],
): Promise<Map<string, string>> {
  if (activityIds.length === 0) return new Map();
  const found = await tx.run<{ id: string; digest: string }>(sql`
    select activity_id as id, encode(sha256(convert_to(raw, 'UTF8')), 'hex') as digest from document
     where activity_id = any(${texts(activityIds)})`);
  return new Map(found.map(({ id, digest }) => [id, digest]));
}

/** Forgets documents that this mail has brought, under ids that are not theirs. One that stood there before stays. */
export async function forgetDocuments(
  tx: Statements,
  mail: readonly Pick<Mail, 'facts' | 'receivedMs'>[],
): Promise<void> {
  const brought = mail.map(({ facts: { id }, receivedMs }) => ({
    id,
    at: new Date(receivedMs).toISOString(),
  }));
  await tx.run(sql`
    delete from document as d using json_to_recordset(${rows(brought)}) as r(id text, at timestamptz)
     where d.activity_id = r.id and d.received_at >= r.at`);
}
