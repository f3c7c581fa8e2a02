/**
 * What poison does to the good traffic beside it: the p99 of the same stream of good requests alone, and with poison
 * mixed in, in turns on one server.
 *
 * Method
 * - `sallyport start` as it is, on PostgreSQL. Good requests come from the corpus of `benchmarks/inbox`, in an open loop
 *   at a fixed rate; poison from a process of its own, at a tenth of that by default, one kind after the other
 *   (`requests.ts`). Latency counts from the moment at which a request should have left.
 * - Every round measures alone, then with poison, then alone again: the p99 with poison is compared with the mean of
 *   the two beside it, so that a machine that gets slower or faster meanwhile does not count.
 * - Between the parts is a rest until the last poison has been answered or cut off, and no call waits any more.
 *
 * `npm run bench:poison -- --rounds 3 --seconds 10 --rate 200 --poison 20 --only '16 MB'`
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres } from '../../test/setup/postgres.ts';
import { type Child, startChild, stopAll } from '../inbox/child.ts';
import { type Contestant, start } from '../inbox/contestants.ts';
import { documentsOf, makeActors, type RemoteActor, writeCorpus } from '../inbox/corpus.ts';
import { readSettings } from '../inbox/settings.ts';
import { HANDLE } from '../inbox/under-test.ts';
import { peakRssMb } from '../inbox/usage.ts';
import type { BadRun, GoodRun, Sent } from './open-loop.ts';
import { hugeKeyPem, poisons } from './requests.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '200' },
    only: { type: 'string' },
    poison: { type: 'string', default: '20' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const poisonRate = Number(values.poison);
if (![rounds, seconds, rate, poisonRate].every((value) => Number.isInteger(value) && value > 0)) {
  process.stderr.write('--rounds, --seconds, --rate and --poison are whole numbers above 0\n');
  process.exit(2);
}

const WARM_UP = 1_000;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A server on a port of its own. */
async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Serves, under every path, an actor whose key is huge. */
function hugeKeyServer() {
  const publicKeyPem = hugeKeyPem();
  return createHttpServer((request, response) => {
    const id = `http://${request.headers.host}${request.url}`;
    const publicKey = { id: `${id}#main-key`, owner: id, publicKeyPem };
    const document = { id, type: 'Person', inbox: `${id}/inbox`, publicKey };
    response.writeHead(200, { 'content-type': 'application/activity+json' }).end(JSON.stringify(document));
  });
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;

interface Part {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly loopP99: number;
  readonly answers: Sent['answers'];
}

async function part(contestant: Contestant, good: Promise<Sent>): Promise<Part> {
  const { latenciesMs, answers } = await good;
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const { p99Ms: loopP99 } = await contestant.loopDelay();
  return {
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    max: quantile(sorted, 1),
    loopP99,
    answers,
  };
}

function sayPart(round: number, name: string, { p50, p99, max, loopP99, answers }: Part): void {
  const figures = [p50, p99, max, loopP99].map((value) => value.toFixed(1).padStart(9)).join('');
  say(`${String(round).padStart(5)}  ${name.padEnd(12)}${figures}  ${JSON.stringify(answers)}`);
}

async function measure(
  contestant: Contestant,
  goodSender: Child<unknown>,
  badSender: Child<unknown>,
  port: number,
): Promise<void> {
  let from = 0;
  const good = (count = rate * seconds, perSecond = rate): Promise<Sent> => {
    const run: GoodRun = { port, from, count, perSecond };
    from += count;
    return goodSender.ask('good', run);
  };
  await good(WARM_UP);
  say('round  traffic       p50 ms   p99 ms   max ms  loop p99  answers');
  const ratios: number[] = [];
  const ends: Record<string, number> = {};
  for (let round = 1; round <= rounds; round++) {
    const parts: Part[] = [];
    for (const isMixed of [false, true, false]) {
      await contestant.reset();
      const run: BadRun = { port, count: poisonRate * seconds, perSecond: poisonRate };
      const bad = isMixed ? badSender.ask<Sent>('bad', run) : null;
      const measured = await part(contestant, good());
      parts.push(measured);
      sayPart(round, isMixed ? 'with poison' : 'alone', measured);
      for (const [entry, count] of Object.entries((await bad)?.answers ?? {}))
        ends[entry] = (ends[entry] ?? 0) + count;
    }
    const [before, mixed, after] = parts as [Part, Part, Part];
    ratios.push((mixed.p99 * 2) / (before.p99 + after.p99));
  }
  say('\nWhat became of the poison');
  for (const [entry, count] of Object.entries(ends).sort()) say(`  ${String(count).padStart(6)}  ${entry}`);
  const sorted = ratios.toSorted((a, b) => a - b);
  const each = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
  say(`\np99 with poison / p99 alone: ${quantile(sorted, 0.5).toFixed(2)}   (${each})`);
  say(`peak RSS of the server: ${peakRssMb(contestant.pid).toFixed(0)} MiB`);
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-poison-'));
  const postgres = await startPostgres();
  const held = new Set<Socket>();
  const silentServer = createServer((socket) => held.add(socket.on('error', () => held.delete(socket))));
  const hugeKeys = hugeKeyServer();
  try {
    const silent = await listening(silentServer);
    const targets = { silent, hugeKeys: await listening(hugeKeys) };
    const settings = readSettings([]);
    const keyServer = await startChild<{ hosts: string[] }>('./key-server.ts', { domains: settings.domains });
    const actors = await makeActors(keyServer.ready.hosts, settings.actorsPerDomain);
    await keyServer.ask('serve', documentsOf(actors));
    const probe = createServer();
    const port = Number((await listening(probe)).split(':')[1]);
    await new Promise((resolve) => probe.close(resolve));
    const host = `localhost:${port}`;
    const file = join(directory, 'corpus');
    const to = { id: `http://${host}/users/${HANDLE}`, name: HANDLE, host };
    await writeCorpus(file, actors, to, WARM_UP + rounds * 3 * rate * seconds, 1);
    const goodSender = await startChild('../poison/open-loop.ts', { file });
    const badSender = await startChild('../poison/open-loop.ts', { file: null });
    await goodSender.ask('load');
    const all = poisons(actors[0] as RemoteActor, { host, ...targets });
    const chosen = all.filter(({ kind }) => values.only === undefined || kind === values.only);
    await badSender.ask('arm', chosen);
    const database = await postgres.createDatabase('poison');
    mkdirSync(join(directory, 'data'));
    const contestant = await start(
      'sallyport',
      { port, database, directory: join(directory, 'data') },
      settings,
    );
    say(`Node ${process.version}; ${rate} good and ${poisonRate} bad requests a second, ${seconds} s a part`);
    await measure(contestant, goodSender, badSender, port);
    await contestant.stop();
    for (const child of [goodSender, badSender, keyServer]) await child.stop();
  } finally {
    stopAll();
    for (const socket of held) socket.destroy();
    silentServer.close();
    hugeKeys.closeAllConnections();
    hugeKeys.close();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

await main();
