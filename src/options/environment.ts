/** Options from the environment, with exactly the variables of the contract. */
import {
  configurationError,
  type Duration,
  type Fault,
  type InboxOptions,
  type LocalActorOptions,
  type RateLimit,
} from '../options.ts';

export type Environment = Readonly<Partial<Record<string, string>>>;

/** What a part of the environment says, and everything that is wrong with it. */
export interface FromEnvironment<Options> {
  readonly options: Options;
  readonly faults: readonly Fault[];
}

/**
 * The options that the environment sets; spread them into `createInbox`. All faults in one `ERR_CONFIG`.
 * @example
 * ```ts
 * const inbox = createInbox({ origin: 'https://social.example', ...fromEnv() });
 * ```
 */
export function fromEnv(environment: Environment = process.env): Partial<InboxOptions> {
  const { options, faults } = readInboxEnvironment(environment);
  if (faults.length > 0) throw configurationError(faults);
  return options;
}

/** The same, with the faults beside it: for who has more to check before saying so. */
export function readInboxEnvironment(environment: Environment): FromEnvironment<Partial<InboxOptions>> {
  const faults: Fault[] = [];
  const get = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const options: { [Name in keyof InboxOptions]?: unknown } = {
    origin: get('SALLYPORT_ORIGIN'),
    database: get('DATABASE_URL'),
    dataDirectory: get('SALLYPORT_DATA'),
    actors: actorsOf(get('SALLYPORT_ACTORS'), faults),
    rateLimit: rateOf('SALLYPORT_RATE_LIMIT', get('SALLYPORT_RATE_LIMIT'), faults),
    actorRateLimit: rateOf('SALLYPORT_ACTOR_RATE_LIMIT', get('SALLYPORT_ACTOR_RATE_LIMIT'), faults),
    workers: workersOf(get('SALLYPORT_WORKERS'), faults),
    allowPrivateAddress: flagOf(
      'SALLYPORT_ALLOW_PRIVATE_ADDRESS',
      get('SALLYPORT_ALLOW_PRIVATE_ADDRESS'),
      faults,
    ),
    publicBlocklist: flagOf('SALLYPORT_PUBLIC_BLOCKLIST', get('SALLYPORT_PUBLIC_BLOCKLIST'), faults),
    trustedProxies: get('SALLYPORT_TRUSTED_PROXIES')
      ?.split(',')
      .map((range) => range.trim())
      .filter((range) => range !== ''),
  };
  const set = Object.entries(options).filter(([, value]) => value !== undefined);
  return { options: Object.fromEntries(set) as Partial<InboxOptions>, faults };
}

/** `1` and `0`; anything else would be guessed at. */
export function flagOf(name: string, text: string | undefined, faults: Fault[]): boolean | undefined {
  if (text === undefined || text === '1' || text === '0')
    return text === undefined ? undefined : text === '1';
  faults.push({ option: name, value: text, problem: 'neither 1 nor 0' });
  return undefined;
}

function rateOf(name: string, text: string | undefined, faults: Fault[]): RateLimit | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,10})\/(\d{1,9}(?:\.\d{1,3})?[smhd])$/.exec(text);
  if (match !== null) return { limit: Number(match[1]), window: match[2] as Duration };
  const problem = 'not LIMIT/WINDOW with a unit s, m, h or d, such as 100/1h';
  faults.push({ option: name, value: text, problem });
  return undefined;
}

function workersOf(text: string | undefined, faults: Fault[]): number | undefined {
  if (text === undefined || /^\d{1,6}$/.test(text)) return text === undefined ? undefined : Number(text);
  faults.push({ option: 'SALLYPORT_WORKERS', value: text, problem: 'not a whole number' });
  return undefined;
}

function actorsOf(text: string | undefined, faults: Fault[]): Record<string, LocalActorOptions> | undefined {
  if (text === undefined) return undefined;
  const actors: Record<string, LocalActorOptions> = {};
  for (const part of text.split(',')) {
    const [name = '', flag, more] = part.trim().split(':');
    const fault = (problem: string): void => {
      faults.push({ option: 'SALLYPORT_ACTORS', value: part, problem });
    };
    if (name === '' || more !== undefined || (flag !== undefined && flag !== 'locked')) {
      fault('neither a name nor name:locked');
    } else if (Object.hasOwn(actors, name)) fault('named twice');
    else actors[name] = flag === 'locked' ? { locked: true } : {};
  }
  return actors;
}
