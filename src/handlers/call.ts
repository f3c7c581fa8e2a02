/**
 * One call of a handler: what it is told, what it may do, and how it ended.
 *
 * `ctx.transaction` commits rows of the service together with the mark that this call is done. The mark is a row of
 * (handler, event) that is written first: of two processes that call for the same event the second one waits at it,
 * finds it done, and runs nothing. It is forgotten when the handler's position has passed the event.
 */
import type { Activity, Handler, HandlerContext, Transaction } from '../api.ts';
import { messageOf, SallyportError } from '../errors.ts';
import type { Logger } from '../options.ts';
import { claimCall } from '../store/consumers.ts';
import type { EndedActivity } from '../store/log.ts';
import type { Store } from '../store/store.ts';
import { type Shelf, viewOf } from './view.ts';

/** What the house does for handlers. */
export interface HandlerDesk {
  followRequest(activityId: string): { accept(): Promise<void>; reject(): Promise<void> };
  /** Sends as this local actor: the one of this id, or the one that the activity names when it is null. */
  send(
    from: string | null,
    activity: Readonly<Record<string, unknown>>,
    to: readonly string[],
  ): Promise<void>;
}

export interface CallParts {
  readonly store: Store;
  readonly desk: HandlerDesk;
  readonly logger: Logger;
  readonly origin: string;
  readonly references: Shelf | string;
  /** How long one call may take, in milliseconds. */
  readonly callMs: number;
  /** Whose lease it is. */
  readonly owner: string;
  readonly closing: AbortSignal;
}

/** How a call ended: an error when it is to be tried again; and whether a transaction has committed its end. */
export interface CallEnd {
  readonly error: string | null;
  readonly isCommitted: boolean;
}

/** A transaction of the service's may take so long, in milliseconds: on PGlite everybody else waits for it. */
const TRANSACTION_MS = 2_000;

/** Calls the handler about one ended activity. */
export async function callHandler(
  parts: CallParts,
  { name, handler }: { readonly name: string; readonly handler: Handler<never> },
  ended: EndedActivity,
  attempt: number,
): Promise<CallEnd> {
  const { store, desk, logger, owner } = parts;
  const signal = AbortSignal.any([AbortSignal.timeout(parts.callMs), parts.closing]);
  const recipient = recipientOf(ended, parts.origin);
  let isCommitted = false;
  const context: HandlerContext = {
    ...{ recipient, attempt, signal, log: logger },
    followRequest: (follow) => desk.followRequest(follow.id),
    send: (activity, to) => desk.send(recipient, activity, typeof to === 'string' ? [to] : to),
    async transaction(work) {
      signal.throwIfAborted();
      if (isCommitted)
        throw new SallyportError('ERR_INVALID', 'this call has committed its transaction already', {
          hint: 'one transaction for each call: do everything in it',
        });
      const call = { handler: name, owner, seq: ended.seq, domain: ended.domain };
      await store.guestTransaction(TRANSACTION_MS, async (tx) => {
        if (!(await claimCall(tx, call, store.clock.now()))) return;
        const shared: Transaction = { execute: (text, values = []) => tx.execute(text, values) };
        await work(shared);
      });
      isCommitted = true;
    },
  };
  try {
    const view = await viewOf(ended, parts.references);
    const returned = (handler as Handler<Activity>)(view, context);
    await Promise.race([returned, whenAborted(signal)]);
    return { error: null, isCommitted };
  } catch (error) {
    logger.error('a handler failed', {
      ...{ stage: 'handler', handler: name, activityId: ended.activityId, attempt },
      error: messageOf(error),
      ...(error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {}),
      ...(isCommitted ? { isCommitted } : {}),
    });
    // What has been committed must not be done again.
    return { error: isCommitted ? null : messageOf(error), isCommitted };
  }
}

/** The local actor whose inbox was named in the URL, or null for the shared one. */
function recipientOf({ inboxes }: EndedActivity, origin: string): string | null {
  const shared = `${origin}/inbox`;
  const [inbox = shared] = inboxes;
  return inbox === shared ? null : inbox.replace(/\/inbox$/, '');
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
