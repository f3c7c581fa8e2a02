/**
 * The rounds: a server under load is killed with SIGKILL at a random moment at which requests are unanswered and
 * acknowledged mail is unprocessed; another one is started on the same data; when it has come to rest, everything
 * that was acknowledged must be there, once.
 *
 * Whether a kill counts is decided afterwards and exactly. Unanswered are the requests that had left whole and never
 * got an answer, not even one that was still on its way. Unprocessed are the rows of mail that the dead process left
 * in the database and whose 202 had come. Where one of the two is zero, the round is made again (ruling 32).
 */
import { answersOf, createAudit, type Findings, settledFindings } from './audit.ts';
import { type Chance, createChance } from './chance.ts';
import { beginLoad, type Desk, deskOf, type Load, prepare } from './load.ts';
import { openPostOffice, type PostOffice } from './post-office.ts';
import { type LeftMail, takeRemains } from './remains.ts';
import { gatherSenders, type Sender, type Senders } from './senders.ts';
import {
  type Place,
  readJournal,
  type ServerProcess,
  startServer,
  until,
  untilProcessed,
} from './server-process.ts';

export interface RoundsOptions {
  readonly place: Place;
  readonly origin: string;
  /** The file of the application's handler. */
  readonly journal: string;
  readonly rounds: number;
  readonly seed: number;
  readonly domains: number;
  readonly actorsEach: number;
  /** The kill of a round comes after at most so many acknowledgements. */
  readonly acknowledgedMax: number;
  /** Waits at the end until every promised Accept has arrived: a mailbox that a dead process held is free after 60 s. */
  readonly awaitsAnswers: boolean;
  onRound(round: Round): void;
}

export interface Round {
  readonly number: number;
  readonly killedAfterMs: number;
  readonly unanswered: number;
  readonly unprocessed: number;
  readonly acknowledged: number;
  /** Whether both were above zero. */
  readonly counts: boolean;
  /** From the start of the next process until no mail waited any more. */
  readonly recoveredMs: number;
  readonly findings: Findings;
}

export interface Totals extends Findings {
  readonly kills: number;
  readonly repeated: number;
  readonly acknowledged: number;
  readonly activities: number;
  readonly followRequests: number;
  readonly answers: { readonly promised: number; readonly answered: number };
  /** Calls of the handler, and how many of them were repetitions. */
  readonly handled: { readonly calls: number; readonly repeated: number };
  readonly refusals: ReadonlyMap<number, number>;
  readonly complaints: readonly string[];
}

/** Letters that each sender has signed before a round. */
const STOCK = 25;
/** Acknowledgements before the kill, at least: a measure that fits fast and slow machines. */
const ACKNOWLEDGED_MIN = 20;
/** The kill comes at most so much after the chosen one, in milliseconds. */
const MOMENT_MS = 4;
/** On a slow machine it comes with the first acknowledgement after so long, in milliseconds. */
const PATIENCE_MS = 30_000;
const MISSES_MAX = 3;

export async function runRounds(options: RoundsOptions): Promise<Totals> {
  const { rounds, seed, origin } = options;
  const chance = createChance(seed);
  await using senders = await gatherSenders(options.domains, options.actorsEach);
  const office = openPostOffice();
  const desks = senders.all.map(deskOf);
  const audit = createAudit(senders.all, senders.domains);
  const refusals = new Map<number, number>();
  const complaints: string[] = [];
  let acknowledged = 0;
  let repeated = 0;
  let server = await startServer(options);
  try {
    for (let number = 1; number <= rounds; ) {
      prepare(desks, STOCK, origin, chance);
      const load = beginLoad(desks, office, server.address, { origin, chance });
      const killed = await killInTheMiddle(server, load, office, chance, options.acknowledgedMax);
      complaints.push(...server.complaints);
      const read = await takeRemains(options.place);
      const startedMs = performance.now();
      const [left, next] = await Promise.all([read(origin), startServer(options)]);
      server = next;
      await untilProcessed(server);
      const recoveredMs = performance.now() - startedMs;
      await audit.findArrivals(server);
      forget(desks, chance);
      const findings = await settledFindings(audit, server, false);
      const unprocessed = acknowledgedOf(left, senders.all);
      const counts = killed.unanswered > 0 && unprocessed > 0;
      for (const [status, count] of load.refusals) refusals.set(status, (refusals.get(status) ?? 0) + count);
      acknowledged += load.acknowledged;
      options.onRound({
        ...{ number, ...killed, unprocessed, acknowledged: load.acknowledged, counts, recoveredMs, findings },
      });
      if (counts) number++;
      else if (++repeated > MISSES_MAX * rounds) throw new Error('the load leaves nothing to be lost');
    }
    const last = await finish(server, options, audit, senders);
    complaints.push(...server.complaints);
    return { ...last, kills: rounds + repeated, repeated, acknowledged, refusals, complaints };
  } finally {
    office.close();
    await server.kill();
  }
}

/**
 * Kills the server a moment after an acknowledgement that chance has chosen: its mail was committed just now, and
 * the turn that handles it is under way. Whether it was, the remains will say.
 */
async function killInTheMiddle(
  server: ServerProcess,
  load: Load,
  office: PostOffice,
  chance: Chance,
  acknowledgedMax: number,
) {
  const startedMs = performance.now();
  const enough = Math.round(chance.between(ACKNOWLEDGED_MIN, acknowledgedMax));
  await load.acknowledgements(enough, PATIENCE_MS);
  // A random moment is a real wait.
  await new Promise((resolve) => setTimeout(resolve, chance.between(0, MOMENT_MS)));
  const killedAfterMs = performance.now() - startedMs;
  const underWay = new Set(office.unanswered);
  const gone = server.kill();
  load.stop();
  await gone;
  await load.over;
  // An answer that was still on its way when the process died is an answer.
  return { killedAfterMs, unanswered: underWay.intersection(load.silent).size };
}

/** Some senders do not try again. */
function forget(desks: readonly Desk[], chance: Chance): void {
  for (const desk of desks) if (desk.again !== null && chance.happens(0.4)) desk.again = null;
}

/** Mail whose 202 had come when its process died. */
function acknowledgedOf(left: readonly LeftMail[], senders: readonly Sender[]): number {
  const acknowledged = new Map<string, Set<string>>();
  for (const { letters } of senders) {
    for (const letter of letters) {
      const before = acknowledged.get(letter.activity.id);
      acknowledged.set(letter.activity.id, before?.union(letter.acknowledged) ?? letter.acknowledged);
    }
  }
  return left.filter(({ id, inbox }) => acknowledged.get(id)?.has(inbox)).length;
}

/** The last look: every list from end to end, every processed activity handed to the handler, every Accept sent. */
async function finish(
  server: ServerProcess,
  { journal, awaitsAnswers }: RoundsOptions,
  audit: ReturnType<typeof createAudit>,
  senders: Senders,
) {
  const arrived = new Set(
    senders.all.flatMap(({ letters }) => letters.flatMap((one) => (one.hasArrived ? [one.activity.id] : []))),
  );
  const lost: string[] = [];
  const inTime = (error: Error): void => void lost.push(error.message);
  await until(
    'the handler has heard of everything',
    60_000,
    async () => {
      return arrived.difference(new Set(readJournal(journal))).size === 0 ? true : null;
    },
    200,
  ).catch(inTime);
  if (awaitsAnswers) {
    await until(
      'every Accept is delivered',
      150_000,
      async () => {
        const { promised, answered } = answersOf(senders.all, senders.domains);
        return promised === answered ? true : null;
      },
      200,
    ).catch(inTime);
  }
  const findings = await settledFindings(audit, server, true);
  const calls = readJournal(journal);
  const unknown = [...new Set(calls).difference(arrived)].map((id) => `the handler heard of ${id}`);
  return {
    lost: [...findings.lost, ...lost],
    doubled: [...findings.doubled, ...unknown],
    activities: arrived.size,
    followRequests: senders.all.flatMap(({ letters }) => letters).filter((one) => one.deed?.type === 'follow')
      .length,
    answers: answersOf(senders.all, senders.domains),
    handled: { calls: calls.length, repeated: calls.length - new Set(calls).size },
  };
}
