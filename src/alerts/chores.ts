/** What is looked at now and then, by one process for all: blocks due for a review, and dead letters that grow. */
import type { ChannelSettings } from '../options.ts';
import { deadSince, insertAlerts } from '../store/alerts.ts';
import { ensureChore, saveChore, takeChore } from '../store/chores.ts';
import { countForReview, domainsForReview, reviewBounds } from '../store/reviews.ts';
import type { Statements } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import { bodyOf, channelsFor } from './news.ts';

const HOUR_MS = 3_600_000;
const WEEK_MS = 168 * HOUR_MS;
const DEAD_EVERY_MS = HOUR_MS / 6;
/** Deliveries to servers that are gone are dead letters every day: only many at once are news. */
const DEAD_DELIVERIES_MIN = 100;
/** Domains that a digest lists. */
const LISTED_MAX = 50;

/** How often blocks to be reviewed are listed for a channel; null where nobody wants to hear of them. */
function digestMsOf(channel: ChannelSettings): number | null {
  if (channel.use === 'mail') return channel.digestMs;
  return channelsFor([channel], 'reviews.due').length > 0 ? WEEK_MS : null;
}

const digestOf = (channel: ChannelSettings): string => `digest:${channel.name}`;
const DEAD = 'dead-letters';

/** Makes the chores of these channels. */
export async function ensureChores(store: Store, channels: readonly ChannelSettings[]): Promise<void> {
  const nowMs = store.clock.now();
  for (const channel of channels) {
    const everyMs = digestMsOf(channel);
    if (everyMs !== null) await ensureChore(store, digestOf(channel), nowMs + everyMs);
  }
  await ensureChore(store, DEAD, nowMs + DEAD_EVERY_MS);
}

/** Does what is due. True when something is to be told. */
export async function doChores(store: Store, channels: readonly ChannelSettings[]): Promise<boolean> {
  const nowMs = store.clock.now();
  let isTold = false;
  for (const channel of channels) {
    const everyMs = digestMsOf(channel);
    if (everyMs === null) continue;
    isTold = (await store.transaction((tx) => digest(tx, channel, everyMs, nowMs))) || isTold;
  }
  return (await store.transaction((tx) => countDead(tx, channels, nowMs))) || isTold;
}

/** Where nothing is due for a review nobody is told. */
async function digest(
  tx: Statements,
  channel: ChannelSettings,
  everyMs: number,
  nowMs: number,
): Promise<boolean> {
  const chore = await takeChore(tx, digestOf(channel), nowMs);
  if (chore === undefined) return false;
  // Not a digest for each week in which nobody was there.
  const missed = Math.floor((nowMs - chore.dueMs) / everyMs);
  await saveChore(tx, digestOf(channel), chore.dueMs + (missed + 1) * everyMs, {});
  const bounds = reviewBounds(nowMs);
  const count = await countForReview(tx, bounds);
  if (count === 0) return false;
  const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
  const domains = await domainsForReview(tx, { ...bounds, after: null, limit: LISTED_MAX });
  const items = domains.map(({ name: domain, sinceMs, context: { reason, by, reviewAtMs } }) => {
    return { domain, reason, by, since: iso(sinceMs), reviewAt: iso(reviewAtMs) };
  });
  const body = bodyOf('reviews.due', nowMs, { count, items });
  const source = `${digestOf(channel)}:${chore.dueMs}`;
  await insertAlerts(tx, [{ source, channel: channel.name, body, dueMs: nowMs, isGathered: false }], nowMs);
  return true;
}

async function countDead(
  tx: Statements,
  channels: readonly ChannelSettings[],
  nowMs: number,
): Promise<boolean> {
  const chore = await takeChore<{ last: string }>(tx, DEAD, nowMs);
  if (chore === undefined) return false;
  const last = chore.data.last ?? '0';
  const found = await deadSince(tx, last);
  const isNews = found.some(({ kind, count }) => kind !== 'delivery' || count >= DEAD_DELIVERIES_MIN);
  const newest = String(Math.max(Number(last), ...found.map((of) => Number(of.last))));
  await saveChore(tx, DEAD, nowMs + DEAD_EVERY_MS, { last: isNews ? newest : last });
  if (!isNews) return false;
  const count = found.reduce((sum, of) => sum + of.count, 0);
  const kinds = Object.fromEntries(found.map((of) => [of.kind, of.count]));
  const body = bodyOf('dead_letters.growing', nowMs, { count, kinds });
  const alerts = channelsFor(channels, body.event).map(({ name }) => {
    return { source: `dead:${newest}`, channel: name, body, dueMs: nowMs, isGathered: false };
  });
  await insertAlerts(tx, alerts, nowMs);
  return alerts.length > 0;
}
