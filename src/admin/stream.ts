/**
 * The log of transitions as Server-Sent Events. Each client has a bound: it pulls, and one that stays too far behind
 * is told so and let go; it comes back with the number of the last event that it has, and misses nothing.
 */
import type { MachineName, Transition } from '../api.ts';
import type { Inbox } from '../embed.ts';
import { SallyportError } from '../errors.ts';
import { problem } from '../verdict.ts';
import { badInput, Refused } from './problems.ts';

export interface StreamQuery {
  readonly machine: MachineName | undefined;
  readonly to: Transition['to'] | undefined;
  readonly since: number | undefined;
}

export interface StreamBounds {
  /** A comment this often tells both ends and every proxy that the connection lives, in milliseconds. @default 15000 */
  readonly beatMs?: number;
  /** Clients at once. @default 64 */
  readonly clientsMax?: number;
}

const BEAT_MS = 15_000;
const CLIENTS_MAX = 64;
/** Events written ahead of a client that does not read. */
const AHEAD_MAX = 16;
/** How long a client waits before it comes back, in milliseconds. */
const RETRY_MS = 3_000;

/** How many clients each inbox has at the moment. */
const clients = new WeakMap<Inbox, number>();

/** Opens a stream: after `Last-Event-ID`, after `since`, or from now on. */
export function openStream(
  inbox: Inbox,
  query: StreamQuery,
  request: Request,
  { beatMs = BEAT_MS, clientsMax = CLIENTS_MAX }: StreamBounds = {},
): Response {
  const since = lastEventIdOf(request) ?? query.since;
  const count = clients.get(inbox) ?? 0;
  if (count >= clientsMax) {
    throw new Refused(problem(503, 'overloaded', 'Too many streams', { 'retry-after': '10' }));
  }
  clients.set(inbox, count + 1);

  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, request.signal]);
  const transitions = inbox.transitions({ ...query, since, signal })[Symbol.asyncIterator]();
  const text = new TextEncoder();
  let next: Promise<IteratorResult<Transition>> | undefined;
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    ending.abort();
    clients.set(inbox, (clients.get(inbox) ?? 1) - 1);
  };

  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(text.encode(`retry: ${RETRY_MS}\n\n`)),
      async pull(controller) {
        next ??= transitions.next();
        const beat = createBeat(beatMs);
        try {
          const found = await Promise.race([next, beat.passed]);
          if (found === null) return controller.enqueue(text.encode(':\n\n'));
          next = undefined;
          if (found.done !== true) return controller.enqueue(text.encode(eventOf(found.value)));
        } catch (error) {
          // The connection is open already: what goes wrong now can only be said in the stream itself.
          controller.enqueue(text.encode(problemEvent(error)));
        } finally {
          beat.clear();
        }
        end();
        controller.close();
      },
      cancel: end,
    },
    { highWaterMark: AHEAD_MAX },
  );
  request.signal.addEventListener('abort', end, { once: true });
  const headers = {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    // nginx gathers answers unless it is told not to.
    'x-accel-buffering': 'no',
  };
  return new Response(body, { headers });
}

function lastEventIdOf(request: Request): number | undefined {
  const text = request.headers.get('last-event-id')?.trim() ?? '';
  if (text === '') return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw badInput(400, [{ field: 'Last-Event-ID', problem: 'is no number of ours' }]);
  return Number(text);
}

function eventOf(transition: Transition): string {
  return `id: ${transition.seq}\nevent: transition\ndata: ${JSON.stringify(transition)}\n\n`;
}

function problemEvent(error: unknown): string {
  const known = error instanceof SallyportError ? error : null;
  const said =
    known === null ? { code: 'internal' } : { code: known.code, detail: known.message, ...known.data };
  return `event: problem\ndata: ${JSON.stringify(said)}\n\n`;
}

function createBeat(ms: number): { readonly passed: Promise<null>; clear(): void } {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
    timer.unref();
  });
  return { passed, clear: () => clearTimeout(timer) };
}
