/**
 * What `sallyport start` is told: the environment, and a configuration file for what no variable covers. Both are
 * checked whole, and everything that is wrong comes out together.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../errors.ts';
import { type Environment, readInboxEnvironment } from '../options/environment.ts';
import { readServerEnvironment, type ServerOptions } from '../options/server.ts';
import { VARIABLES } from '../options/tables.ts';
import { type Fault, type InboxOptions, readOptions } from '../options.ts';

export interface Configuration {
  /** Without `origin` when nobody names one: then it follows from the port. */
  readonly options: Partial<InboxOptions>;
  readonly server: ServerOptions;
  readonly faults: readonly Fault[];
  /** What is no fault, and yet probably not meant. */
  readonly warnings: readonly string[];
}

const FILES = ['sallyport.config.ts', 'sallyport.config.js', 'sallyport.config.json'];

/** The variables behind the options, for faults in the words of the person who set them. */
const VARIABLE_OF: Readonly<Record<string, string>> = {
  origin: 'SALLYPORT_ORIGIN',
  database: 'DATABASE_URL',
  dataDirectory: 'SALLYPORT_DATA',
  actors: 'SALLYPORT_ACTORS',
  rateLimit: 'SALLYPORT_RATE_LIMIT',
  actorRateLimit: 'SALLYPORT_ACTOR_RATE_LIMIT',
  workers: 'SALLYPORT_WORKERS',
  allowPrivateAddress: 'SALLYPORT_ALLOW_PRIVATE_ADDRESS',
  trustedProxies: 'SALLYPORT_TRUSTED_PROXIES',
  publicBlocklist: 'SALLYPORT_PUBLIC_BLOCKLIST',
};

/** Variables that mean something to us without standing in the table of `start`. */
const OTHER_VARIABLES = ['SALLYPORT_URL'];

/** Reads everything; `folder` is where a configuration file is looked for. */
export async function readConfiguration(environment: Environment, folder: string): Promise<Configuration> {
  const faults: Fault[] = [];
  const fromFile = await readFile(environment, folder, faults);
  const fromEnvironment = readInboxEnvironment(environment);
  const server = readServerEnvironment(environment);
  faults.push(...fromEnvironment.faults, ...server.faults);

  const options = { ...fromFile, ...fromEnvironment.options };
  // The origin may depend on a port that is not bound yet; everything else can be checked now.
  const checked = readOptions({ origin: 'http://localhost', ...options });
  faults.push(...checked.faults.map((fault) => inTheirWords(fault, fromEnvironment.options)));

  const warnings = unknownVariables(environment);
  return { options, server: server.options, faults, warnings };
}

function inTheirWords(fault: Fault, set: Partial<InboxOptions>): Fault {
  const [name = '', ...rest] = fault.option.split('.');
  const variable = Object.hasOwn(set, name) ? VARIABLE_OF[name] : undefined;
  return variable === undefined ? fault : { ...fault, option: [variable, ...rest].join('.') };
}

function unknownVariables(environment: Environment): string[] {
  const known = new Set([...VARIABLES.map(([name]) => name), ...OTHER_VARIABLES]);
  return Object.keys(environment)
    .filter((name) => name.startsWith('SALLYPORT_') && !known.has(name))
    .map((name) => `${name} is set, but there is no such variable`);
}

/** The default export of the configuration file; nothing when there is no file. */
async function readFile(
  environment: Environment,
  folder: string,
  faults: Fault[],
): Promise<Partial<InboxOptions>> {
  const named = environment.SALLYPORT_CONFIG?.trim() || undefined;
  const file = named ?? FILES.find((name) => existsSync(resolve(folder, name)));
  if (file === undefined) return {};
  const fault = (problem: string): Partial<InboxOptions> => {
    faults.push({ option: named === undefined ? file : 'SALLYPORT_CONFIG', value: file, problem });
    return {};
  };
  const path = resolve(folder, file);
  if (!existsSync(path)) return fault('there is no such file');
  if (!/\.(json|[cm]?[jt]s)$/.test(path)) return fault('neither .ts nor .js nor .json');
  try {
    const value: unknown = path.endsWith('.json')
      ? JSON.parse(readFileSync(path, 'utf8'))
      : ((await import(pathToFileURL(path).href)) as { default?: unknown }).default;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    return fault(path.endsWith('.json') ? 'is no JSON object' : 'has no object as its default export');
  } catch (error) {
    return fault(`cannot be read: ${messageOf(error, 300)}`);
  }
}
