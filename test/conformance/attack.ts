/**
 * One attack, and what must hold after every one of them: no 5xx that is not documented, exactly one line in the log
 * for each refused request, memory that does not run away. The event loop's delay is printed beside it.
 */
import type { ActivityRecord } from '../../src/api.ts';
import {
  bytesOf,
  type RemoteActor,
  type Reply,
  type Sendable,
  type SendOptions,
  type Signer,
  signedHeaders,
} from '../fediverse/index.ts';
import { HOST, ORIGIN } from '../inbox/served.ts';
import type { Neighbours, Site } from './neighbours.ts';
import { type Line, type RawOptions, type RawReply, rawPost } from './raw-post.ts';
import { type LogLine, REFUSED, type World } from './world.ts';

/** What an attack came to: the statuses that were answered, and the effect that was looked at, in words. */
export interface Outcome {
  readonly status: string;
  readonly effect: string;
}

export type Attack = (stage: Stage) => Promise<string>;
export type Attacks = Readonly<Record<string, Attack>>;

/** One row of the table. */
export interface Row extends Outcome {
  readonly id: string;
  readonly cls: string;
  /** Why it failed, or null. */
  readonly failure: string | null;
  readonly ms: number;
  /** The event loop's delay over the row, 99th percentile, in milliseconds; it includes the attacker's own work. */
  readonly delayMs: number;
}

export class Failed extends Error {}

/** Throws when what must hold does not. */
export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Failed(otherwise);
}

export type PostOptions = SendOptions & { readonly path?: string };

/** Everything that one attack needs; its domains are its own. */
export interface Stage {
  readonly world: World;
  readonly neighbours: Neighbours;
  readonly evil: Site;
  readonly victim: Site;
  readonly relay: Site;
  readonly bob: string;
  readonly statuses: string[];
  /** POSTs over TCP, signed at the time of the inbox's clock; null sends it unsigned. */
  post(body: Sendable, signer: Signer | null, options?: PostOptions): Promise<Reply>;
  /** Header lines exactly as given, with a Host and a length unless they are among them. */
  raw(lines: readonly Line[], body: Uint8Array, options?: RawOptions): Promise<RawReply>;
  /** The header fields of a signed POST. */
  signed(body: Uint8Array, signer: Signer, options?: PostOptions): Record<string, string>;
  /** Fails unless the answer was one of these. */
  expect(reply: { readonly status: number }, ...statuses: number[]): void;
  /** The record of an activity after everything has come to rest, or null. */
  record(activityId: string): Promise<ActivityRecord | null>;
  /** Fails when this activity had an effect: it must be unknown, or rejected with a reason, and no handler saw it. */
  untouched(activityId: string): Promise<void>;
  /** Fails unless it was processed and handlers saw it once. */
  processed(activityId: string): Promise<void>;
  /** How often handlers saw it. */
  handledTimes(activityId: string): number;
  /** Is there a row of this domain? */
  hasDomain(name: string): Promise<boolean>;
  members(name: string, collection: 'followers' | 'following'): Promise<string[]>;
  followState(activityId: string): Promise<string | undefined>;
  metric(name: string): Promise<number>;
  /** Lines of the log since the attack began. */
  lines(message?: string): LogLine[];
  settled(): Promise<void>;
  /** Statuses that this attack may see besides those below 500. */
  allow5xx: boolean;
  /** Refusals by node:http itself, before the inbox: they write no line. */
  beforeInbox: number;
}

const RSS_GROWTH_MAX = 700 * 1_048_576;

let number = 0;

export function openStage(world: World): Stage {
  const { served, neighbours } = world;
  const { inbox } = served;
  const own = ++number;
  const from = world.log.length;
  const statuses: string[] = [];
  const settled = (): Promise<void> => inbox.settled();
  const named = (name: string): Site => neighbours.site(`${name}-${own}.example`);

  const stage: Stage = {
    ...{ world, neighbours, statuses, settled, bob: `${ORIGIN}/users/bob`, allow5xx: false, beforeInbox: 0 },
    ...{ evil: named('evil'), victim: named('victim'), relay: named('relay') },
    async post(body, signer, { path = '/inbox', ...options } = {}) {
      const reply = await served.post(path, body, signer, { timeoutMs: 60_000, ...options });
      statuses.push(String(reply.status));
      return reply;
    },
    async raw(lines, body, options) {
      const names = lines.map(([name]) => name.toLowerCase());
      const all: Line[] = [...lines];
      if (!names.includes('host')) all.unshift(['Host', HOST]);
      if (!names.includes('content-length') && !names.includes('transfer-encoding'))
        all.push(['Content-Length', String(body.byteLength)]);
      const reply = await rawPost(served.address, all, body, options);
      statuses.push(String(reply.status));
      return reply;
    },
    signed: (body, signer, { path = '/inbox', ...options } = {}) =>
      signedHeaders('POST', ORIGIN + path, body, signer, { date: new Date(served.clock.now()), ...options }),
    expect({ status }, ...allowed) {
      must(allowed.includes(status), `answered ${status}, not ${allowed.join(' or ')}`);
    },
    async record(activityId) {
      await settled();
      const path = `/activities?activityId=${encodeURIComponent(activityId)}`;
      const { items } = (await served.admin(path)).json() as { items: ActivityRecord[] };
      return items[0] ?? null;
    },
    async untouched(activityId) {
      const found = await stage.record(activityId);
      if (found !== null) {
        must(found.status === 'rejected', `${activityId} is ${found.status}: ${found.reason}`);
        must((found.reason ?? '') !== '', `${activityId} is rejected without a reason`);
      }
      must(stage.handledTimes(activityId) === 0, `a handler saw ${activityId}`);
    },
    async processed(activityId) {
      const found = await stage.record(activityId);
      must(found?.status === 'processed', `${activityId} is ${found?.status ?? 'unknown'}: ${found?.reason}`);
      const times = stage.handledTimes(activityId);
      must(times === 1, `handlers saw ${activityId} ${times} times`);
    },
    handledTimes: (activityId) => world.handled.filter(({ id }) => id === activityId).length,
    hasDomain: async (name) => (await served.admin(`/domains/${encodeURIComponent(name)}`)).status === 200,
    async members(name, collection) {
      await settled();
      const page = await served.admin(`/actors/${name}/collections/${collection}?limit=200`);
      return (page.json() as { items: string[] }).items;
    },
    async followState(activityId) {
      await settled();
      const page = (await served.admin('/follow-requests?limit=200')).json();
      const { items } = page as { items: { activityId: string; state: string }[] };
      return items.find((request) => request.activityId === activityId)?.state;
    },
    async metric(name) {
      const text = await inbox.metrics();
      const line = text.split('\n').find((it) => it.startsWith(`${name} `) || it.startsWith(`${name}{`));
      return Number(line?.split(' ').at(-1) ?? 0);
    },
    lines: (message = REFUSED) => world.log.slice(from).filter((line) => line.message === message),
  };
  return stage;
}

/** Plays one attack; a failure of any kind is a failed row. */
export async function play(cls: string, id: string, attack: Attack, world: World): Promise<Row> {
  const stage = openStage(world);
  const startedMs = performance.now();
  const rss = process.memoryUsage.rss();
  world.served.inbox.resetMetrics();
  const end = (effect: string, failure: string | null, delayMs: number): Row => ({
    ...{ id, cls, effect, failure, delayMs, ms: performance.now() - startedMs },
    status: shown(stage.statuses),
  });
  try {
    const effect = await attack(stage);
    await stage.settled();
    const delay = await delayMs(world);
    common(stage, rss);
    return end(effect, null, delay);
  } catch (error) {
    const failure = error instanceof Failed ? error.message : String((error as Error).stack ?? error);
    return end('', failure.slice(0, 2_000), 0);
  }
}

/** What must hold after every attack. */
function common(stage: Stage, rssBefore: number): void {
  const { statuses } = stage;
  const fives = statuses.filter((status) => status.startsWith('5'));
  must(stage.allow5xx || fives.length === 0, `answered ${fives[0]}`);
  const grown = process.memoryUsage.rss() - rssBefore;
  must(grown < RSS_GROWTH_MAX, `memory grew by ${Math.round(grown / 1_048_576)} MiB`);
  const refusals = statuses.filter((status) => /^[45]/.test(status)).length - stage.beforeInbox;
  const lines = stage.lines();
  must(lines.length === refusals, `${refusals} refused requests, ${lines.length} lines in the log`);
  for (const { facts } of lines)
    must(typeof facts.type === 'string', 'a refusal without its type in the log');
}

async function delayMs(world: World): Promise<number> {
  const text = await world.served.inbox.metrics();
  const found = /sallyport_event_loop_delay_seconds\{quantile="0\.99"\} ([\d.e+-]+)/.exec(text);
  return Math.round(Number(found?.[1] ?? 0) * 1_000);
}

/** `401`, `202 401`, `202 x1000`; what sent nothing went through the public API. */
function shown(statuses: readonly string[]): string {
  if (statuses.length === 0) return 'api';
  const counts = new Map<string, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => (count === 1 ? status : `${status} x${count}`)).join(' ');
}

/** An activity of somebody, with a fresh id on its own origin, unless `more` says otherwise. */
export function activityOf(
  actor: { readonly id: string },
  type: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> & { readonly id: string } {
  return {
    '@context': 'https://www.w3.org/ns/activitystreams',
    id: `${new URL(actor.id).origin}/activities/${++number}`,
    ...{ type, actor: actor.id, object: `${ORIGIN}/notes/1` },
    ...more,
  };
}

/** A Create of a Note that belongs to its actor. */
export function noteOf(
  actor: { readonly id: string },
  note: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> & { readonly id: string; readonly object: Record<string, unknown> } {
  const object = {
    id: `${new URL(actor.id).origin}/notes/${++number}`,
    ...{ type: 'Note', attributedTo: actor.id, content: 'Good morning.' },
    ...note,
  };
  return { ...activityOf(actor, 'Create'), object };
}

export { bytesOf, HOST, ORIGIN, type RemoteActor };
