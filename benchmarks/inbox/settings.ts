/** What a run is made of, and the command line that changes it. */
import { parseArgs } from 'node:util';

export const SERVERS = ['sallyport', 'fedify', 'fedify-queue', 'floor'] as const;
export type ServerName = (typeof SERVERS)[number];

export interface Settings {
  readonly rounds: number;
  /** Unmeasured requests before each measurement; the first of them are one for each remote actor. */
  readonly warmUp: number;
  /** Measured requests for Sallyport and for the floor. */
  readonly requests: number;
  /** Measured requests for Fedify, which is slower: so that each measurement takes seconds, not minutes. */
  readonly fedifyRequests: number;
  readonly only: readonly ServerName[];
  readonly connections: number;
  readonly domains: number;
  readonly actorsPerDomain: number;
  readonly seed: number;
  /** Where CPU profiles of the servers go; profiling costs time, so its figures are no figures. */
  readonly profile: string | null;
  /** Print what PostgreSQL was asked, and which threads used the CPU; counting costs time too. */
  readonly inside: boolean;
  /** Follow requests wait for a decision instead of being answered. */
  readonly locked: boolean;
}

const USAGE = `node benchmarks/inbox/run.ts [options]
  --rounds N            rounds, all servers in each                       3
  --requests N          measured requests for Sallyport and the floor     8000
  --fedify-requests N   measured requests for Fedify                      1500
  --warm-up N           unmeasured requests first, at least 1000          1000
  --only A,B            of ${SERVERS.join(', ')}    all
  --seed N              of the corpus                                     1
  --profile DIR         write CPU profiles of the servers there           off
  --inside              print statements and threads                      off
  --locked              Sallyport's actor is locked: no Accept goes out   off`;

/** The settings of a command line; ends the process with 2 where it cannot be understood. */
export function readSettings(args: readonly string[]): Settings {
  try {
    return understand(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}\n`);
    process.exit(2);
  }
}

function understand(args: readonly string[]): Settings {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: text,
      requests: text,
      'fedify-requests': text,
      'warm-up': text,
      only: text,
      seed: text,
      profile: text,
      locked: { type: 'boolean' },
      inside: { type: 'boolean' },
    },
  });
  const whole = (
    name: 'rounds' | 'requests' | 'fedify-requests' | 'warm-up' | 'seed',
    absent: number,
    least: number,
  ) => {
    const number = Number(values[name] ?? absent);
    if (Number.isInteger(number) && number >= least) return number;
    throw new Error(`--${name} ${values[name]}: not a whole number of at least ${least}`);
  };
  const only = values.only?.split(',') ?? SERVERS;
  for (const name of only) {
    if (!SERVERS.some((server) => server === name)) throw new Error(`--only ${name}: no such server`);
  }
  return {
    rounds: whole('rounds', 3, 1),
    warmUp: whole('warm-up', 1_000, 1_000),
    requests: whole('requests', 8_000, 100),
    fedifyRequests: whole('fedify-requests', 1_500, 100),
    only: SERVERS.filter((server) => only.includes(server)),
    connections: 64,
    domains: 64,
    actorsPerDomain: 2,
    seed: whole('seed', 1, 0),
    profile: values.profile ?? null,
    locked: values.locked ?? false,
    inside: values.inside ?? false,
  };
}
