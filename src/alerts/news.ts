/** What is told to which channel: alerts made of what the logs say. Pure. */
import type { AlertBody } from '../api/alerts.ts';
import type { AuditRecord } from '../api/audit.ts';
import { isAbout } from '../options/alerts.ts';
import type { AlertEvent, ChannelSettings } from '../options.ts';
import type { NewAlert, News } from '../store/alerts.ts';

/** Something that may be told. `cause` says whose decision it was. */
interface Told {
  readonly source: string;
  readonly event: AlertEvent;
  readonly atMs: number;
  readonly object: Readonly<Record<string, unknown>>;
  /** For people it is told with others of its kind, once in a while. */
  readonly isMany?: boolean;
  /** Not for people: somebody here decided it, or it is over. */
  readonly isQuiet?: boolean;
}

/** What comes often is gathered for people for so long. */
const GATHER_MS = 600_000;
/** What happened so long ago, while nobody read the log, is told to nobody. */
const STALE_MS = 7 * 86_400_000;

/** Alerts about transitions and holds. */
export function alertsOfNews(
  news: readonly News[],
  channels: readonly ChannelSettings[],
  nowMs: number,
): NewAlert[] {
  return forChannels(news.flatMap(toldOfNews), channels, nowMs);
}

/** Alerts about what was entered in the audit log and stands in no other. */
export function alertsOfAudit(
  entries: readonly AuditRecord[],
  channels: readonly ChannelSettings[],
  nowMs: number,
): NewAlert[] {
  return forChannels(entries.flatMap(toldOfAudit), channels, nowMs);
}

function forChannels(told: readonly Told[], channels: readonly ChannelSettings[], nowMs: number): NewAlert[] {
  const alerts: NewAlert[] = [];
  const gathered = new Map<string, { alert: NewAlert; items: Told[] }>();
  for (const one of told) {
    if (one.atMs < nowMs - STALE_MS) continue;
    for (const channel of channels) {
      if (!hears(channel, one.event)) continue;
      const isForPeople = channel.use !== 'webhook';
      if (isForPeople && one.isQuiet === true) continue;
      const body = bodyOf(one.event, one.atMs, one.object);
      if (!isForPeople || one.isMany !== true) {
        const source = `${one.source}:${one.event}`;
        alerts.push({ source, channel: channel.name, body, dueMs: nowMs, isGathered: false });
        continue;
      }
      // One for each while, by the clock of the reader: what is read while it lasts is told at its end.
      const dueMs = (Math.floor(nowMs / GATHER_MS) + 1) * GATHER_MS;
      const source = `gathered:${one.event}:${dueMs}`;
      const key = `${source} ${channel.name}`;
      const alert = { source, channel: channel.name, body, dueMs, isGathered: true };
      const kept = gathered.get(key) ?? { alert, items: [] };
      gathered.set(key, kept);
      kept.items.push(one);
    }
  }
  for (const { alert, items } of gathered.values()) {
    const object = { count: items.length, items: items.slice(0, ITEMS_MAX).map((item) => item.object) };
    alerts.push({ ...alert, body: { ...alert.body, object } });
  }
  return alerts;
}

const ITEMS_MAX = 50;

const hears = ({ events }: ChannelSettings, event: string): boolean =>
  events.some((pattern) => isAbout(pattern, event));

/** Those that want to hear of an event. */
export const channelsFor = (channels: readonly ChannelSettings[], event: string): ChannelSettings[] =>
  channels.filter((channel) => hears(channel, event));

export function bodyOf(
  event: AlertBody['event'],
  atMs: number,
  object: Readonly<Record<string, unknown>>,
): AlertBody {
  return { event, created_at: new Date(atMs).toISOString(), object };
}

function toldOfNews(news: News): Told[] {
  const { seq, atMs, kind, machine } = news;
  const source = `event:${seq}`;
  if (kind === 'hold') return [{ source, atMs, ...toldOfHold(news) }];
  if (machine === 'follow-request') {
    const { key, domain, follower, following, from, to, reason, by } = news;
    const object = { activity_id: key, domain, follower, following, from, to, reason, by };
    return [{ source, atMs, event: `follow.${to}` as AlertEvent, object, isMany: true }];
  }
  return toldOfDomain(news).map((told) => ({ source, atMs, ...told }));
}

const HOLD_EVENTS: Readonly<Record<string, AlertEvent>> = {
  held: 'hold.created',
  released: 'hold.released',
  rejected: 'hold.rejected',
  expired: 'hold.rejected',
};

function toldOfHold({ id, key, type, actor, domain, to, reason, by }: News) {
  const object = { id, activity_id: key, type, actor, domain, state: to, reason, by };
  return { event: HOLD_EVENTS[to] as AlertEvent, object, isMany: true };
}

/** Code of the service says so of itself: no person decided. */
const HANDLER = 'handler';

function toldOfDomain(news: News): Omit<Told, 'source' | 'atMs'>[] {
  const { seq, domain, from, to, event, reason, by } = news;
  const isByList = event?.startsWith('list.') === true;
  const cause = isByList ? 'list' : by === null || by === HANDLER ? 'auto' : 'manual';
  const isClosed = to === 'blocked' || to === 'rate-limited';
  const isQuiet = cause === 'manual' || !isClosed || from === to;
  const object = { seq, domain, from, to, event, reason, by, cause };
  const changed = { event: 'domain.state_changed', object, isMany: isByList, isQuiet } as const;
  const rule = toldOfRule(news);
  if (rule === null) return [changed];
  const { severity, name } = rule;
  return [changed, { event: name, object: { domain, severity, reason, by, cause }, isMany: true, isQuiet }];
}

/** What is said of a domain now, in Mastodon's words. Null where nothing was said anew. */
function toldOfRule({
  from,
  to,
  event,
  severity,
  isNewRule,
}: News): { severity: string; name: AlertEvent } | null {
  if (event === 'domain.appealed') return null;
  if (to === 'blocked' || from === 'blocked') {
    const verb = to !== 'blocked' ? 'deleted' : from === 'blocked' ? 'updated' : 'created';
    return { severity: 'suspend', name: `domain_block.${verb}` };
  }
  if (event !== 'rule.changed') return null;
  if (severity === null) return { severity: 'noop', name: 'domain_block.deleted' };
  const verb = isNewRule === true ? 'created' : 'updated';
  if (severity === 'allow') return { severity, name: `domain_allow.${verb}` };
  return { severity: severity === 'none' ? 'noop' : severity, name: `domain_block.${verb}` };
}

/** What stands in the log of transitions too is told from there. */
function toldOfAudit(entry: AuditRecord): Told[] {
  const { seq, at, by, verb, subject, domain, from, to, reason } = entry;
  const told = (event: AlertEvent, more: Partial<Told> = {}): Told[] => {
    const object = { id: subject.id, domain, verb, from, to, reason, by };
    return [{ source: `audit:${seq}`, atMs: Date.parse(at), event, object, ...more }];
  };
  switch (subject.kind) {
    case 'report':
      return told(from === null && to === 'open' ? 'report.created' : 'report.updated');
    case 'appeal':
      return told(from === null && to === 'open' ? 'appeal.created' : 'appeal.updated');
    case 'subscription':
      return to === 'suspicious' ? told('list.suspicious') : [];
    default:
      return [];
  }
}
