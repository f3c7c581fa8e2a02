/**
 * A turn: the waiting mail of many domains, one transaction, start to COMMIT.
 *
 * ```
 *   BEGIN   hold the rows of the domains (skip those that another process holds)
 *           read the oldest mail of each, and everything that deciding about it needs
 *           for each domain   due events to its machine
 *             for each mail   came again?      -> entered in its history, reaches a further inbox
 *                             shut?            -> rejected
 *                             a filter's end?  -> dropped, rejected, or held for a moderator
 *                             activities/*     -> a decision, applied to the world of this turn
 *           write: activities, what is held, follow requests, members, sends, domains, events (numbered last)
 *   COMMIT
 * ```
 * Invariants:
 * - No network and no user code between BEGIN and COMMIT; a turn reads no document (of what comes again the database
 *   makes a digest).
 * - As many statements for two hundred mails as for one.
 * - A domain's mail is handled in the order of its arrival; a turn takes a prefix of it, where filters are asked one of
 *   which every mail has its verdict.
 */
import { decide, needsOf } from '../activities/index.ts';
import { recipientsOf, unwanted } from '../activities/recipients.ts';
import { World } from '../activities/world.ts';
import { withParents } from '../activity.ts';
import type { FollowLife, Needs } from '../effects.ts';
import { mayEnter, type Ruling, rulingOn } from '../policy.ts';
import { recordAudit } from '../store/audit.ts';
import { documentDigests, forgetDocuments } from '../store/documents.ts';
import { dueFollowRequests } from '../store/follow-requests.ts';
import { putBack, writeHeld } from '../store/held.ts';
import { domainStandings } from '../store/lists.ts';
import { movesOf } from '../store/moves.ts';
import { objectsFor, retractionsFor } from '../store/objects.ts';
import { writeReports } from '../store/reports.ts';
import type { Statements } from '../store/statement.ts';
import * as store from '../store/turns.ts';
import { FOLLOW_POLICY, type Status } from '../verdict.ts';
import { DomainLife, type StrikePolicy } from './domain-life.ts';
import { LapsedRules } from './due.ts';
import { Aside, endFiltered } from './filtered.ts';
import { blocksFor, letterOf, suspendedFor } from './letter.ts';
import { holdTargets } from './moves.ts';
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
  /** Domains whose mail was put back, to be filtered like any that comes. */
  readonly putBack?: readonly string[];
}

/** Follow requests that one turn wakes. */
const DUE_FOLLOWS_MAX = 500;

/** How much one turn takes. */
export interface TurnBounds {
  readonly perDomain: number;
  readonly inAll: number;
  /** Does mail wait for a verdict of the filters? Asked once the mail is read: what came before they did needs none. */
  isFiltered(): boolean;
  /** Flags of one reporter about one target come to one report for so long, in milliseconds. */
  readonly reportWindowMs: number;
  /** What strikes and limits of filters come to. */
  readonly strikes: StrikePolicy;
  /** What comes again so long after the first time reaches no further inbox, in milliseconds. */
  readonly lateMs: number;
  /** Who may come in. */
  readonly federation: 'open' | 'allowlist';
  /** How long domains that a Move leads to are on probation, where nobody has met them. @default they are not */
  readonly probation?: { readonly forMs: number } | null;
}

/** Handles the oldest mail of these domains inside the caller's transaction. */
export async function turn(
  tx: Statements,
  names: readonly string[],
  bounds: TurnBounds,
  atMs: number,
): Promise<TurnDone> {
  const held = await store.holdDomains(tx, names, atMs);
  const mail = await readyMail(tx, held, bounds, atMs);
  await holdTargets(tx, held, mail, { atMs, probation: bounds.probation ?? null });
  const due = await dueFollows(tx, held, atMs);
  const lapsed = await LapsedRules.read(tx, held, atMs);
  const { world, register, standings, suspended } = await know(tx, held, mail, due, atMs);
  const { lateMs } = bounds;
  const known: Omit<Turn, 'life' | 'ruling'> = {
    world,
    register,
    suspended,
    aside: new Aside(),
    lateMs,
    atMs,
  };
  const saved: store.SavedDomain[] = [];

  for (const { activityId } of due) world.wake(activityId);
  for (const domain of held) {
    const life = new DomainLife(domain, { world, atMs, lapsed }, bounds.strikes);
    const standingOf = (name: string) => (name === domain.name ? life : standings.get(name));
    for (const letter of mail.get(domain.name) ?? []) {
      const ruling = rulingOn(domain.name, standingOf);
      handle(letter, mayEnter(ruling, bounds.federation), { ...known, life, ruling });
    }
    if (life.saved !== null) saved.push(life.saved);
  }

  await store.writeActivities(tx, register.fresh, register.again, atMs);
  await writeHeld(tx, known.aside.fresh, known.aside.again, atMs);
  const letters = [...mail.values()].flat();
  if (letters.length > 0) await store.deleteMail(tx, letters);
  if (known.aside.behind.length > 0) await putBack(tx, known.aside.behind);
  if (known.aside.late.length > 0) await forgetDocuments(tx, known.aside.late);
  await lapsed.write(tx);
  await store.saveDomains(tx, saved);
  const effects = world.effects();
  const opened = await writeReports(tx, effects.reports, atMs, bounds.reportWindowMs);
  await store.writeEffects(tx, effects, atMs);
  await recordAudit(tx, opened, atMs);
  return {
    domains: held.map(({ name }) => name),
    mails: letters.length,
    isFull:
      letters.length >= bounds.inAll || [...mail.values()].some(({ length }) => length >= bounds.perDomain),
    ended: register.ended,
    hasTransitions: effects.events.some(({ kind }) => kind === 'transition'),
    sendsTo: [...new Set(effects.sends.map(({ domain }) => domain))],
    changedActors: effects.changedActors,
    putBack: [...new Set(known.aside.behind.map(({ domain }) => domain))],
  };
}

/** The mail of the held domains up to the first that waits for a verdict, without those whose head rests after a failed try. */
async function readyMail(
  tx: Statements,
  held: readonly store.HeldDomain[],
  bounds: TurnBounds,
  atMs: number,
): Promise<Map<string, store.Mail[]>> {
  const names = held.map(({ name }) => name);
  const byDomain = new Map<string, store.Mail[]>();
  if (names.length === 0) return byDomain;
  const found = await store.oldestMail(tx, names, bounds.perDomain, bounds.inAll);
  const isFiltered = bounds.isFiltered();
  const waits = new Set<string>();
  for (const mail of found) {
    const letters = byDomain.get(mail.domain);
    if (isFiltered && mail.verdict === null) waits.add(mail.domain);
    if (waits.has(mail.domain)) continue;
    if (letters !== undefined) letters.push(mail);
    else byDomain.set(mail.domain, [mail]);
  }
  for (const [name, [head]] of byDomain) if ((head?.dueMs ?? 0) > atMs) byDomain.delete(name);
  return byDomain;
}

/** Follow requests whose time has come; of more than these the rest comes with the next sweep. */
async function dueFollows(
  tx: Statements,
  held: readonly store.HeldDomain[],
  atMs: number,
): Promise<FollowLife[]> {
  if (!held.some(({ hasDueFollows }) => hasDueFollows)) return [];
  const names = held.map(({ name }) => name);
  return dueFollowRequests(tx, names, atMs, DUE_FOLLOWS_MAX);
}

/** Everything that deciding about this mail needs: one statement per table. */
async function know(
  tx: Statements,
  held: readonly store.HeldDomain[],
  mail: ReadonlyMap<string, readonly store.Mail[]>,
  due: readonly FollowLife[],
  atMs: number,
) {
  const letters = [...mail.values()].flat();
  const needs = letters.map((letter) => needsOf(letterOf(letter)));
  const parents = new Set(held.flatMap(({ name }) => withParents(name).slice(1)));
  const standings = await domainStandings(tx, [...parents]);
  const suspended = await suspendedFor(tx, letters, atMs);
  const all = <Key>(of: (need: Needs) => readonly Key[]): Key[] => [...new Set(needs.flatMap(of))];
  const past = all(({ activities }) => activities);
  const ids = [...new Set([...letters.map(({ facts }) => facts.id), ...past])];
  const rows = ids.length === 0 ? [] : await store.activitiesById(tx, ids);
  const requests = await store.followRequestsFor(tx, {
    followRequestIds: all(({ followRequestIds }) => followRequestIds),
    pairs: all(({ pairs }) => pairs),
    partners: all(({ partners }) => partners),
  });
  const inboxes = await store.remoteInboxes(tx, [
    ...all(({ remoteActors }) => remoteActors),
    ...due.map(({ follower }) => follower),
  ]);
  const known = await objectsFor(
    tx,
    all(({ objects }) => objects),
  );
  const retractions = await retractionsFor(
    tx,
    all(({ retractions }) => retractions),
  );
  const followers = await store.localFollowers(tx, [...new Set(letters.map(({ facts }) => facts.actor))]);
  const digests = await documentDigests(tx, repeated(letters, rows));
  const blocks = await blocksFor(tx, letters);
  const movers = all(({ movers }) => movers);
  const moves = await movesOf(tx, movers, atMs);
  // What had no effect, or has none yet, is nothing that could be undone.
  const activities = new Map(
    rows.filter(({ status }) => status === 'processed').map((row) => [row.activityId, row]),
  );
  const world = new World(atMs, {
    ...{ requests: [...due, ...requests], inboxes, objects: known, activities, retractions, followers },
    ...{ blocks, moves },
  });
  return { world, register: new Register(rows, digests), standings, suspended };
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

/** What a turn knows and changes while it handles one mail after the other. */
interface Turn {
  readonly world: World;
  readonly register: Register;
  readonly aside: Aside;
  /** The mail's domain. */
  readonly life: DomainLife;
  /** The rule about it, or about its nearest parent. */
  readonly ruling: Ruling | null;
  /** Actors that may not act. */
  readonly suspended: ReadonlySet<string>;
  /** What comes again so long after the first time reaches nobody any more. */
  readonly lateMs: number;
  readonly atMs: number;
}

/** One mail to its end. */
function handle(mail: store.Mail, isAdmitted: boolean, known: Turn): void {
  const { world, register, aside, atMs } = known;
  const { facts, domain, verdict } = mail;
  const isApproved = register.isApproved(facts.id);
  if (isApproved && facts.pastFilters === undefined) {
    // A moderator has approved it while this mail waited: what was approved acts first, past the filters that held it.
    aside.behind.push(mail);
    return;
  }
  const isSuspended = known.suspended.has(facts.actor);
  const isShut = !isAdmitted || isSuspended;
  const isOther = register.isOther(mail);
  if (register.hasActed(facts.id) || (isOther && !isApproved)) {
    handleAgain(mail, isShut, known);
    return;
  }
  // Who never sent it here is not struck for what somebody else brings: anybody could bring it.
  const isSent = facts.sender === undefined || facts.sender.domain === domain;
  if (!isShut && isSent && verdict?.wishes !== undefined) known.life.hear(verdict.wishes);
  if (isShut)
    register.end(mail, 'rejected', isSuspended ? 'the actor is suspended' : 'the domain is blocked', atMs);
  // What the moderator saw is the document that came first.
  else if (isOther) register.end(mail, 'rejected', 'another document came under its id', atMs);
  else if (facts.type === 'Flag' && known.ruling?.policy?.rejectReports)
    register.end(mail, 'dropped', 'reports of this domain are not taken', atMs);
  else if (verdict?.end !== undefined) endFiltered(mail, verdict.end, { world, register, aside, atMs });
  else act(mail, known);
  // What is held, or may yet act for another inbox, has not come to its end: its event comes with that, and once.
  if (register.statusOf(facts.id) !== 'held' && !register.isUnwanted(mail))
    world.record({ kind: 'activity', atMs, key: facts.id, domain });
}

/** The decision about a mail, and what it asks for. */
function act(mail: store.Mail, { world, register, aside, ruling, atMs }: Turn): void {
  const { id, type, actor, objects } = mail.facts;
  const letter = letterOf(mail, ruling?.policy?.severity === 'silence');
  // Before it has an effect: who followed until a Move came hears of it.
  const recipients = recipientsOf(letter, world);
  const { status, reason, changes } = decide(letter, world, atMs);
  if (status === 'held') {
    endFiltered(
      mail,
      { filter: FOLLOW_POLICY, type: 'hold', reason: reason ?? '' },
      { world, register, aside, atMs },
    );
    return;
  }
  const idle = changes.filter((change) => !world.apply(change));
  register.end(mail, status, reason ?? world.whyIdle(idle[0]), atMs);
  if (status !== 'processed') return;
  reach(id, recipients, world);
  world.remember(id, { type, actor, object: objects[0] ?? null });
}

/** An activity that has acted, or waits for a moderator, came again. */
function handleAgain(mail: store.Mail, isShut: boolean, known: Turn): void {
  const { world, register, aside, atMs } = known;
  const { id } = mail.facts;
  // What a moderator has approved came before, to each of its inboxes, and that stands in its history.
  const isNewInbox = mail.facts.pastFilters !== undefined || register.cameAgain(mail);
  const status = register.statusOf(id);
  if (status !== 'held' && register.isLate(mail, known.lateMs)) {
    // Its document may be pruned: nobody can say that this is the one that filters have seen.
    aside.late.push(mail);
    return;
  }
  if (!isNewInbox || isShut) return;
  if (status === 'processed') reach(id, recipientsOf(letterOf(mail), world), world);
  if (status === 'held') aside.cameAgain(mail);
  if (!register.isUnwanted(mail) || mail.verdict?.end !== undefined) return;
  if (unwanted(letterOf(mail), world) !== null) return;
  act(mail, known);
  world.record({ kind: 'activity', atMs, key: id, domain: mail.domain });
}

/** The activity is in the inbox of every local actor that it concerns. ActivityPub 5.2. */
function reach(id: string, recipients: readonly string[], world: World): void {
  for (const recipient of recipients) world.join(`${recipient}/inbox`, id);
}
