/**
 * A turn: the waiting mail of many domains, one transaction, start to COMMIT.
 *
 * ```
 *   BEGIN   hold the rows of the domains (skip those that another process holds)
 *           read the oldest mail of each, and everything that deciding about it needs
 *           for each domain   due events to its machine
 *             for each mail   came again?      -> entered in its history, reaches a further inbox
 *                             shut?            -> rejected
 *                             activities/*     -> a decision, applied to the world of this turn
 *           write: activities, follow requests, members, sends, domains, events (numbered last)
 *   COMMIT
 * ```
 * Invariants:
 * - No network and no user code between BEGIN and COMMIT; a turn reads no document (of what comes again the database
 *   makes a digest).
 * - As many statements for two hundred mails as for one.
 * - A domain's mail is handled in the order of its arrival; a turn takes a prefix of it.
 */
import { chart, domainMachine, type Stepped, step } from '../../machines/index.ts';
import { decide, needsOf } from '../activities/index.ts';
import { World } from '../activities/world.ts';
import { withParents } from '../activity.ts';
import type { Needs } from '../effects.ts';
import { objectsFor, retractionsFor } from '../store/objects.ts';
import type { Statements } from '../store/statement.ts';
import * as store from '../store/turns.ts';
import type { Status } from '../verdict.ts';
import { Register } from './register.ts';

/** What a committed turn did, for those who wait for its COMMIT. */
export interface TurnDone {
  readonly domains: readonly string[];
  readonly mails: number;
  /** There may be more mail than it took. */
  readonly isFull: boolean;
  /** Statuses of the activities that came to their end. */
  readonly ended: readonly Status[];
  readonly hasTransitions: boolean;
  /** Domains that something is to be sent to. */
  readonly sendsTo: readonly string[];
  /** Remote actors whose documents have changed. */
  readonly changedActors: readonly string[];
}

/** States in which a domain's mail may be applied: the definition says so with the tag `open`. */
export const OPEN_STATES = chart(domainMachine)
  .states.filter(({ tags }) => tags.includes('open'))
  .map(({ name }) => name);

/** Handles the oldest mail of these domains inside the caller's transaction. */
export async function turn(
  tx: Statements,
  names: readonly string[],
  bounds: { readonly perDomain: number; readonly inAll: number },
  atMs: number,
): Promise<TurnDone> {
  const held = await store.holdDomains(tx, names);
  const mail = await readyMail(tx, held, bounds, atMs);
  const { world, register, blocked } = await know(tx, held, mail, atMs);
  const saved: store.SavedDomain[] = [];

  for (const domain of held) {
    const stepped = stepDue(domain, atMs, world, saved);
    const state = stepped?.state ?? domain.state;
    const shut =
      !OPEN_STATES.includes(state) ||
      withParents(domain.name).some((name) => name !== domain.name && blocked.has(name));
    for (const letter of mail.get(domain.name) ?? []) handle(letter, shut, world, register, atMs);
  }

  await store.writeActivities(tx, register.fresh, register.again, atMs);
  const letters = [...mail.values()].flat();
  if (letters.length > 0) await store.deleteMail(tx, letters);
  await store.saveDomains(tx, saved);
  const effects = world.effects();
  await store.writeEffects(tx, effects, atMs);
  return {
    domains: held.map(({ name }) => name),
    mails: letters.length,
    isFull:
      letters.length >= bounds.inAll || [...mail.values()].some(({ length }) => length >= bounds.perDomain),
    ended: register.ended,
    hasTransitions: effects.events.some(({ kind }) => kind === 'transition'),
    sendsTo: [...new Set(effects.sends.map(({ domain }) => domain))],
    changedActors: effects.changedActors,
  };
}

/** The mail of the held domains, without the domains whose head rests after a failed try. */
async function readyMail(
  tx: Statements,
  held: readonly store.HeldDomain[],
  bounds: { readonly perDomain: number; readonly inAll: number },
  atMs: number,
): Promise<Map<string, store.Mail[]>> {
  const names = held.map(({ name }) => name);
  const byDomain = new Map<string, store.Mail[]>();
  if (names.length === 0) return byDomain;
  for (const mail of await store.oldestMail(tx, names, bounds.perDomain, bounds.inAll)) {
    const letters = byDomain.get(mail.domain);
    if (letters !== undefined) letters.push(mail);
    else byDomain.set(mail.domain, [mail]);
  }
  for (const [name, [head]] of byDomain) if ((head?.dueMs ?? 0) > atMs) byDomain.delete(name);
  return byDomain;
}

/** Everything that deciding about this mail needs: one statement per table. */
async function know(
  tx: Statements,
  held: readonly store.HeldDomain[],
  mail: ReadonlyMap<string, readonly store.Mail[]>,
  atMs: number,
) {
  const letters = [...mail.values()].flat();
  const needs = letters.map((letter) =>
    needsOf({ facts: letter.facts, domain: letter.domain, locals: letter.facts.locals }),
  );
  const parents = new Set(held.flatMap(({ name }) => withParents(name).slice(1)));
  const blocked = await store.blockedAmong(tx, [...parents], OPEN_STATES);
  const all = <Key>(of: (need: Needs) => readonly Key[]): Key[] => [...new Set(needs.flatMap(of))];
  const past = all(({ activities }) => activities);
  const ids = [...new Set([...letters.map(({ facts }) => facts.id), ...past])];
  const rows = ids.length === 0 ? [] : await store.activitiesById(tx, ids);
  const requests = await store.followRequestsFor(tx, {
    followRequestIds: all(({ followRequestIds }) => followRequestIds),
    pairs: all(({ pairs }) => pairs),
    partners: all(({ partners }) => partners),
  });
  const inboxes = await store.remoteInboxes(
    tx,
    all(({ remoteActors }) => remoteActors),
  );
  const known = await objectsFor(
    tx,
    all(({ objects }) => objects),
  );
  const retractions = await retractionsFor(
    tx,
    all(({ retractions }) => retractions),
  );
  const followers = await store.localFollowers(tx, [...new Set(letters.map(({ facts }) => facts.actor))]);
  const digests = await store.documentDigests(tx, repeated(letters, rows));
  const activities = new Map(rows.map((row) => [row.activityId, row]));
  const world = new World(atMs, { requests, inboxes, objects: known, activities, retractions, followers });
  return { world, register: new Register(rows, digests), blocked };
}

/** Ids under which more than one document may have come: those of activities that come again. */
function repeated(letters: readonly store.Mail[], rows: readonly store.ActivityRow[]): string[] {
  const seen = new Set(rows.map(({ activityId }) => activityId));
  const again = new Set<string>();
  for (const { facts } of letters) {
    if (seen.has(facts.id)) again.add(facts.id);
    seen.add(facts.id);
  }
  return [...again];
}

/** Sends a domain's due events to its machine, and keeps what comes of it. */
function stepDue(
  domain: store.HeldDomain,
  atMs: number,
  world: World,
  saved: store.SavedDomain[],
): Stepped<typeof domainMachine> | null {
  if (domain.dueMs === null || domain.dueMs > atMs) return null;
  const stepped = step(domainMachine, domain.snapshot, { domain: domain.name }, [], atMs);
  const { state, stored: snapshot, dueAtMs: dueMs } = stepped;
  const sinceMs = state === domain.state ? null : atMs;
  saved.push({ name: domain.name, version: domain.version, state, snapshot, dueMs, sinceMs });
  for (const event of store.domainEvents(domain.name, stepped, null, atMs)) world.record(event);
  return stepped;
}

/** One mail to its end. */
function handle(mail: store.Mail, isShut: boolean, world: World, register: Register, atMs: number): void {
  const { facts } = mail;
  if (register.hasActed(facts.id)) {
    const isNewInbox = register.cameAgain(mail);
    if (isNewInbox && !isShut && register.statusOf(facts.id) === 'processed') reach(mail, world);
    return;
  }
  if (isShut) register.end(mail, 'rejected', 'the domain is blocked', atMs);
  else {
    const decision = decide({ facts, domain: mail.domain, locals: facts.locals }, world, atMs);
    for (const change of decision.changes) world.apply(change);
    register.end(mail, decision.status, decision.reason, atMs);
    if (decision.status === 'processed') reach(mail, world);
    const { type, actor, objects } = facts;
    world.remember(facts.id, { type, actor, object: objects[0] ?? null });
  }
  world.record({ kind: 'activity', atMs, key: facts.id, domain: mail.domain });
}

/** The activity is in the inbox of every local actor that it concerns. ActivityPub 5.2. */
function reach(mail: store.Mail, world: World): void {
  const { id, actor, addressees, locals } = mail.facts;
  for (const local of locals) world.join(`${local.id}/inbox`, id);
  for (const follower of world.followersAmong(actor, addressees)) world.join(`${follower}/inbox`, id);
}
