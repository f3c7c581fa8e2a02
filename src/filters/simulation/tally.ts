/** The difference that a policy makes, added up in bounded memory. */
import type { SimulatedOutcome, SimulationResult, SimulationSample } from '../../api/simulations.ts';
import type { RecordedActivity } from '../../store/simulations.ts';
import type { MailVerdict } from '../../verdict.ts';
import type { RecordedOutcome } from './outcome.ts';

/** Domains that are told apart, and those that are shown. */
const DOMAINS_MAX = 20_000;
const DOMAINS_SHOWN = 20;
const REASON_CHARACTERS_MAX = 200;

type FilterCount = SimulationResult['filters'][number] & {
  count: number;
  changed: number;
  readonly samples: SimulationSample[];
};
type DomainCount = {
  -readonly [Name in keyof SimulationResult['domains'][number]]: SimulationResult['domains'][number][Name];
};

export interface Tally {
  enter(
    activity: RecordedActivity,
    recorded: RecordedOutcome,
    to: SimulatedOutcome,
    verdict: MailVerdict,
  ): void;
  /** Its document is not stored any more. */
  unreadable(): void;
  result(notes: readonly string[]): SimulationResult;
}

export function createTally(samplesMax: number): Tally {
  const outcomes = new Map<string, { from: SimulatedOutcome; to: SimulatedOutcome; count: number }>();
  const filters = new Map<string, FilterCount>();
  const remarks = new Map<string, { filter: string; type: string; count: number }>();
  const domains = new Map<string, DomainCount>();
  let [activities, changed, unreadable, uncounted] = [0, 0, 0, 0];

  /** By the filter that decides, or the one whose decision falls. */
  function enterFilter(
    activity: RecordedActivity,
    recorded: RecordedOutcome,
    to: SimulatedOutcome,
    verdict: MailVerdict,
  ) {
    const { end } = verdict;
    const from = recorded.outcome;
    const filter = end?.filter ?? (from === to ? null : recorded.stoppedBy);
    if (filter === null || filter === undefined) return;
    const key = `${to} ${filter}`;
    const entry = filters.get(key) ?? { filter, to, count: 0, changed: 0, samples: [] };
    filters.set(key, entry);
    entry.count++;
    if (from === to) return;
    entry.changed++;
    if (entry.samples.length >= samplesMax) return;
    const { id, activityId, type, actorId: actor, domain } = activity;
    const saw = end?.saw === undefined ? '' : ` (${end.saw})`;
    const reason = end === undefined ? `${filter} does not stop it any more` : end.reason + saw;
    const sample = { id, activityId, type, actor, domain, from, to };
    entry.samples.push({ ...sample, reason: reason.slice(0, REASON_CHARACTERS_MAX) });
  }

  function enterDomain(domain: string, isChanged: boolean, to: SimulatedOutcome): void {
    const known = domains.get(domain);
    if (known === undefined && domains.size >= DOMAINS_MAX) {
      uncounted++;
      return;
    }
    const entry = known ?? { domain, activities: 0, changed: 0, held: 0, dropped: 0, rejected: 0 };
    if (known === undefined) domains.set(domain, entry);
    entry.activities++;
    if (isChanged) entry.changed++;
    if (to === 'held' || to === 'dropped' || to === 'rejected') entry[to]++;
  }

  return {
    enter(activity, recorded, to, verdict) {
      const from = recorded.outcome;
      const isChanged = from !== to;
      activities++;
      if (isChanged) changed++;
      const entry = outcomes.get(`${from} ${to}`) ?? { from, to, count: 0 };
      entry.count++;
      outcomes.set(`${from} ${to}`, entry);
      enterFilter(activity, recorded, to, verdict);
      enterDomain(activity.domain, isChanged, to);
      for (const { filter, type, strike } of verdict.remarks) {
        const said = strike === true ? 'strike' : type;
        if (said === 'drop' || said === 'reject' || said === 'hold') continue;
        const remark = remarks.get(`${said} ${filter}`) ?? { filter, type: said, count: 0 };
        remark.count++;
        remarks.set(`${said} ${filter}`, remark);
      }
    },
    unreadable() {
      unreadable++;
    },
    result(notes) {
      const left =
        uncounted === 0 ? [] : [`${uncounted} activities of further domains are in no domain's count`];
      return {
        ...{ activities, changed, unreadable },
        outcomes: [...outcomes.values()].toSorted((a, b) => b.count - a.count),
        filters: [...filters.values()].toSorted((a, b) => b.changed - a.changed || b.count - a.count),
        remarks: [...remarks.values()].toSorted((a, b) => b.count - a.count),
        domains: [...domains.values()]
          .filter((one) => one.changed > 0)
          .toSorted((a, b) => b.changed - a.changed)
          .slice(0, DOMAINS_SHOWN),
        notes: [...notes, ...left],
      };
    },
  };
}
