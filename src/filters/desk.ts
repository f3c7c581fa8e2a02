/** Filters looked at, and tried on a document: nothing is stored and nothing counts. */
import { domainOf, type Facts } from '../activity.ts';
import type { FilterRecord, FiltersDesk, FilterTrial, LocalFacts } from '../api.ts';
import { SallyportError } from '../errors.ts';
import { checkFilterList, type Logger } from '../options.ts';
import { type Shelf, viewOf } from '../references/view.ts';
import { senderOf } from '../store/standing.ts';
import type { Store } from '../store/store.ts';
import type { MailVerdict } from '../verdict.ts';
import { understand } from '../verify/document.ts';
import { builtInRecords, registeredOf } from './built-in/index.ts';
import { judge } from './chain.ts';
import type { Registered } from './registered.ts';
import type { FilterChain } from './registry.ts';
import { createTelling } from './telling.ts';

/** What a trial needs of an open inbox. */
export interface TrialParts {
  readonly store: Store;
  readonly references: Shelf;
  readonly logger: Logger;
  /** The local actors that an activity names. */
  localsOf(facts: Facts): Promise<readonly Pick<LocalFacts, 'id'>[]>;
}

const STATUS = { drop: 'dropped', reject: 'rejected', hold: 'held' } as const;

/** `open` throws `ERR_CLOSED` where there is nothing to try filters with. */
export function createFiltersDesk(chain: FilterChain, open: () => TrialParts): FiltersDesk {
  return {
    list: async () => [
      ...chain.list().map((one) => recordOf(one, chain)),
      ...chain.shadow.map(
        (one): FilterRecord => ({ ...recordOf(one, chain), stage: 'shadow', isShadow: true }),
      ),
    ],
    builtIn: async () => builtInRecords(),
    async try(document, { filters } = {}) {
      const parts = open();
      const given = filters === undefined ? null : listOf(filters);
      const registered = given?.map((one) => registeredOf(one, chain.supplied)) ?? chain.list();
      return tryOut(document, registered, chain, parts);
    },
  };
}

/** A list that somebody sent: who may look at filters may not make this server ask a URL of his choice. */
function listOf(filters: unknown) {
  const list = checkFilterList(filters);
  if (list.some(({ use }) => use === 'external'))
    throw new SallyportError('ERR_INVALID', 'an external filter is tried only where it is registered', {
      hint: 'leave it out of the list, or put it into the configuration with the verdict shadow',
    });
  return list;
}

async function tryOut(
  document: Readonly<Record<string, unknown>>,
  registered: readonly Registered[],
  { thresholds }: FilterChain,
  { store, references, logger, localsOf }: TrialParts,
): Promise<FilterTrial> {
  const understood = await understand(document);
  const domain = 'problem' in understood ? null : domainOf(understood.facts.actor);
  if ('problem' in understood || domain === null) {
    const why = 'problem' in understood ? understood.problem : 'the actor has no domain';
    throw new SallyportError('ERR_INVALID', `this is no activity: ${why}`, {
      hint: 'paste the whole document as it is sent to an inbox, with its actor',
    });
  }
  const { normal, facts: said } = understood;
  const facts: Facts = { ...said, id: said.id ?? `${said.actor}#without-an-id` };
  const shown = {
    ...{ activityId: facts.id, type: facts.type, status: 'accepted', receivedMs: store.clock.now() },
    ...{ raw: JSON.stringify(document), normal: JSON.stringify(normal) },
  };
  const activity = await viewOf(shown, references);
  const sender = await senderOf(store, facts.actor, domain);
  const subject = { domain, actorId: facts.actor, locals: await localsOf(facts), ...sender };
  const telling = createTelling({ store, references, logger });
  const told = telling.tell(activity, subject, { isTrusted: false, isDryRun: true });
  const closing = new AbortController().signal;
  const verdict = await judge(registered, activity, told, { closing, thresholds });
  return { ...shownOf(facts, domain), ...outcomeOf(verdict) };
}

const shownOf = ({ id, type, actor }: Facts, domain: string) => ({ activityId: id, type, actor, domain });

function outcomeOf({ asked, remarks, end, score, wishes = [] }: MailVerdict) {
  return {
    status: end === undefined ? ('processed' as const) : STATUS[end.type],
    filter: end?.filter ?? null,
    reason: end?.reason ?? null,
    score: score ?? null,
    ...{ wishes, asked, remarks },
  };
}

function recordOf(one: Registered, { watch }: FilterChain): FilterRecord {
  const { name, type, isHook, isShadow, timeoutMs, fallback, effect, builtIn } = one;
  return {
    ...{ name, use: builtIn?.use ?? null, stage: isHook ? 'hook' : 'filter', type },
    ...{ verdict: builtIn?.verdict ?? null, effect: effect ?? null, settings: builtIn?.settings ?? {} },
    ...{ timeoutMs, fallback, isShadow },
    ...watch.numbersOf(one),
  };
}
