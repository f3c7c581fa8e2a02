/**
 * A policy put to what was recorded, in the order of its arrival: what filters are told is what they would have been told
 * then, as far as that is recorded, and what they count they count anew. Nothing has an effect. Pages are small, and
 * between them others have the thread and the database.
 */
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { SimulationResult } from '../../api/simulations.ts';
import type { Activity } from '../../api.ts';
import { messageOf } from '../../errors.ts';
import type { FilterSettings, Logger } from '../../options.ts';
import { type Shelf, viewOf } from '../../references/view.ts';
import {
  countRecorded,
  idBefore,
  type RecordedActivity,
  type RecordedRange,
  recordedActivities,
} from '../../store/simulations.ts';
import type { Store } from '../../store/store.ts';
import { FOLLOW_POLICY, type MailVerdict } from '../../verdict.ts';
import type { Supplies } from '../built-in/built-in.ts';
import { registeredOf } from '../built-in/index.ts';
import { idOf, listOf, mentionedIn, objectsIn } from '../built-in/reading.ts';
import { judge, type Thresholds } from '../chain.ts';
import { createTelling } from '../telling.ts';
import { createTrustCopy } from '../trust.ts';
import { notesOn } from './notes.ts';
import { recordedOutcome, simulatedOutcome } from './outcome.ts';
import { createPast, type Moment } from './past.ts';
import { createTally } from './tally.ts';

export interface SimulationParts {
  readonly store: Store;
  /** Who is ours; nothing else is asked of it. */
  readonly references: Shelf;
  /** What filters that ask a service use. */
  readonly supplies: Pick<Supplies, 'ask' | 'isOurs'>;
  /** Names of filters that would be asked whatever the policy says: those in code. */
  codeFilters(): readonly string[];
}

export interface Simulated {
  readonly filters: readonly FilterSettings[];
  readonly thresholds: Thresholds;
  readonly range: RecordedRange;
  readonly isExternalAsked: boolean;
  readonly samples: number;
}

/** Hears how far it is. */
export interface Progress {
  total: number;
  done: number;
}

const PAGE = 50;
/** So many without a breath for others. */
const BREATH = 10;
/** Between two pages, in milliseconds. */
const REST_MS = 2;
const QUIET: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Throws what `signal` is aborted with, and errors of the database. */
export async function runSimulation(
  parts: SimulationParts,
  { filters, thresholds, range, isExternalAsked, samples }: Simulated,
  progress: Progress,
  signal: AbortSignal,
): Promise<SimulationResult> {
  const { store, references } = parts;
  const beyond = await idBefore(store, range.sinceMs);
  progress.total = await countRecorded(store, beyond, range);
  const past = createPast(store, range.sinceMs);
  const tally = createTally(samples);
  const trust = createTrustCopy(store, QUIET);
  await trust.refresh();
  const codeFilters = parts.codeFilters();
  const stays = new Set([...codeFilters, FOLLOW_POLICY]);
  let moment: Moment = { id: beyond, atMs: range.sinceMs };
  const supplies: Supplies = {
    ...{ isOurs: parts.supplies.isOurs, ask: parts.supplies.ask },
    isKnown: async (actor) => past.isKnown(actor, moment),
    isStored: async (uri) => parts.supplies.isOurs(uri) || past.isStored(uri, moment),
  };
  const asked = filters.filter(({ use }) => isExternalAsked || use !== 'external');
  const registered = asked.map((settings) => registeredOf(settings, () => supplies));
  const telling = createTelling({
    ...{ store, references, logger: QUIET },
    sources: { nowMs: () => moment.atMs, factsOf: async (actor) => past.factsOf(actor, moment) },
  });
  // Of what an activity names nobody looks up whether it is stored.
  const shelf: Shelf = { ...references, knownAmong: async () => new Set() };

  async function judgeOne(one: RecordedActivity, activity: Activity | string): Promise<MailVerdict> {
    const [first] = registered;
    if (first === undefined) return { asked: [], remarks: [] };
    if (typeof activity === 'string') {
      const end = { filter: first.name, type: 'hold', reason: activity } as const;
      return { asked: [], remarks: [], end };
    }
    const { domain, actorId, actor, state, strikes } = one;
    const told = { domain, actorId, actor, state, strikes, locals: await oursIn(one, activity) };
    const isTrusted = trust.covers(actorId, domain);
    return judge(registered, activity, telling.tell(activity, told, { isTrusted, isDryRun: false }), {
      ...{ closing: signal, thresholds },
    });
  }

  /** Those of ours whom it names, and those whose inboxes it came to. */
  async function oursIn({ inboxes }: RecordedActivity, { normal, actor }: Activity) {
    const named = [...mentionedIn(normal, actor.uri, null)].filter(parts.supplies.isOurs);
    const owners = inboxes.map((inbox) => inbox.replace(/\/inbox$/, ''));
    const found: { id: string }[] = [];
    for (const id of new Set([...named, ...owners])) if (await references.isOurActor(id)) found.push({ id });
    return found;
  }

  for (let last = beyond; ; ) {
    signal.throwIfAborted();
    const page = await recordedActivities(store, last, range, PAGE);
    if (page.length === 0) break;
    const shown = new Map<string, Activity | string>();
    for (const [at, one] of page.entries()) {
      if (at % BREATH === 0) await setImmediate();
      if (one.raw === null) continue;
      const view = viewOf({ ...one, raw: one.raw, status: 'accepted', known: [] }, shelf);
      shown.set(one.id, await view.catch((error: unknown) => messageOf(error, 200)));
    }
    await past.read(page, [...shown.values()].flatMap(answeredBy));
    for (const [at, one] of page.entries()) {
      if (at % BREATH === 0) await setImmediate();
      signal.throwIfAborted();
      moment = { id: one.id, atMs: one.receivedMs };
      progress.done++;
      const activity = shown.get(one.id);
      if (activity === undefined) {
        tally.unreadable();
        continue;
      }
      const recorded = recordedOutcome(one.status, one.history);
      const verdict = await judgeOne(one, activity);
      const to = simulatedOutcome(recorded, verdict, stays);
      past.enter(one, recorded.outcome, to);
      tally.enter(one, recorded, to, verdict);
    }
    last = (page.at(-1) as RecordedActivity).id;
    await setTimeout(REST_MS);
  }
  return tally.result(notesOn({ filters, isExternalAsked, hasForgotten: past.hasForgotten, codeFilters }));
}

/** What a post is a reply to. */
function answeredBy(activity: Activity | string): string[] {
  if (typeof activity === 'string' || activity.type !== 'Create') return [];
  return objectsIn(activity.normal)
    .flatMap(({ inReplyTo }) => listOf(inReplyTo).map(idOf))
    .filter((id) => id !== null);
}
