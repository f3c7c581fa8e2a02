/**
 * The outgoing mailboxes, one for each remote domain: sign, POST, back off, give up into the dead letters.
 *
 * ```
 * claim ─► oldest deliveries ─► sign ─► POST ─┬─ 2xx ──────── delivered, the next one
 * (a lease on the domain's row)               ├─ refused ──── signed in the other way, once
 *                                             ├─ 410, 404 … ─ dead letter, the next one
 *                                             └─ 5xx, none ── the mailbox rests: 15 s, 1 min … a day
 * ```
 * A mailbox has one POST under way at a time and keeps the order of its deliveries; when one fails, those behind it
 * wait with it, and no other domain notices: one whose answer takes long gives its place to another, whether it has failed
 * before or not. Nothing is sent inside a transaction. A crash between the POST and its
 * record sends once more, with the same activity id.
 *
 * Signed by RFC 9421, or by draft-cavage where a refusal said so. The mailbox's row remembers what worked.
 */
import { createLedger } from './deliveries/ledger.ts';
import { LIFE_MS, type Outcome, outcomeOf, restMs } from './deliveries/outcome.ts';
import { messageOf } from './errors.ts';
import type { Events } from './events.ts';
import type { Locals } from './locals.ts';
import type { Settings } from './options.ts';
import { knock } from './remote/knock.ts';
import type { Remote, RemoteAnswer } from './remote.ts';
import { type Claimed, claim, type Delivery, type Leased, oldestDeliveries } from './store/deliveries.ts';
import type { Store } from './store/store.ts';
import { SCHEMES, type Scheme, type SigningKey, signRequest } from './verify/signature.ts';

export interface Deliveries {
  /** Begins to look for due mailboxes, every second and when woken. */
  start(): void;
  /** Something has been put into a mailbox. */
  wake(): void;
  /** Resolves when nothing is due and nothing is under way here. */
  settled(): Promise<void>;
  /** Finishes the POSTs under way, for at most `drainMs`, and gives their mailboxes back; then breaks them off. */
  close(drainMs: number): Promise<void>;
}

export interface DeliveriesParts {
  readonly settings: Pick<Settings, 'logger'>;
  readonly store: Store;
  readonly remote: Remote;
  readonly locals: Pick<Locals, 'resolve'>;
  readonly events: { readonly metrics: Pick<Events['metrics'], 'delivery'> };
  /** How long an answer may take before its mailbox gives up its place, in milliseconds. @default 1000 */
  readonly slowMs?: number;
}

/**
 * Mailboxes served at once, so many POSTs at once: those that answered last, and those that did not. The dead have
 * places of their own, because each holds one for the 10 s that a call may take.
 */
const ANSWERING_MAX = 64;
const FAILING_MAX = 32;
/**
 * Besides, mailboxes that wait for an answer that takes long: of servers that nobody has asked before nobody knows that
 * they are dead, and a hundred of them among the first would hold up all others for 10 s.
 */
const SLOW_MAX = 512;
const SLOW_MS = 1_000;
const POLL_MS = 1_000;
/** A mailbox whose holder is gone is free after so long; renewed before each delivery: two POSTs of 10 s at most. */
const LEASE_MS = 60_000;
/** Deliveries read with the claim of a mailbox, and at once after that. Most mailboxes hold one or two. */
const CLAIMED_MAX = 4;
const READ_MAX = 20;
/** Deliveries sent for one claim; after that a busy mailbox goes to the end of the line. */
const SERVED_MAX = 200;

export function createDeliveries(parts: DeliveriesParts): Deliveries {
  const { store, settings } = parts;
  const { logger } = settings;
  const answering = new Set<Promise<void>>();
  const failing = new Set<Promise<void>>();
  const slow = new Set<Promise<void>>();
  const breakOff = new AbortController();
  const mailboxes = createMailboxes(parts, breakOff.signal, () => isClosed);
  let isClosed = false;
  let looking: Promise<void> | null = null;
  let isWoken = false;
  let timer: NodeJS.Timeout | undefined;

  const hasPlaces = (): boolean => answering.size < ANSWERING_MAX || failing.size < FAILING_MAX;

  /** Claims what is due until nothing is or all places are taken. One claim at a time. */
  async function look(): Promise<void> {
    do {
      isWoken = false;
      const places = { answering: ANSWERING_MAX - answering.size, failing: FAILING_MAX - failing.size };
      if (isClosed || !hasPlaces()) return;
      const nowMs = store.clock.now();
      for (const claimed of await claim(store, nowMs, nowMs + LEASE_MS, places, CLAIMED_MAX)) serve(claimed);
    } while (isWoken);
  }

  function serve(claimed: Claimed): void {
    const { domain, failures } = claimed.leased;
    let underWay = failures === 0 ? answering : failing;
    const makeRoom = (): void => {
      if (underWay !== answering || slow.size >= SLOW_MAX) return;
      answering.delete(serving);
      slow.add(serving);
      underWay = slow;
      wake();
    };
    const serving = mailboxes
      .serve(claimed, makeRoom)
      .catch((error: unknown) => {
        logger.error('a mailbox could not be served', { domain, error: messageOf(error) });
      })
      .finally(() => {
        underWay.delete(serving);
        wake();
      });
    underWay.add(serving);
  }

  function wake(): void {
    isWoken = true;
    if (isClosed || looking !== null) return;
    looking = look()
      .catch((error: unknown) => {
        isWoken = false;
        logger.error('due deliveries could not be looked for', { error: messageOf(error) });
      })
      .finally(() => {
        looking = null;
        // Woken in the moment between the last look and here.
        if (isWoken && hasPlaces()) wake();
      });
  }

  async function rest(): Promise<void> {
    while (looking !== null || answering.size + failing.size + slow.size > 0) {
      await looking;
      await Promise.all([...answering, ...failing, ...slow]);
    }
  }

  return {
    start() {
      timer ??= setInterval(wake, POLL_MS).unref();
      wake();
    },
    wake,
    settled() {
      wake();
      return rest();
    },
    async close(drainMs) {
      isClosed = true;
      clearInterval(timer);
      const patience = setTimeout(() => breakOff.abort(), drainMs);
      await rest();
      clearTimeout(patience);
    },
  };
}

/** How a try ended, and how the mailbox is to be signed for from now on. */
interface Sent {
  readonly outcome: Outcome;
  readonly scheme: string | null;
}

/** Nothing was sent: our own key cannot sign. */
interface Unsigned {
  readonly ok: false;
  readonly fault: 'unsigned';
  readonly message: string;
}

/** Serves one mailbox under its lease. */
function createMailboxes(parts: DeliveriesParts, signal: AbortSignal, isClosing: () => boolean) {
  const { store, remote, locals, events, settings, slowMs = SLOW_MS } = parts;
  const { clock } = store;
  const ledger = createLedger(store);

  async function send(leased: Leased, delivery: Delivery): Promise<Sent> {
    const { actor: sender, inbox, body } = delivery;
    const permanent = (error: string): Sent => {
      return { outcome: { type: 'permanent', error }, scheme: leased.scheme };
    };
    if (body === null) return permanent('the activity is not kept any more');
    const actor = await locals.resolve(sender);
    // The service knows no such actor any more. Its letters must not hold up those of everybody else.
    if (actor === null) return permanent('the sending actor is no local actor any more');
    const key = { id: `${actor.id}#main-key`, privateKeyPem: actor.privateKeyPem };
    const before = SCHEMES.find((scheme) => scheme === leased.scheme) ?? null;
    const ask = (scheme: Scheme) => post(inbox, Buffer.from(body), key, scheme);
    const { answer, known } = await knock(SCHEMES, before, ask, (got) => (got.ok ? got.status : null));
    if (!answer.ok && answer.fault === 'unsigned') return permanent(`cannot be signed: ${answer.message}`);
    return { outcome: outcomeOf(answer, clock.now()), scheme: known };
  }

  async function post(
    inbox: string,
    body: Uint8Array,
    key: SigningKey,
    scheme: Scheme,
  ): Promise<RemoteAnswer | Unsigned> {
    const unsigned = { 'content-type': 'application/activity+json', accept: 'application/activity+json' };
    let headers: Record<string, string>;
    try {
      headers = signRequest(
        { method: 'POST', url: inbox, headers: unsigned, body },
        key,
        clock.now(),
        scheme,
      );
    } catch (error) {
      return { ok: false, fault: 'unsigned', message: messageOf(error, 200) };
    }
    return remote.post(inbox, headers, body, { signal });
  }

  /** Writes what became of a delivery; the lease goes on, or ends with the last one. Null when it was lost. */
  async function record(
    leased: Leased,
    delivery: Delivery,
    outcome: Exclude<Outcome, { type: 'retry' }>,
    isLast: boolean,
  ): Promise<Leased | null> {
    const nowMs = clock.now();
    // Two leases are never equal, also on a clock that stands still.
    const leaseMs = Math.max(nowMs + LEASE_MS, leased.leaseMs + 1);
    const state = outcome.type === 'delivered' ? 'delivered' : 'dead';
    const error = outcome.type === 'delivered' ? null : outcome.error;
    const ended = { delivery, state, attempts: delivery.attempts + 1, error } as const;
    const standing = { leaseMs: isLast ? null : leaseMs, failures: 0, dueMs: nowMs };
    const { isHeld } = await ledger.write({ leased, ended, ...standing });
    if (isHeld) events.metrics.delivery(state);
    return isHeld ? { ...leased, failures: 0, leaseMs } : null;
  }

  /** A try that may be repeated has failed: the whole mailbox rests, and what is too old is given up. */
  async function backOff(
    leased: Leased,
    delivery: Delivery,
    outcome: Outcome & { type: 'retry' },
  ): Promise<void> {
    const { error } = outcome;
    const failures = leased.failures + 1;
    const dueMs = clock.now() + restMs(failures, outcome.retryAfterMs);
    const ended = { delivery, state: 'waiting', attempts: delivery.attempts + 1, error } as const;
    // The next try would come too late for those from before: they have had their last one, or shared it.
    const expireBeforeMs = dueMs - LIFE_MS;
    const written = await ledger.write({ leased, ended, leaseMs: null, failures, dueMs, expireBeforeMs });
    if (!written.isHeld) return;
    if (written.expired === 0) events.metrics.delivery('retried');
    for (let count = 0; count < written.expired; count++) events.metrics.delivery('dead');
    settings.logger.info('a mailbox rests', {
      domain: leased.domain,
      failures,
      error,
      dueAt: new Date(dueMs).toISOString(),
    });
  }

  async function giveBack(leased: Leased): Promise<void> {
    const { failures } = leased;
    await ledger.write({ leased, ended: null, leaseMs: null, failures, dueMs: clock.now() });
  }

  return {
    /** `onSlow` is called when an answer takes long. */
    async serve(claimed: Claimed, onSlow: () => void): Promise<void> {
      let { leased, deliveries } = claimed;
      let asked = CLAIMED_MAX;
      for (let served = 0; served < SERVED_MAX && deliveries.length > 0 && !isClosing(); ) {
        for (const [index, delivery] of deliveries.entries()) {
          if (isClosing()) return giveBack(leased);
          const patience = setTimeout(onSlow, slowMs);
          const { outcome, scheme } = await send(leased, delivery).finally(() => clearTimeout(patience));
          leased = { ...leased, scheme };
          // Broken off by us: that says nothing about the other side.
          if (outcome.type === 'retry' && signal.aborted) return giveBack(leased);
          if (outcome.type === 'retry') return backOff(leased, delivery, outcome);
          served++;
          const isLast =
            index === deliveries.length - 1 && (deliveries.length < asked || served >= SERVED_MAX);
          const renewed = await record(leased, delivery, outcome, isLast);
          if (renewed === null || isLast) return;
          leased = renewed;
        }
        asked = READ_MAX;
        deliveries = await oldestDeliveries(store, leased.domain, READ_MAX);
      }
      await giveBack(leased);
    },
  };
}
