/** A machine's chart as a Mermaid state diagram. */
import type { Chart, ChartTransition } from '../../machines/index.ts';

/** The text of a `stateDiagram-v2`; transitions between the same two states share an arrow. */
export function mermaidOf({ initial, states, transitions: anywhere }: Chart): string {
  const lines = ['stateDiagram-v2', `  [*] --> ${idOf(initial)}`];
  // An id of Mermaid's has no hyphen; the name is what is shown.
  for (const { name } of states) if (idOf(name) !== name) lines.push(`  state "${name}" as ${idOf(name)}`);
  for (const { name, transitions, final } of states) {
    const arrows = new Map<string, string[]>();
    for (const transition of transitions) {
      arrows.set(transition.target, [...(arrows.get(transition.target) ?? []), labelOf(transition)]);
    }
    for (const [target, labels] of arrows) {
      lines.push(`  ${idOf(name)} --> ${idOf(target)}: ${labels.join(' / ')}`);
    }
    if (final) lines.push(`  ${idOf(name)} --> [*]`);
  }
  // What is taken from whichever state would be an arrow between any two of them.
  for (const transition of anywhere)
    lines.push(`  %% anywhere --> ${idOf(transition.target)}: ${labelOf(transition)}`);
  return lines.join('\n');
}

const idOf = (name: string): string => name.replaceAll('-', '_');

function labelOf({ event, guard, delay }: ChartTransition): string {
  const what = delay === null ? event : `after ${delay}`;
  return guard === null ? what : `${what} [${guard}]`;
}
