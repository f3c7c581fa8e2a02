/**
 * Runs a machine without letting it live: rehydrate from what the store keeps, send the due events and then the
 * events of this step, take the persisted snapshot, stop. Nothing of it stays in memory.
 *
 * XState's delayed transitions (`after`) stay in the definition and in the picture, but a timer in memory would not
 * survive a restart. So the machine gets a clock that never rings: an `after` that is entered comes back as a
 * due time by the name of the event that XState itself would send, the store keeps it, and when it has come the
 * event is sent to the rehydrated machine. A due time is dropped when the state that owns it is left.
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
  type StateValueFrom,
} from 'xstate';
import { DOMAIN_VERSION } from './domain.ts';
import { FOLLOW_REQUEST_VERSION } from './follow-request.ts';

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

const VERSIONS: Readonly<Record<string, number>> = { domain: DOMAIN_VERSION, 'follow-request': FOLLOW_REQUEST_VERSION };

/** A clock that never rings. XState enters what it schedules in its system's list, where `scheduled` reads it. */
const SILENT_CLOCK = { setTimeout: () => 0, clearTimeout: () => undefined };

/**
 * One step of a life. `stored` null begins a new one from `input`; due events whose time has come by `atMs` are sent
 * first, in their order. Nothing is changed by a step that fails: it throws what a guard or an action threw, or
 * `SnapshotError` when the stored snapshot cannot be read.
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

  const transitions: StepTransition<StateValueFrom<M> & string>[] = [];
  const send = (event: EventObject, name: string): boolean => {
    const before = actor.getSnapshot();
    const isLegal = before.can(event);
    actor.send(event);
    const after = actor.getSnapshot();
    if (after.status === 'error') throw after.error;
    if (after.value !== before.value) transitions.push({ from: before.value, to: after.value, event: name });
    return isLegal;
  };
  const come = Object.entries(stored?.due ?? {}).filter(([, dueMs]) => dueMs <= atMs);
  for (const [type] of come.toSorted(([, a], [, b]) => a - b)) send({ type }, 'due');
  const handled = (events as readonly EventObject[]).map((event) => send(event, event.type));

  const snapshot = actor.getSnapshot();
  const due = duesAfter(machine, snapshot.value, stored?.due ?? {}, come, scheduled(actor), atMs);
  const next: Stored = { version: versionOf(machine), snapshot: actor.getPersistedSnapshot(), due };
  actor.stop();
  const { value: state, context } = snapshot;
  const dueAtMs = Math.min(...Object.values(due));
  const tags = [...snapshot.tags];
  return { stored: next, state, context, tags, dueAtMs: dueAtMs === Infinity ? null : dueAtMs, transitions, handled };
}

/** What was scheduled and not cancelled in this step: XState's event names and delays. Read before `stop()`. */
function scheduled(actor: Actor<AnyStateMachine>): { readonly name: string; readonly delayMs: number }[] {
  const list = Object.values(actor.system.getSnapshot()._scheduledEvents);
  return list.map(({ event, delay }) => ({ name: event.type, delayMs: delay }));
}

/** Due times kept from before while their state is still there, and those that this step set. */
function duesAfter(
  machine: AnyStateMachine,
  state: string,
  before: Readonly<Record<string, number>>,
  come: readonly (readonly [string, number])[],
  set: readonly { readonly name: string; readonly delayMs: number }[],
  atMs: number,
): Record<string, number> {
  const due: Record<string, number> = {};
  for (const [name, dueMs] of Object.entries(before)) {
    const isSpent = come.some(([spent]) => spent === name);
    if (!isSpent && name.endsWith(`.${machine.id}.${state}`)) due[name] = dueMs;
  }
  for (const { name, delayMs } of set) {
    if (Number.isFinite(delayMs)) due[name] = atMs + delayMs;
    else delete due[name];
  }
  return due;
}

function versionOf(machine: AnyStateMachine): number {
  return VERSIONS[machine.id] ?? 1;
}

/** The stored snapshot, if this code knows its version and its state. XState itself would take any. */
function readable(machine: AnyStateMachine, stored: Stored): Snapshot<unknown> {
  if (stored.version !== versionOf(machine)) {
    throw new SnapshotError(`${machine.id}: stored version ${stored.version}, this code has ${versionOf(machine)}`);
  }
  const snapshot = stored.snapshot as { value?: unknown } | null;
  const state = snapshot?.value;
  if (typeof state !== 'string' || !Object.hasOwn(machine.states, state)) {
    throw new SnapshotError(`${machine.id}: unknown state ${JSON.stringify(state)}`);
  }
  return snapshot as Snapshot<unknown>;
}
