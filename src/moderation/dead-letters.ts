/** What is done about dead letters: tried again from the beginning, or given up. */
import type { DeadLetter, Page, PageQuery } from '../api.ts';
import { SallyportError } from '../errors.ts';
import { recordAudit } from '../store/audit.ts';
import { upsertCalls } from '../store/consumers.ts';
import { type FullDeadLetter, listDeadLetters, mailAgain, takeDeadLetter } from '../store/dead-letters.ts';
import { enqueue } from '../store/deliveries.ts';
import type { Statements } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';

export interface DeadLettersDesk {
  /** Newest first. */
  list(query?: PageQuery): Promise<Page<DeadLetter>>;
  /** Puts it back at the end of its queue, with all its tries. `ERR_NOT_FOUND`. */
  retry(id: string, note?: DeadLetterNote): Promise<void>;
  /** Gives it up for good. `ERR_NOT_FOUND`. */
  discard(id: string, note?: DeadLetterNote): Promise<void>;
}

/** Who decides, and why. */
export interface DeadLetterNote {
  readonly reason?: string | undefined;
  /** The moderator's name. @default 'admin' */
  readonly by?: string | undefined;
}

export function createDeadLetters(parts: {
  store: Store;
  onRetry(letter: FullDeadLetter): void;
}): DeadLettersDesk {
  const { store, onRetry } = parts;

  async function take(tx: Statements, id: string): Promise<FullDeadLetter> {
    const letter = /^\d{1,18}$/.test(id) ? await takeDeadLetter(tx, id) : undefined;
    if (letter === undefined)
      throw new SallyportError('ERR_NOT_FOUND', 'there is no such dead letter', {
        data: { what: 'dead-letter', id },
      });
    return letter;
  }

  async function again(tx: Statements, letter: FullDeadLetter): Promise<void> {
    const { kind, domain, activityId, data } = letter;
    const atMs = store.clock.now();
    if (kind === 'mail') await mailAgain(tx, letter);
    else if (kind === 'handler') {
      const { handler, seq } = data as { handler: string; seq: number };
      await upsertCalls(tx, handler, null, [{ seq, domain, attempts: 0, dueMs: atMs, error: null }]);
    } else {
      const { inbox, actor } = data as { inbox: string; actor: string };
      await enqueue(tx, [{ domain, inbox, activityId, actor }], atMs);
    }
  }

  async function record(
    tx: Statements,
    { id, kind, domain, error }: FullDeadLetter,
    verb: 'retry' | 'discard',
    { by = 'admin', reason = error }: DeadLetterNote,
  ): Promise<void> {
    const subject = { kind: 'dead-letter', id } as const;
    await recordAudit(tx, [{ by, verb, subject, domain, from: kind, reason }], store.clock.now());
  }

  return {
    async list(query = {}) {
      const limit = limitOf(query);
      const found = await listDeadLetters(store, numberCursor(query), limit + 1);
      const page = pageOf(found, limit, ({ id }) => id);
      return { ...page, items: page.items.map(({ domain: _, data: __, ...letter }) => letter) };
    },
    async retry(id, note = {}) {
      const letter = await store.transaction(async (tx) => {
        const taken = await take(tx, id);
        await again(tx, taken);
        await record(tx, taken, 'retry', note);
        return taken;
      });
      onRetry(letter);
    },
    async discard(id, note = {}) {
      await store.transaction(async (tx) => record(tx, await take(tx, id), 'discard', note));
    },
  };
}
