/** The moderator's desks about domains on a database of a test's own: no HTTP, a clock by hand, turns one at a time. */
import type { DomainEvent } from '../../machines/index.ts';
import type { VerifiedActivity } from '../../src/api.ts';
import { createGate } from '../../src/gate.ts';
import { createBatches } from '../../src/moderation/batches.ts';
import { changeDomains } from '../../src/moderation/domain-changes.ts';
import { createDomains } from '../../src/moderation/domains.ts';
import { createRules } from '../../src/moderation/rules.ts';
import { createSuspensions } from '../../src/moderation/suspensions.ts';
import { checkOptions, type InboxOptions } from '../../src/options.ts';
import { suspendedActors } from '../../src/store/actor-rules.ts';
import { insertMail } from '../../src/store/intake.ts';
import { markedDomains } from '../../src/store/lists.ts';
import { readTransitions } from '../../src/store/log.ts';
import { rulesOf } from '../../src/store/rules.ts';
import { sql } from '../../src/store/statement.ts';
import { initialDomain, insertDomains, sweep } from '../../src/store/turns.ts';
import { runTurns } from '../../src/turn/poison.ts';
import type { DatabaseKind } from '../databases.ts';
import { openDesk, quiet, US } from '../turn/mail.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const NOTE = { by: 'maria', reason: 'as agreed' } as const;

export type RulesPlace = Awaited<ReturnType<typeof openRules>>;

export async function openRules(kind: DatabaseKind, options: Partial<InboxOptions> = {}) {
  const desk = await openDesk(kind);
  const { store, clock } = desk;
  const settings = checkOptions({ origin: US, logger: quiet, ...options });
  const batches = createBatches({ store, settings, onChange: () => undefined });
  const domains = createDomains({ store, settings, batches, onRelease: () => undefined });
  const rules = createRules({ store, batches });
  const { blockAfterStrikes, strikeBlockMs, strikeDecayMs, limitGrowth, federation } = settings;
  const policy = { blockAfterStrikes, strikeBlockMs, strikeDecayMs };
  const strikes = { ...policy, windowMs: settings.rateLimit.windowMs };

  const turn = (...names: string[]) =>
    runTurns(store, quiet, names, undefined, undefined, { federation, strikes });
  return {
    ...{ store, clock, settings, batches, domains, rules, turn },
    suspensions: createSuspensions({ store, settings, onTransition: () => undefined }),
    /** What one source says of these domains from now on; the batch of it, applied. */
    async say(source: string, wish: Omit<Parameters<typeof wishOf>[1], 'domain'>, ...names: string[]) {
      const put = names.map((name) => wishOf(name, wish));
      return (await rules.apply({ source, put, remove: [] }, { ...NOTE, kind: kindOf(source) })).settled;
    },
    /** One source says nothing of these any more. */
    async retract(source: string, ...names: string[]) {
      const changes = { source, put: [], remove: names };
      return (await rules.apply(changes, { ...NOTE, kind: kindOf(source) })).settled;
    },
    /** The domain has run into its limit, as the intake tells its machine. */
    exceed(name: string) {
      const atMs = clock.now();
      const event: DomainEvent = {
        ...{ type: 'limit.exceeded', atMs, untilMs: atMs + settings.rateLimit.windowMs },
        ...{ ...policy, limitGrowth },
      };
      const cause = { by: 'intake', reason: null, verb: 'limit', batch: null, atMs };
      return store.transaction(async (tx) => {
        await insertDomains(tx, [initialDomain(name, atMs, settings.probation)], atMs);
        return changeDomains(tx, [name], () => ({ events: [event] }), cause);
      });
    },
    /** The hours pass, and what is due then gets its turn, as the sweep finds it. */
    async pass(ms: number) {
      clock.advance(ms);
      const due = await sweep(store, clock.now(), 1_000, 500, false);
      if (due.length > 0) await turn(...due);
      return due;
    },
    /** What a process that starts now answers to a request that claims these. */
    async answers(...names: string[]) {
      const gate = createGate(settings);
      gate.update([], await markedDomains(store));
      return names.map((name) => gate.judge([name], clock.now())?.type ?? 'open');
    },
    /** The same for an actor. */
    async answersActor(actor: string, domain: string) {
      const gate = createGate(settings);
      gate.updateActors([], await suspendedActors(store));
      return gate.judgeActors([[actor, domain]], clock.now())?.type ?? 'open';
    },
    /** Mail is accepted, and its domains are met. */
    async accept(...mail: VerifiedActivity[]) {
      await store.transaction((tx) => insertMail(tx, mail));
      const atMs = clock.now();
      const met = [...new Set(mail.map(({ domain }) => domain))];
      await insertDomains(
        store,
        met.map((name) => initialDomain(name, atMs, settings.probation)),
        atMs,
      );
    },
    /** How an activity stands, and why. */
    async endOf({ facts }: VerifiedActivity) {
      const [row] = await store.run<{ status: string; reason: string | null }>(
        sql`select status, reason from activity where activity_id = ${facts.id}`,
      );
      return row === undefined ? 'waits' : `${row.status}: ${row.reason}`;
    },
    /** A domain's life, and what every source says of it: all that a change may change. */
    async standing(name: string) {
      const [row] = await store.run<{ state: string; policy: unknown; context: Record<string, unknown> }>(
        sql`select state, policy, snapshot -> 'snapshot' -> 'context' as context from domain where name = ${name}`,
      );
      return { ...row, rules: await rulesOf(store, [name]) };
    },
    /** `from event to` of everything that the log says of a domain. */
    async logOf(name: string) {
      const found = await readTransitions(store, { since: 0, machine: 'domain', limit: 10_000 });
      return found
        .filter(({ key }) => key === name)
        .map(({ from, event, to, by }) => `${from} ${event} ${to}${by === null ? '' : ` by ${by}`}`);
    },
    [Symbol.asyncDispose]: () => desk[Symbol.asyncDispose](),
  };
}

const kindOf = (source: string): string => (source === 'manual' ? 'import' : 'list');

function wishOf(domain: string, wish: Omit<Parameters<RuleDesk['apply']>[0]['put'][number], 'domain'>) {
  return { ...wish, domain };
}
type RuleDesk = ReturnType<typeof createRules>;
