/**
 * How many signed activities Sallyport takes in and processes, and what one costs, beside Fedify and a bare floor.
 *
 * Method
 * - The corpus (`corpus.ts`) is made and signed before anything is measured: 64 domains with two actors each, shaped
 *   as Mastodon sends it, draft-cavage with RSA-2048. All servers answer on the same port, one after the other, so
 *   all of them get the same bytes.
 * - The remote domains are loopback addresses of their own, served by one process (`key-server.ts`). The load comes
 *   from another one (`driver.ts`): 64 raw keep-alive connections in a closed loop.
 * - One PostgreSQL with its durability on; each measurement has a fresh database and a fresh server process.
 * - Interleaved: every round measures every server. Ratios are taken within a round.
 * - At least 1000 unmeasured requests first, the first of them one for each actor, so that keys are known and code is
 *   warm. Then ANALYZE and CHECKPOINT, then the measurement. Fedify gets fewer measured requests, because it is slower;
 *   both are given below, and Fedify's time of measurement is the longer one.
 * - accepted/s: 202s until the last answer. processed/s: until everything accepted is processed. For Sallyport that
 *   is when the turn that applies it has committed (`sallyport_activities_total`), for the others when its row has.
 * - CPU per activity: user and system time of the server's whole process, all threads, from /proc, over what was
 *   processed in that time; a tick is 10 ms. PostgreSQL's processes are counted together, beside it. The driver and
 *   the key server are in neither.
 * - Latency is that of a closed loop at saturation: connections over throughput, mostly. Event-loop delay: p99 of
 *   monitorEventLoopDelay at 10 ms, which contains that resolution (an idle loop shows about 10 to 11 ms).
 *
 * What each side does not do: the floor is no peer (see `floor-server.ts`). Fedify's handler stores no body and
 * answers no Follow, and what it accepted in its in-process queue dies with the process; Sallyport stores every
 * document, deduplicates, judges every activity by its domain's machine, and sends an Accept for each Follow, whose
 * cost is in its figures.
 *
 * Stop it with Ctrl-C: everything it started ends with it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Postgres, startPostgres } from '../../test/setup/postgres.ts';
import { startChild, stopAll } from './child.ts';
import { sallyportEnvironment } from './contestants.ts';
import { documentsOf, makeActors, writeCorpus } from './corpus.ts';
import { type Measurement, measure, type Stage } from './measure.ts';
import { sayConditions, sayCorpus, sayHead, sayMeasurement, saySummary } from './report.ts';
import { readSettings, type Settings } from './settings.ts';
import { STATEMENT_SETTINGS } from './statements.ts';
import { HANDLE } from './under-test.ts';

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Everything that stands while the servers come and go. */
async function prepare(settings: Settings, postgres: Postgres, directory: string): Promise<Stage> {
  const port = await freePort();
  const place = { port, database: 'postgres://…', directory: '(a fresh directory)' };
  await sayConditions(postgres.url, settings, sallyportEnvironment(place, settings));
  const keyServer = await startChild<{ hosts: string[] }>('./key-server.ts', { domains: settings.domains });
  const actors = await makeActors(keyServer.ready.hosts, settings.actorsPerDomain);
  await keyServer.ask('serve', documentsOf(actors));
  const host = `localhost:${port}`;
  const file = join(directory, 'corpus');
  const requests = settings.warmUp + Math.max(settings.requests, settings.fedifyRequests);
  const to = { id: `http://${host}/users/${HANDLE}`, name: HANDLE, host };
  sayCorpus(await writeCorpus(file, actors, to, requests, settings.seed), actors.length);
  const driver = await startChild('./driver.ts', { file });
  await driver.ask('load');
  return { settings, postgres, port, directory, driver, keyServer };
}

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2));
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  const postgres = await startPostgres(settings.inside ? STATEMENT_SETTINGS : {});
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      stopAll();
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true });
    })();
    return stopped;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(130)));
  }
  try {
    const stage = await prepare(settings, postgres, directory);
    sayHead();
    const rounds: Measurement[][] = [];
    for (let round = 1; round <= settings.rounds; round++) {
      const measured: Measurement[] = [];
      for (const server of settings.only) {
        const measurement = await measure(stage, server, round);
        sayMeasurement(measurement, round);
        measured.push(measurement);
      }
      rounds.push(measured);
    }
    saySummary(rounds, settings);
  } catch (error) {
    // After a signal everything fails at once, and that is no news.
    if (stopped === undefined) throw error;
  } finally {
    await stop();
  }
}

await main();
