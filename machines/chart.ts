/**
 * A machine as plain data, for the inspector, the admin API and the command line: read from the definition itself,
 * so that a picture cannot differ from what runs.
 */
import type { AnyStateMachine, AnyTransitionDefinition } from 'xstate';

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
  /** Those that are taken from whichever state. */
  readonly transitions: readonly ChartTransition[];
}

/** The chart of a machine with flat states: every transition that its definition has, in its order. */
export function chart(machine: AnyStateMachine): Chart {
  const initial = String(machine.config.initial);
  const states = Object.values(machine.states).map((node): ChartState => {
    return {
      name: node.key,
      initial: node.key === initial,
      final: node.type === 'final',
      tags: node.tags,
      transitions: transitionsOf(node),
    };
  });
  return { id: machine.id, initial, states, transitions: transitionsOf(machine.root) };
}

const transitionsOf = (node: AnyStateMachine['root']): ChartTransition[] =>
  [...node.transitions.values()].flat().map((edge) => transitionOf(node.key, edge));

/** XState marks a timed edge with its delay and makes an event for it that nobody outside needs to know. */
function transitionOf(
  source: string,
  edge: AnyTransitionDefinition & { delay?: string | number },
): ChartTransition {
  const delay = edge.delay === undefined ? null : String(edge.delay);
  return {
    event: delay === null ? edge.eventType : 'due',
    target: edge.target?.[0] === undefined ? source : edge.target[0].key,
    guard: edge.guard === undefined ? null : nameOf(edge.guard),
    actions: edge.actions.map(nameOf),
    delay,
    internal: edge.target === undefined,
  };
}

/** A guard or an action is named, with or without parameters; a bare function can only be called by its own name. */
function nameOf(part: unknown): string {
  if (typeof part === 'string') return part;
  return part instanceof Function ? part.name : String((part as { type: unknown }).type);
}
