/** A matcher for `expect.extend`, of vitest or jest. It imports neither. */
import type { MachineName, MachineStates, Transition } from '../api.ts';

/**
 * What `expect` can say of a test inbox, for its types: in a `declare module 'vitest'`, let `Matchers<R, T>` extend
 * `TransitionMatchers<R>`.
 */
export interface TransitionMatchers<R = unknown> {
  /** Has a machine, or the machine of this key, gone from one state to another since the test inbox was made? */
  toHaveTransitioned<M extends MachineName>(
    machine: M,
    from: MachineStates[M] | null,
    to: MachineStates[M],
    key?: string,
  ): R;
}

/** What matchers of vitest and jest give back. */
export interface MatchResult {
  readonly pass: boolean;
  message(): string;
}

/** `expect.extend(matchers)` */
export const matchers = {
  toHaveTransitioned(
    box: { readonly transitioned: readonly Transition[] },
    machine: MachineName,
    from: string | null,
    to: string,
    key?: string,
  ): MatchResult {
    const seen = box.transitioned.filter((one) => one.machine === machine);
    const pass = seen.some(
      (one) => one.from === from && one.to === to && (key === undefined || one.key === key),
    );
    const whose = key === undefined ? machine : `${machine} ${key}`;
    const list = seen.map((one) => `  ${one.key}: ${one.from} -> ${one.to}`).join('\n') || '  none';
    const message = (): string =>
      `expected ${whose} ${pass ? 'not ' : ''}to have gone from ${from} to ${to}; transitions seen:\n${list}`;
    return { pass, message };
  },
};
