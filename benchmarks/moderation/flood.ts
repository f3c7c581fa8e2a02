/**
 * A blocked domain's flood against the bare 403 of node:http, in turns on one machine: requests a second, and what it
 * leaves behind. `sallyport start` on PostgreSQL with 100 000 rules besides; the requests look signed, with bodies of
 * 2 kB; the sender is a process of its own.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../test/setup/postgres.ts';
import { startChild, stopAll } from '../inbox/child.ts';
import { start } from '../inbox/contestants.ts';
import { connectTo } from '../inbox/database.ts';
import { readSettings } from '../inbox/settings.ts';
import type { Flood, Flooded } from './flood-sender.ts';

const CONNECTIONS = 32;
const WARM_UP = 5_000;
const BLOCKED = 'flood.blocked.example';

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function requestTo(port: number): string {
  const body = JSON.stringify({
    type: 'Create',
    actor: `https://${BLOCKED}/users/mal`,
    content: 'x'.repeat(1_900),
  });
  const signature =
    `keyId="https://${BLOCKED}/users/mal#main-key",algorithm="rsa-sha256",` +
    `headers="(request-target) host date digest",signature="${'A'.repeat(342)}=="`;
  const head = [
    'POST /inbox HTTP/1.1',
    `Host: localhost:${port}`,
    `Date: ${new Date().toUTCString()}`,
    'Content-Type: application/activity+json',
    `Digest: SHA-256=${'A'.repeat(43)}=`,
    `Signature: ${signature}`,
    `Content-Length: ${body.length}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

type Client = Awaited<ReturnType<typeof connectTo>>;

/** Rows of all tables together. */
async function rowsIn(client: Client): Promise<number> {
  const { rows: tables } = await client.query(
    // Who reads the log, and what is done once a day, are rows of the house's own.
    `select table_name as name from information_schema.tables
      where table_schema = 'public' and table_name not in ('consumer', 'chore')`,
  );
  let count = 0;
  for (const { name } of tables) {
    const { rows } = await client.query(`select count(*)::int as count from "${name}"`);
    count += rows[0].count;
  }
  return count;
}

/** Rules straight into the tables: how they come there is not what is measured. */
async function block(client: Client, rules: number): Promise<void> {
  await client.query(
    `insert into domain (name, state, snapshot, since, first_seen, policy)
     select name, state, snapshot, since, first_seen, '{"source": "manual", "severity": "block", "rejectMedia": false, "rejectReports": false}'
       from (select 's' || n || '.spam' || n % 97 || '.example' as name from generate_series(1, $1) as n) as names,
            lateral (select state, snapshot, since, first_seen from domain where name = 'blocked.example') as like_it`,
    [rules],
  );
}

export async function measureFlood(
  { rounds, count, rules }: { rounds: number; count: number; rules: number },
  say: (line: string) => void,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-flood-'));
  mkdirSync(join(directory, 'data'));
  const postgres = await startPostgres();
  try {
    const database = await postgres.createDatabase('flood');
    const [port, barePort] = [await freePort(), await freePort()];
    const place = { port, database, directory: join(directory, 'data') };
    const settings = readSettings([]);
    // Once to make the tables and the first block, and again, so that it starts with all rules.
    const first = await start('sallyport', place, settings);
    await first.ask('POST', '/admin/api/domains/blocked.example/block', { reason: 'spam' });
    await first.stop();
    const client = await connectTo(database);
    await block(client, rules);
    const startedMs = performance.now();
    const contestant = await start('sallyport', place, settings);
    say(`started with ${rules} rules in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
    const bare = await startChild('../moderation/bare-server.ts', { port: barePort });
    const sender = await startChild('../moderation/flood-sender.ts', {});
    const flood = (to: number, many: number): Promise<Flooded> => {
      const asked: Flood = { port: to, request: requestTo(to), count: many, connections: CONNECTIONS };
      return sender.ask('flood', asked);
    };
    for (const to of [port, barePort]) await flood(to, WARM_UP);
    const before = { rows: await rowsIn(client), tasks: await contestant.verified() };
    say(`\nA blocked domain's flood, ${count} requests a part, ${CONNECTIONS} connections`);
    say('round   node:http/s   sallyport/s   ratio   answers');
    for (let round = 1; round <= rounds; round++) {
      const floor = await flood(barePort, count);
      const ours = await flood(port, count);
      const figures = [floor, ours].map(({ perSecond }) => perSecond.toFixed(0).padStart(11)).join('   ');
      const ratio = (ours.perSecond / floor.perSecond).toFixed(2);
      say(`${String(round).padStart(5)}   ${figures}   ${ratio}    ${JSON.stringify(ours.statuses)}`);
    }
    const after = { rows: await rowsIn(client), tasks: await contestant.verified() };
    say(`rows more: ${after.rows - before.rows}; worker tasks: ${after.tasks - before.tasks}`);
    await client.end();
    await contestant.stop();
    for (const child of [bare, sender]) await child.stop();
  } finally {
    stopAll();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
