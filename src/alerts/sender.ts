/**
 * Sends what is due: each channel by itself, in order, one message at a time.
 *
 * ```
 * claim (a lease) ─► by channel ─► told ─┬─ delivered
 *                                        ├─ refused for good ── dead, shown to moderators
 *                                        └─ else ── the channel rests in this process, all that waits for it with it
 * ```
 * A crash between an answer and its record tells it again, under the same number.
 */
import type { ChannelSettings } from '../options.ts';
import type { Remote } from '../remote.ts';
import { type AlertOutcome, type ClaimedAlert, claimAlerts, endAlerts } from '../store/alerts.ts';
import type { Store } from '../store/store.ts';
import { sendMail } from './mail.ts';
import { type Outcome, restMs } from './outcome.ts';
import { tellChat, tellWebhook } from './webhook.ts';

export interface SenderParts {
  readonly store: Store;
  readonly remote: Pick<Remote, 'tell'>;
  /** Whose ids messages have. */
  readonly host: string;
  readonly channels: readonly ChannelSettings[];
  /** Until when a channel is not tried that could not be told, by its name: what waits for it keeps nobody else waiting. */
  readonly resting: Map<string, number>;
  /** Aborted when nothing may be begun any more. */
  readonly closing: AbortSignal;
}

const CLAIMED_MAX = 50;
/** So many that are due at once are one message for people. */
const ONE_MESSAGE_FROM = 6;
/** One try, and all tries of a channel after one claim, in milliseconds; within the lease. */
const TRY_MS = 10_000;
const ROUND_MS = 30_000;
const LEASE_MS = 60_000;
/** What is new is tried after so long at the latest, however long the one before rests. */
const CHANNEL_REST_MS = 60_000;

/** Names of the channels that may be told something now. */
export function awake({ store, channels, resting }: SenderParts): string[] {
  const atMs = store.clock.now();
  return channels.map(({ name }) => name).filter((name) => (resting.get(name) ?? 0) <= atMs);
}

/** One round: true when there was anything to send. */
export async function sendDue(parts: SenderParts): Promise<boolean> {
  const { store, channels, resting } = parts;
  const atMs = store.clock.now();
  const claimed = await claimAlerts(store, awake(parts), atMs, atMs + LEASE_MS, CLAIMED_MAX);
  const byChannel = Map.groupBy(claimed, ({ channel }) => channel);
  await Promise.all(
    [...byChannel].map(async ([name, alerts]) => {
      const channel = channels.find((one) => one.name === name) as ChannelSettings;
      const outcomes = await sendAll(parts, channel, alerts);
      const again = outcomes.find(({ wasTried, dueMs }) => wasTried && dueMs !== null);
      const nowMs = store.clock.now();
      resting.set(name, Math.min(again?.dueMs ?? 0, nowMs + CHANNEL_REST_MS));
      await endAlerts(store, outcomes, nowMs);
    }),
  );
  return claimed.length > 0;
}

/** Sends the alerts of one channel, until one has to be sent again. */
async function sendAll(
  parts: SenderParts,
  channel: ChannelSettings,
  alerts: readonly ClaimedAlert[],
): Promise<AlertOutcome[]> {
  const { store, closing } = parts;
  const startMs = performance.now();
  const outcomes: AlertOutcome[] = [];
  const isOne = channel.use !== 'webhook' && alerts.length >= ONE_MESSAGE_FROM;
  const messages = isOne ? [alerts] : alerts.map((alert) => [alert]);
  for (const [index, message] of messages.entries()) {
    const left = (): ClaimedAlert[] => messages.slice(index).flat();
    const nowMs = store.clock.now();
    if (closing.aborted || performance.now() - startMs > ROUND_MS)
      return [...outcomes, ...left().map((alert) => notTried(alert, nowMs))];
    const signal = AbortSignal.any([closing, AbortSignal.timeout(TRY_MS)]);
    const outcome = await send(parts, channel, message, signal);
    // Broken off by us: that says nothing about the other side.
    if (outcome.type === 'retry' && closing.aborted)
      return [...outcomes, ...left().map((alert) => notTried(alert, nowMs))];
    const ended = message.map((alert) => endOf(alert, outcome, nowMs));
    outcomes.push(...ended);
    const dueMs = ended[0]?.dueMs ?? null;
    if (dueMs === null) continue;
    const behind = messages.slice(index + 1).flat();
    return [...outcomes, ...behind.map((alert) => notTried(alert, dueMs))];
  }
  return outcomes;
}

function send(
  { remote, host }: SenderParts,
  channel: ChannelSettings,
  message: readonly ClaimedAlert[],
  signal: AbortSignal,
): Promise<Outcome> {
  const tell: Remote['tell'] = (...given) => remote.tell(...given);
  if (channel.use === 'mail') return sendMail(channel, host, message, signal);
  if (channel.use === 'slack') return tellChat(tell, channel, message, signal);
  return tellWebhook(tell, channel, message[0] as ClaimedAlert, signal);
}

function endOf({ id, attempts }: ClaimedAlert, outcome: Outcome, nowMs: number): AlertOutcome {
  const of = { id, attempts, wasTried: true, dueMs: null };
  if (outcome.type === 'delivered') return { ...of, state: 'delivered', error: null };
  const rest = outcome.type === 'retry' ? restMs(attempts) : null;
  if (rest === null) return { ...of, state: 'dead', error: outcome.error };
  return { ...of, state: 'waiting', dueMs: nowMs + rest, error: outcome.error };
}

const notTried = ({ id, attempts }: ClaimedAlert, dueMs: number): AlertOutcome => {
  return { id, attempts, state: 'waiting', dueMs, error: null, wasTried: false };
};
