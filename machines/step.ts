/**
 * Runs a machine without letting it live: rehydrate, send what is due and what has happened, persist, stop.
 *
 * ```
 *   stored ──► readable? ──► rehydrate ──► due events ──► events ──► persist ──► stop ──► stored
 *    JSON        │ no                        └── state before / after: transitions ──┘      JSON
 *                ▼                           └── what XState has scheduled: due times ──┘
 *           SnapshotError                    └── status `error`: thrown, nothing is stored
 * ```
 * The idea. A hundred thousand living machines would be 380 MB and lost with the process; a hundred thousand rows
 * are neither. So a machine lives for one step, inside the transaction that holds its row, and nothing stays in
 * memory. XState sees an ordinary actor: the public API runs it, nothing is imitated.
 *
 * Time. A timer in memory would not survive a restart, yet `after` belongs in the definition and in the picture. So
 * the machine gets a clock that never rings: an `after` that is entered comes back as a due time, by the name of
 * the event that XState itself would send; the store keeps it, and once it has come the event is sent to the
 * rehydrated machine, which takes the drawn edge. Outside of this room that event is called `due`.
 *
 * Invariants:
 * - A due time is set only by the record of this step, and dropped when the state that owns it is left. Rehydrating
 *   schedules nothing, and leaving a state after rehydration cancels nothing: XState does not know of it.
 * - What throws inside of the machine is thrown out of `step`, and never out of a timer, where it would end the
 *   process.
 * - A snapshot that this code cannot read is refused before XState sees it. XState would take an unknown state.
 */
import {
  type Actor,
  type AnyStateMachine,
  type ContextFrom,
  createActor,
  type EventFrom,
  type EventObject,
  type InputFrom,
  type Snapshot,
  type SnapshotFrom,
  type StateValueFrom,
} from 'xstate';

/** A machine's life as the store keeps it: JSON. */
export interface Stored {
  readonly version: number;
  readonly snapshot: unknown;
  /** When which of XState's own events is due, epoch milliseconds. */
  readonly due: Readonly<Record<string, number>>;
}

/** One change of state. A timed edge's event is `due`. */
export interface StepTransition<State extends string = string> {
  readonly from: State;
  readonly to: State;
  readonly event: string;
}

export interface Stepped<M extends AnyStateMachine> {
  readonly stored: Stored;
  readonly state: StateValueFrom<M> & string;
  readonly context: ContextFrom<M>;
  readonly tags: readonly string[];
  /** The earliest due time, or null. */
  readonly dueAtMs: number | null;
  readonly transitions: readonly StepTransition<StateValueFrom<M> & string>[];
  /** For each event of this step: had the state that it met a transition for it? */
  readonly handled: readonly boolean[];
}

/** A stored snapshot that this code cannot read: another version, an unknown state. It must be kept as it is. */
export class SnapshotError extends Error {
  readonly code = 'ERR_SNAPSHOT_UNKNOWN';
  override readonly name = 'SnapshotError';
}

/** A clock that never rings. XState enters what it schedules in its system's list, where `scheduled` reads it. */
const SILENT_CLOCK = { setTimeout: () => undefined, clearTimeout: () => undefined };

/** When an infinite delay is due, and what is the earliest of no due times. */
const NEVER = Number.POSITIVE_INFINITY;

/**
 * One step of a life. `stored` null begins a new one from `input`; otherwise `input` is not looked at. Due events
 * whose time has come by `atMs` (epoch milliseconds) are sent first, in the order of their times, then the events,
 * whose own `atMs` should be the same: a due time is counted from the step.
 *
 * Changes none of its arguments. A step that fails throws, and what was stored stands: whatever a guard, an action
 * or a delay threw; `RangeError` for a delay that is not a number; `SnapshotError` for a stored snapshot that this
 * machine cannot read.
 *
 * The machine's states are flat, and a due time belongs to one state.
 */
export function step<M extends AnyStateMachine>(
  machine: M,
  stored: Stored | null,
  input: InputFrom<M>,
  events: readonly EventFrom<M>[],
  atMs: number,
): Stepped<M> {
  const start = stored === null ? { input } : { snapshot: readable(machine, stored) };
  const actor = createActor(machine as AnyStateMachine, { ...start, clock: SILENT_CLOCK });
  // Without an observer XState would rethrow an error outside of this call and end the process.
  actor.subscribe({ error: () => undefined });
  actor.start();
  const { status, error } = actor.getSnapshot();
  if (stored !== null && status === 'error') {
    throw new SnapshotError(`${machine.id}: XState cannot restore it`, { cause: error });
  }
  let now = healthy(actor);

  const transitions: StepTransition<StateValueFrom<M> & string>[] = [];
  const send = (event: EventObject, name: string): boolean => {
    const before = now;
    // Where NODE_ENV or the resolver says "development", XState warns of an event to a life that is over.
    if (before.status === 'done') return false;
    actor.send(event);
    now = healthy(actor);
    if (now.value !== before.value) transitions.push({ from: before.value, to: now.value, event: name });
    // XState answers an event that no transition takes with the very snapshot that it had.
    return now !== before;
  };
  const dues = Object.entries(stored?.due ?? {});
  const come = dues.filter(([, dueMs]) => dueMs <= atMs);
  for (const [type] of come.toSorted(([, a], [, b]) => a - b)) {
    // One of them may have entered its state anew, which sets all due times of that state anew: the rest is void.
    if (scheduled(actor, atMs).length === 0) send({ type }, 'due');
  }
  const handled = (events as readonly EventObject[]).map((event) => send(event, event.type));

  const { value: state, context, tags } = now;
  const waiting = dues.filter(([name, dueMs]) => dueMs > atMs && isOwned(machine, state, name));
  const set = { ...Object.fromEntries(waiting), ...Object.fromEntries(scheduled(actor, atMs)) };
  const due = Object.fromEntries(Object.entries(set).filter(([, dueMs]) => dueMs !== NEVER));
  const next: Stored = { version: versionOf(machine), snapshot: actor.getPersistedSnapshot(), due };
  actor.stop();
  const soonest = Math.min(...Object.values(due));
  const dueAtMs = soonest === NEVER ? null : soonest;
  return { stored: next, state, context, tags: [...tags], dueAtMs, transitions, handled };
}

/** The actor's snapshot. Throws what a guard, an action or a delay threw: the step has failed. */
function healthy(actor: Actor<AnyStateMachine>): SnapshotFrom<AnyStateMachine> {
  const snapshot = actor.getSnapshot();
  if (snapshot.status === 'error') throw snapshot.error;
  return snapshot;
}

/** What was scheduled and not cancelled in this step: XState's event names and due times. Read before `stop()`. */
function scheduled(actor: Actor<AnyStateMachine>, atMs: number): readonly (readonly [string, number])[] {
  return Object.values(actor.system.getSnapshot()._scheduledEvents).map(({ event, delay }) => {
    if (Number.isNaN(delay))
      throw new RangeError('no number for a delay: was an event sent without its times?');
    return [event.type, atMs + delay];
  });
}

/** Leaving a state after rehydration cancels nothing by itself, so a due time is kept only by the state it is of. */
function isOwned(machine: AnyStateMachine, state: string, eventName: string): boolean {
  return Object.values(machine.states).some(
    ({ key, transitions }) => key === state && transitions.has(eventName),
  );
}

function versionOf(machine: AnyStateMachine): number {
  return Number(machine.version ?? 1);
}

/** The stored snapshot, if this code can read it. XState itself would take any, and go on from nowhere. */
function readable(machine: AnyStateMachine, stored: Stored): Snapshot<unknown> {
  const fault = faultOf(machine, stored);
  if (fault !== null) throw new SnapshotError(`${machine.id}: ${fault}`);
  return stored.snapshot as Snapshot<unknown>;
}

function faultOf(machine: AnyStateMachine, stored: Stored): string | null {
  const version = versionOf(machine);
  if (stored.version !== version) return `stored by version ${stored.version}, this is version ${version}`;
  const { value, status, context } = (stored.snapshot ?? {}) as Record<string, unknown>;
  const state = Object.values(machine.states).find(({ key }) => key === value);
  if (state === undefined) return `unknown state ${JSON.stringify(value)}`;
  if (status !== (state.type === 'final' ? 'done' : 'active')) return `status ${status} in state ${value}`;
  if (!isRecord(context)) return 'no context';
  if (!isRecord(stored.due) || !Object.values(stored.due).every(Number.isFinite)) return 'unknown due times';
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
