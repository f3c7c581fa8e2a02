/** What a verb of the command is, and how it speaks: results on stdout, everything else on stderr. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** Done. */
export const DONE = 0;
/** Tried, and failed. */
export const FAILED = 1;
/** Wrong usage or configuration: trying again will not help. */
export const WRONG = 2;

export interface Verb {
  /** One line for the list of verbs. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: string;
  /** Runs the verb with what stands after its name, and gives the exit code. */
  run(args: readonly string[]): Promise<number>;
}

/** The person used the command wrongly; the message says how, and the exit code is 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** `parseArgs` in strict mode, whose complaints are usage errors. */
export function readArgs<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  try {
    const config = {
      args: [...args],
      options,
      allowPositionals: true,
      allowNegative: true,
      strict: true,
    } as const;
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0] as string);
  }
}

/** Takes exactly these positional arguments, named as in the help. */
export function take<const Names extends readonly string[]>(
  given: readonly string[],
  names: Names,
): { readonly [At in keyof Names]: string } {
  if (given.length < names.length) throw new UsageError(`${names[given.length]} is missing`);
  if (given.length > names.length) throw new UsageError(`unexpected: ${given[names.length]}`);
  return [...given] as never;
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}
