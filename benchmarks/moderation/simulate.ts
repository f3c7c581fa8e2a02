/**
 * `sallyport simulate` over recorded activities: how long it takes, what the server's memory does, how quickly the
 * server answers meanwhile, and the difference that is printed.
 *
 * Method: an embedded database is filled with posts, likes and follows of 4 000 actors on 200 domains over seven days,
 * by set-based inserts; one post in fifty says "buy now". Then `sallyport start` is started on it, its memory is read
 * before the simulation and every quarter of a second during it, `/healthz` is asked every 50 ms, and the command is
 * run as an operator would.
 *
 *   node benchmarks/moderation/simulate.ts [--activities 100000]
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { type Statements, sql } from '../../src/store/statement.ts';
import { openStore } from '../../src/store/store.ts';
import { create, follow, like, type Sent } from '../../test/fediverse/index.ts';
import { startServer } from '../kill/server-process.ts';

const ORIGIN = 'https://us.example';
const DAYS_MS = 7 * 86_400_000;
const CHUNK = 10_000;
const DOMAINS = 200;
const ACTORS_EACH = 20;
const LOOK_MS = 250;
const KNOCK_MS = 50;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const POLICY = {
  filters: [
    { use: 'keywords', name: 'shops', words: ['buy now', 'limited offer'], verdict: 'drop' },
    { use: 'mentions', max: 5, verdict: 'hold' },
    { use: 'account-age', olderThan: '3 days', verdict: 'score', points: 1 },
    { use: 'first-contact', verdict: 'shadow' },
    { use: 'duplicate-content', window: '10 minutes', verdict: 'score', points: 1 },
    { use: 'follow-bursts', perDomain: 3, window: '1 hour', verdict: 'hold' },
  ],
  scoreThresholds: { hold: 2 },
};

/** An activity with places for what differs: `@N@` for its number, `@A@` for its actor. */
const ACTOR = 'https://actor.example/users/actor';
const templateOf = (activity: Sent): string =>
  JSON.stringify({ ...activity, id: '@A@/activities/@N@' }).replaceAll(ACTOR, '@A@');
const KINDS = [
  ['Like', templateOf(like(ACTOR, `${ORIGIN}/notes/1`))],
  ['Follow', templateOf(follow(ACTOR, `${ORIGIN}/users/alice`))],
  ['Create', templateOf(create(ACTOR, { content: '<p>Buy now, number @N@: everything must go.</p>' }))],
  ['Create', templateOf(create(ACTOR, { content: '<p>Good morning, this is post @N@ of a long week.</p>' }))],
] as const;
/** Of fifty: likes, follows, spam; the rest are posts. */
const SHARES = [10, 15, 16, 50] as const;

async function fill(db: Statements, count: number, nowMs: number): Promise<void> {
  const began = new Date(nowMs - DAYS_MS).toISOString();
  await db.run(sql`
    insert into domain (name, state, snapshot, since, first_seen)
    select 'd' || d || '.example', 'active', '{"version": 2, "snapshot": {"value": "active", "context": {"strikes": 0}}}',
           ${began}::timestamptz, ${began}::timestamptz from generate_series(0, ${DOMAINS - 1}) as d`);
  await db.run(sql`
    insert into remote_actor (id, domain, inbox, document, fetched_at, first_seen_at)
    select u, host, u || '/inbox', json_build_object('type', 'Person', 'preferredUsername', 'u' || a, 'name', null,
             'published', to_char(${began}::timestamptz + (a % 10 - 5) * interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
             'manuallyApprovesFollowers', false, 'followers', u || '/followers')::jsonb,
           ${began}::timestamptz, ${began}::timestamptz
      from generate_series(0, ${DOMAINS - 1}) as d, generate_series(0, ${ACTORS_EACH - 1}) as a,
           lateral (select 'd' || d || '.example' as host, 'https://d' || d || '.example/users/u' || a as u) as made`);
  const kinds = JSON.stringify(
    KINDS.map(([type, template], at) => ({ type, template, from: SHARES[at - 1] ?? 0, below: SHARES[at] })),
  );
  for (let from = 1; from <= count; from += CHUNK) {
    const to = Math.min(count, from + CHUNK - 1);
    await db.run(sql`
      with made as (
        select n, 'd' || (n * 7 % ${DOMAINS}) || '.example' as host, k.type,
               'https://d' || (n * 7 % ${DOMAINS}) || '.example/users/u' || (n * 13 % ${ACTORS_EACH}) as actor, k.template,
               ${began}::timestamptz + n * (interval '7 days' / ${count + 1}) as at
          from generate_series(${from}::bigint, ${to}::bigint) as n
          join json_to_recordset(${kinds}::json) as k(type text, template text, "from" int, below int)
            on n * 31 % 50 >= k."from" and n * 31 % 50 < k.below
      ), documents as (
        insert into document (activity_id, raw, received_at)
        select actor || '/activities/' || n, replace(replace(template, '@A@', actor), '@N@', n::text), at from made
      )
      insert into activity (id, activity_id, type, actor, domain, status, inboxes, history, received_at, finished_at)
      select n, actor || '/activities/' || n, type, actor, host, 'processed', ${JSON.stringify([`${ORIGIN}/inbox`])}::json,
             json_build_array(json_build_object('at', at, 'what', 'received'), json_build_object('at', at, 'what', 'processed')),
             at, at from made order by n`);
  }
  await db.run(sql`analyze`);
}

const memoryOf = (pid: number): number =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024;
const { values } = parseArgs({ options: { activities: { type: 'string', default: '100000' } } });
const count = Number(values.activities);
const folder = mkdtempSync(join(tmpdir(), 'sallyport-simulate-'));
try {
  const dataDirectory = join(folder, 'data');
  const filledMs = performance.now();
  const store = await openStore(
    { database: null, dataDirectory, origin: ORIGIN, logger: quiet },
    { transactionMs: 600_000 },
  );
  await fill(store, count, Date.now());
  await store.close();
  console.log(`Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} cores, embedded PGlite`);
  console.log(`filled with ${count} activities in ${seconds(filledMs)} s`);

  const server = await startServer({
    place: { database: undefined, dataDirectory },
    origin: ORIGIN,
    journal: join(folder, 'journal'),
    environment: { SALLYPORT_DATA: dataDirectory },
  });
  try {
    await measure(server.pid, server.address, dataDirectory);
  } finally {
    await server.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(pid: number, address: string, dataDirectory: string): Promise<void> {
  const policy = join(folder, 'policy.json');
  writeFileSync(policy, JSON.stringify(POLICY));
  const beforeMb = memoryOf(pid);
  let mostMb = beforeMb;
  const looks = setInterval(() => {
    mostMb = Math.max(mostMb, memoryOf(pid));
  }, LOOK_MS);
  const answeredMs: number[] = [];
  let isOver = false;
  const knocking = (async () => {
    while (!isOver) {
      const askedMs = performance.now();
      await (await fetch(`http://${address}/healthz`)).arrayBuffer();
      answeredMs.push(performance.now() - askedMs);
      await new Promise((resolve) => setTimeout(resolve, KNOCK_MS));
    }
  })();
  const spentBefore = await processorSecondsOf(address);
  const begunMs = performance.now();
  const command = join(import.meta.dirname, '../../src/launch/sallyport.js');
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [command, 'simulate', '--policy', policy, '--since', '8d', '--samples', '1'],
    { cwd: folder, env: { PATH: process.env.PATH, SALLYPORT_DATA: dataDirectory }, maxBuffer: 10_000_000 },
  );
  const took = seconds(begunMs);
  const spent = (await processorSecondsOf(address)) - spentBefore;
  isOver = true;
  await knocking;
  clearInterval(looks);
  const sorted = answeredMs.toSorted((a, b) => a - b);
  const share = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? 0).toFixed(1);
  console.log(
    `simulated in ${took} s, of which the server's processor ${spent.toFixed(1)} s (load ${loadavg()[0]?.toFixed(1)})`,
  );
  console.log(
    `server memory (RSS): ${beforeMb.toFixed(0)} MB before, ${mostMb.toFixed(0)} MB at most meanwhile`,
  );
  console.log(
    `/healthz meanwhile: ${sorted.length} answers, median ${share(0.5)} ms, p99 ${share(0.99)} ms, most ${share(1)} ms`,
  );
  console.log(`progress was said ${stderr.trim().split('\n').length} times\n\n${stdout}`);
}

async function processorSecondsOf(address: string): Promise<number> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1]);
}

function seconds(sinceMs: number): string {
  return ((performance.now() - sinceMs) / 1_000).toFixed(1);
}
