/** The command `sallyport`: one file for each verb, exit codes 0 done, 1 failed, 2 wrong usage or configuration. */
import { readFileSync } from 'node:fs';
import { messageOf, SallyportError } from '../errors.ts';
import { alerts } from './alerts.ts';
import { analytics } from './analytics.ts';
import { appeals } from './appeals.ts';
import { audit } from './audit.ts';
import { batches } from './batches.ts';
import { RequestFailed } from './client.ts';
import { dead } from './dead.ts';
import { domains } from './domains.ts';
import { filters } from './filters.ts';
import { follows } from './follows.ts';
import { held } from './held.ts';
import { lists } from './lists.ts';
import { machines } from './machines.ts';
import { prune } from './prune.ts';
import { reports } from './reports.ts';
import { rules } from './rules.ts';
import { simulate } from './simulate.ts';
import { start } from './start.ts';
import { subscriptions } from './subscriptions.ts';
import { suspensions } from './suspensions.ts';
import { tail } from './tail.ts';
import { complain, DONE, FAILED, print, UsageError, type Verb, WRONG } from './verb.ts';

const VERBS: Readonly<Record<string, Verb>> = {
  start,
  domains,
  rules,
  suspensions,
  follows,
  filters,
  held,
  reports,
  appeals,
  audit,
  lists,
  batches,
  dead,
  subscriptions,
  machines,
  simulate,
  tail,
  analytics,
  alerts,
  prune,
};

/** Runs the command with these arguments and gives its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  endWithTheReader();
  const [name, ...rest] = args;
  if (name === undefined) {
    complain(help());
    return WRONG;
  }
  if (name === '--version' || name === '-v') {
    print(version());
    return DONE;
  }
  if (name === '--help' || name === '-h' || name === 'help') return explain(rest[0]);
  const verb = verbOf(name);
  if (verb === null) return unknown(name);
  if (rest.includes('--help') || rest.includes('-h')) return explain(name);
  try {
    return await verb.run(rest);
  } catch (error) {
    return report(name, error);
  }
}

const verbOf = (name: string): Verb | null => (Object.hasOwn(VERBS, name) ? (VERBS[name] as Verb) : null);

function explain(name: string | undefined): number {
  const verb = name === undefined ? undefined : verbOf(name);
  if (verb === null) return unknown(name as string);
  print(verb?.help ?? help());
  return DONE;
}

function unknown(name: string): number {
  complain(`sallyport: there is no verb ${name}; there are ${Object.keys(VERBS).join(', ')}`);
  complain('Try: sallyport --help');
  return WRONG;
}

function report(name: string, error: unknown): number {
  if (error instanceof UsageError) {
    complain(`sallyport ${name}: ${error.message}\nTry: sallyport ${name} --help`);
    return WRONG;
  }
  if (error instanceof RequestFailed) {
    complain(`sallyport ${name}: ${error.message}`);
    return FAILED;
  }
  if (error instanceof SallyportError) {
    complain(`sallyport: ${error.message}${error.hint === '' ? '' : `\n  ${error.hint}`}`);
    return error.code === 'ERR_CONFIG' || error.code === 'ERR_DATA_DIRECTORY_IN_USE' ? WRONG : FAILED;
  }
  complain(`sallyport ${name}: ${messageOf(error)}`);
  return FAILED;
}

function help(): string {
  const width = Math.max(...Object.keys(VERBS).map((name) => name.length));
  const lines = Object.entries(VERBS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `sallyport ${version()}: an inbox for the Fediverse

Usage: sallyport <verb> [arguments]

${lines.join('\n')}

  sallyport <verb> --help   what a verb takes
  sallyport --version       the version

All verbs but start talk to a running server: the one whose run.json lies in SALLYPORT_DATA
(.sallyport), or the one named by --url and --token, or SALLYPORT_URL and SALLYPORT_ADMIN_TOKEN.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.`;
}

/** `sallyport tail | head` is no failure. */
function endWithTheReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(DONE);
    throw error;
  });
}

/** Our own version, from the package's file: two folders up in a checkout, three in the built package. */
function version(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const text = readFileSync(new URL(path, import.meta.url), 'utf8');
      return (JSON.parse(text) as { version: string }).version;
    } catch {}
  }
  return 'of unknown version';
}
