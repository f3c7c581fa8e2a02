/** Suspended remote actors: nothing that they send is accepted, and nothing that waits acts. Nothing is deleted. */
import { domainOf } from '../activity.ts';
import type { SuspensionNote, SuspensionRecord, SuspensionsQuery } from '../api/suspensions.ts';
import type { NewEvent, Page } from '../api.ts';
import { SallyportError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { MANUAL } from '../policy.ts';
import { deleteActorRules, listActorRules, putActorRules } from '../store/actor-rules.ts';
import { recordAudit } from '../store/audit.ts';
import { appendEvents } from '../store/log.ts';
import type { Statements } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import { type HeldDomain, holdDomainsWaiting, initialDomain, insertDomains } from '../store/turns.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';

export interface SuspensionsDesk {
  /** 403 for everything that it sends, from now on and in every process within a second. `ERR_INVALID` for what is no remote actor's URL. */
  suspend(actor: string, note: SuspensionNote): Promise<void>;
  /** Takes one source's word back. False when it had said nothing. @default source 'manual' */
  unsuspend(
    actor: string,
    note?: {
      readonly reason?: string | undefined;
      readonly by?: string | undefined;
      readonly source?: string | undefined;
    },
  ): Promise<boolean>;
  /** Newest first. */
  suspensions(query?: SuspensionsQuery): Promise<Page<SuspensionRecord>>;
}

export function createSuspensions(parts: {
  readonly store: Store;
  readonly settings: Pick<Settings, 'origin' | 'probation'>;
  /** The log has grown. */
  onTransition(): void;
}): SuspensionsDesk {
  const { store, settings } = parts;

  function remote(actor: string): string {
    const domain = domainOf(actor);
    if (domain === null || domain === domainOf(settings.origin))
      throw new SallyportError('ERR_INVALID', `${JSON.stringify(actor)} is no URL of a remote actor`);
    return domain;
  }

  return {
    async suspend(actor, { reason, until, by = 'admin', source = MANUAL }) {
      const domain = remote(actor);
      const atMs = store.clock.now();
      if (reason.trim() === '')
        throw new SallyportError('ERR_INVALID', 'a suspension needs a reason', {
          hint: 'say in one sentence why',
        });
      if (until !== undefined && !(until.getTime() > atMs))
        throw new SallyportError('ERR_INVALID', 'until lies in the past');
      await store.transaction(async (tx) => {
        await insertDomains(tx, [initialDomain(domain, atMs, settings.probation)], atMs);
        const held = await holdDomainsWaiting(tx, [domain]);
        const untilMs = until?.getTime() ?? null;
        await putActorRules(tx, [{ actor, domain, source, reason, by, untilMs }], atMs);
        await tell(tx, held, { verb: 'suspend', actor, reason, by, atMs });
      });
      parts.onTransition();
    },
    async unsuspend(actor, { reason, by = 'admin', source = MANUAL } = {}) {
      const domain = remote(actor);
      const atMs = store.clock.now();
      const isGone = await store.transaction(async (tx) => {
        const held = await holdDomainsWaiting(tx, [domain]);
        const gone = await deleteActorRules(tx, source, [actor]);
        if (gone.length > 0)
          await tell(tx, held, { verb: 'unsuspend', actor, reason: reason ?? null, by, atMs });
        return gone.length > 0;
      });
      if (isGone) parts.onTransition();
      return isGone;
    },
    async suspensions(query = {}) {
      const limit = limitOf(query);
      const { source = null, domain = null } = query;
      const found = await listActorRules(store, { source, domain }, numberCursor(query), limit + 1);
      const page = pageOf(found, limit, ({ seq }) => seq);
      return { ...page, items: page.items.map(({ seq: _seq, ...record }) => record) };
    },
  };
}

/** The log says it under the domain's name: every process reads there what has changed. */
async function tell(
  tx: Statements,
  held: readonly HeldDomain[],
  said: { verb: 'suspend' | 'unsuspend'; actor: string; reason: string | null; by: string; atMs: number },
): Promise<void> {
  const { verb, actor, reason, by, atMs } = said;
  const events = held.map(({ name, state }): NewEvent => {
    const what = {
      kind: 'transition',
      machine: 'domain',
      key: name,
      domain: name,
      from: state,
      to: state,
    } as const;
    const why = reason === null ? actor : `${actor}: ${reason}`;
    return {
      ...what,
      atMs,
      by,
      event: verb === 'suspend' ? 'actor.suspended' : 'actor.unsuspended',
      reason: why,
    };
  });
  await appendEvents(tx, events);
  const subject = { kind: 'actor', id: actor } as const;
  await recordAudit(tx, [{ by, verb, subject, domain: held[0]?.name ?? null, reason }], atMs);
}
