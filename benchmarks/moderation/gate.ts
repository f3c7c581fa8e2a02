/**
 * What the gate costs by the number of rules it holds: `judge` about names of four labels that nobody has a rule for, of
 * hosts far from every rule, and of neighbours of blocked ones, whose parents are all looked up. Rounds of ten rules and of
 * many take turns in one process.
 */
import { createGate, type MarkedDomain } from '../../src/gate.ts';

const ASKED = 10_000;
const PER_ROUND = 1_000_000;

function gateWith(rules: number) {
  const gate = createGate();
  const policy = { source: 'manual', severity: 'block', rejectMedia: false, rejectReports: false } as const;
  const marked = Array.from({ length: rules }, (_, at): MarkedDomain => {
    return { name: `s${at}.spam${at % 97}.example`, state: 'blocked', isShut: true, untilMs: null, policy };
  });
  gate.update([], marked);
  return gate;
}

export function measureGate(many: number, rounds: number, say: (line: string) => void): void {
  const far = Array.from({ length: ASKED }, (_, at) => [`a.b${at}.host${at % 1_009}.test`]);
  const near = Array.from({ length: ASKED }, (_, at) => [`a.b${at}.spam${at % 97}.example`]);
  const gates = [gateWith(10), gateWith(many)] as const;
  const microseconds = (gate: (typeof gates)[number], names: readonly string[][]): number => {
    let refused = 0;
    const startedMs = performance.now();
    for (let at = 0; at < PER_ROUND; at++)
      if (gate.judge(names[at % ASKED] as string[], 0) !== null) refused++;
    if (refused > 0) throw new Error('nobody here is blocked');
    return ((performance.now() - startedMs) * 1_000) / PER_ROUND;
  };
  for (const gate of gates) for (const names of [far, near]) microseconds(gate, names);
  say(`\nThe gate, µs for a name of four labels that has no rule (${PER_ROUND} of them a round)`);
  say(`round   names   10 rules   ${many} rules   more`);
  for (let round = 1; round <= rounds; round++)
    for (const [kind, names] of Object.entries({ far, near })) {
      const few = microseconds(gates[0], names);
      const most = microseconds(gates[1], names);
      const figures = `${few.toFixed(3).padStart(8)}   ${most.toFixed(3).padStart(12)}   ${(most - few).toFixed(3)}`;
      say(`${String(round).padStart(5)}   ${kind.padEnd(5)}   ${figures}`);
    }
}
