/** The shadow policy: filters that are asked after the real ones, and whose verdict is only entered. */
import type { Activity } from '../api.ts';
import { SHADOW_POLICY } from '../options.ts';
import type { FilterRemark, MailVerdict } from '../verdict.ts';
import { type Judging, judge, type Told } from './chain.ts';
import type { Registered } from './registered.ts';

const WOULD = { drop: 'dropped it', reject: 'rejected it', hold: 'held it' } as const;

/** What the shadow policy would have made of it: for the counts, and as one remark where it is anything. */
export async function askShadow(
  shadow: readonly Registered[],
  activity: Activity,
  told: Told,
  judging: Judging,
): Promise<{ readonly outcome: string; readonly remark: FilterRemark | null }> {
  const { end } = await judge(shadow, activity, told, judging);
  if (end === undefined) return { outcome: 'pass', remark: null };
  const reason = `would have ${WOULD[end.type]}: ${end.filter}: ${end.reason}`;
  const saw = end.saw === undefined ? {} : { saw: end.saw };
  return { outcome: end.type, remark: { filter: SHADOW_POLICY, type: 'shadow', reason, ...saw } };
}

/** The verdict with what the shadow policy says of it. */
export function withShadow(verdict: MailVerdict, remark: FilterRemark | null): MailVerdict {
  return remark === null ? verdict : { ...verdict, remarks: [...verdict.remarks, remark] };
}
