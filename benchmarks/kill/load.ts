/** The load: every sender sends its letters one after the other, all senders at once, until the server is gone. */
import type { Chance } from './chance.ts';
import { type PostOffice, type Stamped, stamp } from './post-office.ts';
import { type Letter, type Sender, writeLetter } from './senders.ts';

export interface Load {
  /** Requests that were answered 202. */
  readonly acknowledged: number;
  /** Answers other than 202, by status. */
  readonly refusals: ReadonlyMap<number, number>;
  /** Requests that got no answer. */
  readonly silent: ReadonlySet<Stamped>;
  /** Resolves in the moment of the acknowledgement with this number, or of the first one after so long. */
  acknowledgements(count: number, patienceMs: number): Promise<void>;
  /** Nobody starts another letter. */
  stop(): void;
  /** Resolves when every request has been answered or will never be. */
  readonly over: Promise<void>;
}

interface Prepared {
  readonly letter: Letter;
  readonly requests: readonly Stamped[];
}

/** What a sender has signed ahead, so that the load is not bound by the signing. */
export interface Desk {
  readonly sender: Sender;
  readonly stock: Prepared[];
  /** A letter that was not answered, to be sent again before anything else. */
  again: Letter | null;
}

export function deskOf(sender: Sender): Desk {
  return { sender, stock: [], again: null };
}

/** Signs letters ahead, those to be sent again first. */
export function prepare(desks: readonly Desk[], each: number, origin: string, chance: Chance): void {
  for (const { sender, stock } of desks) {
    while (stock.length < each) stock.push(signed(writeLetter(sender, origin, chance), sender));
  }
}

function signed(letter: Letter, { actor }: Sender): Prepared {
  return { letter, requests: letter.inboxes.map((inbox) => stamp(inbox, letter.activity, actor)) };
}

export function beginLoad(
  desks: readonly Desk[],
  office: PostOffice,
  address: string,
  next: { readonly origin: string; readonly chance: Chance },
): Load {
  const refusals = new Map<number, number>();
  const silent = new Set<Stamped>();
  const startedMs = performance.now();
  let acknowledged = 0;
  let isStopped = false;
  let onAcknowledged: () => void = () => undefined;

  async function sendAll({ letter, requests }: Prepared): Promise<boolean> {
    const outcomes = await Promise.all(
      requests.map(async (request) => {
        const outcome = await office.send(address, request);
        if (outcome === 202) {
          letter.acknowledged.add(request.inbox);
          letter.hasArrived = true;
          acknowledged++;
          onAcknowledged();
        } else if (outcome === null) silent.add(request);
        else refusals.set(outcome, (refusals.get(outcome) ?? 0) + 1);
        return outcome;
      }),
    );
    return outcomes.every((outcome) => outcome === 202);
  }

  async function work(desk: Desk): Promise<void> {
    const { sender, stock } = desk;
    while (!isStopped) {
      let prepared: Prepared;
      if (desk.again !== null) {
        prepared = signed(desk.again, sender);
        desk.again = null;
      } else {
        prepared = stock.shift() ?? signed(writeLetter(sender, next.origin, next.chance), sender);
        sender.letters.push(prepared.letter);
      }
      if (await sendAll(prepared)) continue;
      // A sender that got no answer, or a no for now, sends the same letter again, unless it forgets about it.
      desk.again = prepared.letter;
    }
  }

  return {
    get acknowledged() {
      return acknowledged;
    },
    refusals,
    silent,
    acknowledgements(count, patienceMs) {
      return new Promise((resolve) => {
        onAcknowledged = () => {
          if (acknowledged >= count || performance.now() - startedMs > patienceMs) resolve();
        };
      });
    },
    stop() {
      isStopped = true;
    },
    over: Promise.all(desks.map(work)).then(() => undefined),
  };
}
