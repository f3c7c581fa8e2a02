/** What PostgreSQL was asked during a measurement, by pg_stat_statements; for looking into a figure, not for figures. */
import { connectTo } from './database.ts';

/** Settings that a cluster needs for it. */
export const STATEMENT_SETTINGS = { shared_preload_libraries: 'pg_stat_statements' };

export interface StatementShare {
  readonly calls: number;
  readonly ms: number;
  readonly rows: number;
  readonly text: string;
}

async function ask<Row>(url: string, text: string): Promise<Row[]> {
  const client = await connectTo(url);
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Starts to count from zero. */
export async function resetStatements(database: string): Promise<void> {
  await ask(database, 'create extension if not exists pg_stat_statements');
  await ask(database, 'select pg_stat_statements_reset()');
}

/** The statements of this database, the dearest first. */
export function readStatements(database: string): Promise<StatementShare[]> {
  return ask(
    database,
    `select calls::int, total_exec_time as ms, rows::int, regexp_replace(query, '\\s+', ' ', 'g') as text
     from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database())
     order by total_exec_time desc limit 40`,
  );
}

/** A table of them, for so many activities. */
export function statementLines(statements: readonly StatementShare[], activities: number): string[] {
  const sum = (value: (share: StatementShare) => number): number =>
    statements.reduce((all, share) => all + value(share), 0);
  return [
    `  ${sum(({ calls }) => calls)} statements for ${activities} activities, ${sum(({ ms }) => ms).toFixed(0)} ms in them`,
    '     calls  µs/activity   ms/call  rows/call',
    ...statements.map(({ calls, ms, rows, text }) =>
      [
        String(calls).padStart(10),
        ((ms * 1_000) / activities).toFixed(1).padStart(12),
        (ms / calls).toFixed(3).padStart(10),
        (rows / calls).toFixed(1).padStart(10),
        `  ${text.slice(0, 150)}`,
      ].join(''),
    ),
  ];
}
