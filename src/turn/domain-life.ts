/**
 * A domain during a turn: first what is due, then what filters ask for, each in its place among the mail. Its machine
 * hears of it at once, so that the mail after a strike too many is that of a blocked domain; the row is saved once.
 */
import { chart, type DomainEvent, domainMachine, type Stepped, step } from '../../machines/index.ts';
import type { World } from '../activities/world.ts';
import type { NewEvent } from '../api.ts';
import type { Merged, Standing } from '../policy.ts';
import * as store from '../store/turns.ts';
import type { DomainWish } from '../verdict.ts';
import type { LapsedRules } from './due.ts';

/** The policy about strikes and limits that is in force. Durations in milliseconds. */
export interface StrikePolicy {
  readonly blockAfterStrikes: number | null;
  readonly strikeBlockMs: number;
  readonly strikeDecayMs: number | null;
  /** How long a limit lasts of which nothing is said. */
  readonly windowMs: number;
}

/** Where nobody has one. */
export const LENIENT: StrikePolicy = {
  blockAfterStrikes: null,
  strikeBlockMs: 7 * 86_400_000,
  strikeDecayMs: null,
  windowMs: 3_600_000,
};

/** States in which a domain's mail may be applied: the definition says so with the tag `open`. */
const OPEN_STATES = chart(domainMachine)
  .states.filter(({ tags }) => tags.includes('open'))
  .map(({ name }) => name);

export class DomainLife implements Standing {
  /** What the rules about it come to. */
  readonly policy: Merged | null;
  readonly #row: store.HeldDomain;
  readonly #atMs: number;
  readonly #world: World;
  readonly #strikes: StrikePolicy;
  #saved: store.SavedDomain | null = null;

  constructor(
    row: store.HeldDomain,
    { world, atMs, lapsed }: { world: World; atMs: number; lapsed: LapsedRules },
    strikes: StrikePolicy,
  ) {
    this.#row = row;
    this.#world = world;
    this.#atMs = atMs;
    this.#strikes = strikes;
    this.policy = row.policy;
    if (row.dueMs === null || row.dueMs > atMs) return;
    const due = this.#step([]);
    const { policy, events } = lapsed.heed(row, due);
    this.policy = policy;
    const on = events.length > 0 ? this.#step(events, policy?.source) : due;
    // Where the state says nothing of it, the log does: whoever keeps a copy of the rules reads of it there.
    if (policy !== row.policy && due.transitions.length + on.transitions.length === 0)
      world.record(this.#changed(due.state));
  }

  #changed(state: string): NewEvent {
    const { name } = this.#row;
    const what = { kind: 'transition', machine: 'domain', key: name, domain: name } as const;
    const how = { from: state, to: state, event: 'rule.changed', reason: null, by: null };
    return { ...what, ...how, atMs: this.#atMs };
  }

  get #state(): string {
    return this.#saved?.state ?? this.#row.state;
  }

  get isShut(): boolean {
    return !OPEN_STATES.includes(this.#state);
  }

  /** What is to be written of it; null where nothing has changed. */
  get saved(): store.SavedDomain | null {
    return this.#saved;
  }

  /** What filters ask for about one mail. */
  hear(wishes: readonly DomainWish[]): void {
    const { windowMs, ...strikes } = this.#strikes;
    const atMs = this.#atMs;
    const events = wishes.map(
      (wish): DomainEvent =>
        wish.type === 'strike'
          ? { type: 'filter.struck', atMs, reason: wish.reason, ...strikes }
          : { type: 'filter.limited', atMs, reason: wish.reason, untilMs: atMs + (wish.forMs ?? windowMs) },
    );
    this.#step(events);
  }

  #step(events: readonly DomainEvent[], by: string | null = null): Stepped<typeof domainMachine> {
    const { name, version, state: before, snapshot: first } = this.#row;
    const atMs = this.#atMs;
    const snapshot = this.#saved?.snapshot ?? first;
    const stepped = step(domainMachine, snapshot, { domain: name }, events, atMs);
    const { state, stored, dueAtMs: dueMs } = stepped;
    const sinceMs = state === before ? (this.#saved?.sinceMs ?? null) : atMs;
    this.#saved = { name, version, state, snapshot: stored, dueMs, sinceMs };
    for (const event of store.domainEvents(name, stepped, by, atMs)) this.#world.record(event);
    return stepped;
  }
}
