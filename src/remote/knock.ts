/**
 * Double-knocking: a server that refuses a request may only not read the way in which it is signed, so it is asked
 * once more, signed in the other way.
 *
 * ```
 * first knock (the way that worked before, else the newer one) ─┬─ 2xx ──── that way works: remembered
 *                                                               ├─ refused ─ second knock, the other way ─ 2xx: remembered
 *                                                               └─ else ─── that is the answer
 * ```
 * Invariant: never more than two knocks, and the second only where the first was answered with a refusal, so nothing
 * that was accepted, or may have been, is sent twice.
 */
import { LRUCache } from 'lru-cache';

/** What came of it. */
export interface Knocked<Way, Answer> {
  readonly answer: Answer;
  /** The way that is known to work now, or null. */
  readonly known: Way | null;
}

/** Answers that are about something else than the signature: nothing there, gone, too often. */
const SETTLED: readonly number[] = [404, 410, 429];

/** May this status mean that the signature was not understood? At first contact a server may even stumble over it. */
export function isRefusal(status: number, isFirstContact: boolean): boolean {
  if (status >= 500) return isFirstContact;
  return status >= 400 && !SETTLED.includes(status);
}

const isGood = (status: number | null): boolean => status !== null && status >= 200 && status <= 299;

/**
 * Asks in the way that is known to work, or in the first one, and after a refusal once in another one. Of two
 * refusals the one to the known way counts, else the second. `statusOf` gives null where there was no answer.
 */
export async function knock<Way, Answer>(
  ways: readonly Way[],
  known: Way | null,
  ask: (way: Way) => Promise<Answer>,
  statusOf: (answer: Answer) => number | null,
): Promise<Knocked<Way, Answer>> {
  const first = known ?? (ways[0] as Way);
  const answer = await ask(first);
  const status = statusOf(answer);
  if (isGood(status)) return { answer, known: first };
  const other = ways.find((way) => way !== first);
  if (status === null || other === undefined || !isRefusal(status, known === null)) return { answer, known };
  const second = await ask(other);
  if (isGood(statusOf(second))) return { answer: second, known: other };
  return { answer: known === null ? second : answer, known };
}

/** Hosts whose way is remembered in this process, some 100 bytes each. */
const HOSTS_MAX = 20_000;

/** Knocks at hosts and remembers of each which of the ways (by number) worked. */
export interface Knocking {
  at<Answer extends { readonly status: number }>(
    host: string,
    ways: number,
    ask: (way: number) => Promise<Answer>,
  ): Promise<Answer>;
}

export function createKnocking(): Knocking {
  const worked = new LRUCache<string, number>({ max: HOSTS_MAX });
  return {
    async at(host, ways, ask) {
      if (ways === 0) return ask(0);
      const before = worked.get(host);
      const numbers = Array.from({ length: ways }, (_, way) => way);
      const statusOf = ({ status }: { readonly status: number }): number => status;
      const { answer, known } = await knock(numbers, before ?? null, ask, statusOf);
      if (known !== null) worked.set(host, known);
      return answer;
    },
  };
}
