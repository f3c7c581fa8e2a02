/** `/api/v1/admin/domain_allows`: the rules `allow`. A domain is allowed or blocked, never both: the later word counts. */
import type { RuleInForce } from '../../api/lists.ts';
import { domainIn } from './domain-blocks.ts';
import { type Called, type Ending, NOT_FOUND, succeeded } from './endings.ts';
import { pageOf } from './paging.ts';

const entityOf = ({ id, domain, createdAt }: RuleInForce) => ({ id, domain, created_at: createdAt });

export const domainAllows: readonly Ending[] = [
  {
    ...{ method: 'GET', path: '/domain_allows', isReading: true },
    answer: (called) => pageOf(called, 'allow', entityOf),
  },
  {
    ...{ method: 'GET', path: '/domain_allows/:id', isReading: true },
    async answer(called) {
      const rule = await allowOf(called);
      return rule === null ? NOT_FOUND() : succeeded(entityOf(rule));
    },
  },
  {
    ...{ method: 'POST', path: '/domain_allows', isReading: false },
    async answer({ inbox, by, parameters }) {
      const domain = domainIn(inbox, parameters);
      if (domain instanceof Response) return domain;
      const before = await inbox.lists.inForceFor({ domain });
      if (before?.severity === 'allow') return succeeded(entityOf(before));
      const wish = { domain, severity: 'allow' } as const;
      await inbox.lists.say(wish, { by, reason: 'allowed by the Mastodon admin API' });
      const rule = await inbox.lists.inForceFor({ domain });
      return rule === null ? NOT_FOUND() : succeeded(entityOf(rule));
    },
  },
  {
    ...{ method: 'DELETE', path: '/domain_allows/:id', isReading: false },
    async answer(called) {
      const rule = await allowOf(called);
      if (rule === null) return NOT_FOUND();
      await called.inbox.lists.lift(rule.domain, {
        by: called.by,
        reason: 'deleted by the Mastodon admin API',
      });
      return succeeded({});
    },
  },
];

async function allowOf({ inbox, id }: Called): Promise<RuleInForce | null> {
  const rule = /^\d{1,18}$/.test(id) ? await inbox.lists.inForceFor({ id }) : null;
  return rule?.severity === 'allow' ? rule : null;
}
