/** The audit log as moderators read it: who decided what, and why. It is entered by those who decide (`store/audit.ts`). */
import type { AuditFilter, AuditQuery, AuditRecord } from '../api/audit.ts';
import type { Page } from '../api.ts';
import { auditAfter, listAudit } from '../store/audit.ts';
import type { Store } from '../store/store.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';

export interface AuditDesk {
  /** Newest first. */
  list(query?: AuditQuery): Promise<Page<AuditRecord>>;
  /** All that fit, oldest first, read as they are asked for. */
  all(filter?: AuditFilter): AsyncIterable<AuditRecord>;
}

/** Records read at once. */
const READ_MAX = 1_000;

export function createAudit(store: Store): AuditDesk {
  return {
    async list(query = {}) {
      const limit = limitOf(query);
      const found = await listAudit(store, numberCursor(query), query, limit + 1);
      return pageOf(found, limit, ({ seq }) => String(seq));
    },
    async *all({ after = 0, ...filter } = {}) {
      for (let seq = after, isMore = true; isMore; ) {
        const found = await auditAfter(store, seq, filter, READ_MAX);
        yield* found;
        seq = found.at(-1)?.seq ?? seq;
        isMore = found.length === READ_MAX;
      }
    },
  };
}
