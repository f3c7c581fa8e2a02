/**
 * A machine as plain data, for the inspector, the admin API and the command line: read from the definition itself,
 * so that a picture cannot differ from what runs.
 */
import type { AnyStateMachine } from 'xstate';

export interface ChartTransition {
  /** The event's name; `due` for a timed edge. */
  readonly event: string;
  /** The state it leads to; the state itself when it stays. */
  readonly target: string;
  readonly guard: string | null;
  readonly actions: readonly string[];
  /** The name of the delay of a timed edge. */
  readonly delay: string | null;
  /** Stays in its state, only assigning. */
  readonly internal: boolean;
}

export interface ChartState {
  readonly name: string;
  readonly initial: boolean;
  readonly final: boolean;
  readonly tags: readonly string[];
  readonly transitions: readonly ChartTransition[];
}

export interface Chart {
  readonly id: string;
  readonly initial: string;
  readonly states: readonly ChartState[];
}

/** The chart of a machine with flat states. */
export function chart(machine: AnyStateMachine): Chart {
  const initial = String(machine.config.initial);
  const states = Object.values(machine.states).map((node): ChartState => {
    const transitions = [...node.transitions.values()].flat().map((transition): ChartTransition => {
      const delay = delayOf(transition.eventType);
      const targets = transition.target ?? [];
      return {
        event: delay === null ? transition.eventType : 'due',
        target: targets[0]?.key ?? node.key,
        guard: nameOf(transition.guard),
        actions: transition.actions.map((action) => nameOf(action) ?? 'assign'),
        delay,
        internal: targets.length === 0,
      };
    });
    return { name: node.key, initial: node.key === initial, final: node.type === 'final', tags: node.tags, transitions };
  });
  return { id: machine.id, initial, states };
}

/** The delay of a timed edge: XState names its event `xstate.after.<delay>.<state id>`. */
function delayOf(eventType: string): string | null {
  return /^xstate\.after\.([^.]+)\./.exec(eventType)?.[1] ?? null;
}

function nameOf(part: unknown): string | null {
  if (typeof part === 'string') return part;
  if (typeof part === 'object' && part !== null && 'type' in part) return String(part.type);
  return null;
}
