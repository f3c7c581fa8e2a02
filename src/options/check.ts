/** The check of every option: all faults at once, in the words of the person who set them; and the defaults. */
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { SallyportError } from '../errors.ts';
import { checkAlerts } from './alerts.ts';
import { checkDomainPolicy } from './domains.ts';
import { millisecondsOf } from './duration.ts';
import { checkFilters, checkThresholds, SHADOW_POLICY } from './filters.ts';
import { aliasesProblem, followPolicyProblem } from './follow-policy.ts';
import { stderrLogger } from './logger.ts';
import { checkRetention } from './retention.ts';
import type { ActorResolver, InboxOptions, Logger, RateLimit, Settings } from './shape.ts';

/** One thing that is wrong with an option, in the words of the person who set it. */
export interface Fault {
  readonly option: string;
  readonly value: unknown;
  readonly problem: string;
}

/** A value in a message: short, and whatever it is. */
function shown(value: unknown): string {
  const text = typeof value === 'object' || typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

/** All faults in one `ERR_CONFIG`, one line each. */
export function configurationError(faults: readonly Fault[]): SallyportError {
  const lines = faults.map((fault) => `  ${fault.option} = ${shown(fault.value)}: ${fault.problem}`);
  return new SallyportError(
    'ERR_CONFIG',
    `configuration has ${faults.length} fault(s):\n${lines.join('\n')}`,
    {
      hint: 'mend the named options; the README lists every option with its unit and default',
      data: { faults },
    },
  );
}

/** Hears of one fault. */
type Report = (option: string, value: unknown, problem: string) => void;

/** Every option of `createInbox`: a name that is not here is a slip of the pen, and said so. */
const NAMES: { readonly [Name in keyof Required<InboxOptions>]: true } = {
  origin: true,
  database: true,
  dataDirectory: true,
  actors: true,
  actorPath: true,
  rateLimit: true,
  actorRateLimit: true,
  blockAfterStrikes: true,
  strikeBlock: true,
  strikeDecay: true,
  limitGrowth: true,
  probation: true,
  federation: true,
  blockedAnswer: true,
  followExpiry: true,
  reportWindow: true,
  appealPeriod: true,
  workers: true,
  bodyBytesMax: true,
  signatureWindow: true,
  allowPrivateAddress: true,
  trustedProxies: true,
  mailboxDepthMax: true,
  authorizedFetch: true,
  signedIn: true,
  publicBlocklist: true,
  filters: true,
  shadowFilters: true,
  scoreThresholds: true,
  alerts: true,
  retention: true,
  logger: true,
};

/** The names of all options. */
export const OPTION_NAMES: readonly string[] = Object.keys(NAMES);

/** Checks every option at once; all faults come out in one `ERR_CONFIG`. Absent options get their defaults. */
export function checkOptions(options: InboxOptions): Settings {
  const { settings, faults } = readOptions(options);
  if (faults.length > 0) throw configurationError(faults);
  return settings;
}

/** Built-in filters by themselves. All faults come out in one `ERR_INVALID`. */
export function checkFilterList(given: unknown): Settings['filters'] {
  const faults: Fault[] = [];
  const report: Report = (option, value, problem) => void faults.push({ option, value, problem });
  const filters = checkFilters(given, createChecks(report), report);
  if (faults.length === 0) return filters;
  const lines = faults.map(({ option, value, problem }) => `${option} = ${shown(value)}: ${problem}`);
  throw new SallyportError('ERR_INVALID', lines.join('\n'), { data: { faults } });
}

/**
 * The settings, and everything that is wrong with the options. Options may come from JSON, so their types are not
 * believed. Where there are faults the settings are of no use.
 */
export function readOptions(options: InboxOptions): { settings: Settings; faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const report: Report = (option, value, problem) => void faults.push({ option, value, problem });
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(NAMES, name))
      report(name, '…', `no such option; there are ${OPTION_NAMES.join(', ')}`);
  }
  const check = createChecks(report);

  const origin = checkOrigin(options.origin, report);
  const database = check.text('database', options.database, '').trim() || null;
  if (database !== null && !/^postgres(ql)?:\/\//.test(database)) {
    report('database', '(not shown)', 'not a postgres:// URL');
  }
  const actorPath = check.text('actorPath', options.actorPath, '/users/:name');
  if (!/^\/[^?#:\s]*:\w+$/.test(actorPath)) {
    report('actorPath', actorPath, "not a path that ends in a parameter, such as '/users/:name'");
  }
  const window = options.signatureWindow ?? { past: '1 hour', future: '5 minutes' };
  const signaturePastMs = check.durationMs('signatureWindow.past', window.past);
  const signatureFutureMs = check.durationMs('signatureWindow.future', window.future);
  const signatureMs = signaturePastMs + signatureFutureMs;
  const settings: Settings = {
    origin: origin?.origin ?? '',
    host: origin?.host ?? '',
    database,
    dataDirectory: check.text('dataDirectory', options.dataDirectory, '') || '.sallyport',
    actors: checkActors(options.actors ?? {}, report),
    actorPath,
    rateLimit: check.rate('rateLimit', options.rateLimit ?? { limit: 36_000, window: '1 hour' }),
    actorRateLimit:
      options.actorRateLimit == null ? null : check.rate('actorRateLimit', options.actorRateLimit),
    ...checkDomainPolicy(options, check, report),
    followExpiryMs:
      options.followExpiry == null ? null : check.durationMs('followExpiry', options.followExpiry),
    reportWindowMs: check.durationMs('reportWindow', options.reportWindow ?? '24 hours'),
    appealPeriodMs: check.durationMs('appealPeriod', options.appealPeriod ?? '30 days'),
    workers: check.whole('workers', options.workers ?? Math.max(1, availableParallelism() - 1), 1, 256),
    bodyBytesMax: check.whole('bodyBytesMax', options.bodyBytesMax ?? 1_048_576, 1_024, 67_108_864),
    signaturePastMs,
    signatureFutureMs,
    allowPrivateAddress: check.yesNo('allowPrivateAddress', options.allowPrivateAddress ?? false),
    trustedProxies: checkProxies(options.trustedProxies ?? [], report),
    mailboxDepthMax: check.whole('mailboxDepthMax', options.mailboxDepthMax ?? 100_000, 1, 100_000_000),
    authorizedFetch: check.yesNo('authorizedFetch', options.authorizedFetch ?? false),
    signedIn: checkSignedIn(options.signedIn, report),
    publicBlocklist: checkBlocklist(options.publicBlocklist, report),
    filters: checkFilters(options.filters ?? [], check, report),
    shadowFilters: checkFilters(options.shadowFilters ?? [], check, report, SHADOW_POLICY),
    scoreThresholds: checkThresholds(options.scoreThresholds, report),
    alerts: checkAlerts(options.alerts ?? [], check, report),
    retention: checkRetention(options.retention ?? {}, signatureMs, check, report),
    logger: checkLogger(options.logger, report),
  };
  return { settings, faults };
}

function createChecks(report: Report) {
  const durationMs = (option: string, value: unknown): number => {
    const ms = typeof value === 'string' ? millisecondsOf(value) : null;
    if (ms === null) report(option, value, "not a duration with a unit, such as '1 hour' or '30s'");
    return ms ?? 0;
  };
  const whole = (option: string, value: unknown, least: number, most: number): number => {
    const isFine = Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
    if (!isFine) report(option, value, `not a whole number from ${least} to ${most}`);
    return isFine ? (value as number) : least;
  };
  return {
    durationMs,
    whole,
    rate(option: string, value: unknown) {
      if (typeof value !== 'object' || value === null) {
        report(option, value, "not a limit with its window, such as { limit: 100, window: '1 hour' }");
        return { limit: 1, windowMs: 1 };
      }
      const { limit, window } = value as Partial<RateLimit>;
      return {
        limit: whole(`${option}.limit`, limit, 1, 1_000_000_000),
        windowMs: durationMs(`${option}.window`, window),
      };
    },
    text(option: string, value: unknown, absent: string): string {
      if (value === undefined) return absent;
      if (typeof value !== 'string') report(option, value, 'not a text');
      return typeof value === 'string' ? value : absent;
    },
    yesNo(option: string, value: unknown): boolean {
      if (typeof value !== 'boolean') report(option, value, 'neither true nor false');
      return value === true;
    },
  };
}

function checkActors(actors: unknown, report: Report): Settings['actors'] {
  if (typeof actors === 'function') return actors as ActorResolver;
  if (typeof actors !== 'object' || actors === null || Array.isArray(actors)) {
    report('actors', actors, 'neither a map from handles, such as { alice: {} }, nor a resolver');
    return {};
  }
  for (const [name, actor] of Object.entries(actors)) {
    if (name === '_instance') report('actors', name, 'reserved for the instance actor');
    else if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(name)) {
      report('actors', name, 'not a handle: letters, digits, _ . - and at most 64 of them');
    }
    if (typeof actor !== 'object' || actor === null)
      report(`actors.${name}`, actor, 'not an object, such as {}');
    else {
      const problem =
        followPolicyProblem(actor.locked, actor.followPolicy) ?? aliasesProblem(actor.alsoKnownAs);
      if (problem !== null) report(`actors.${name}`, actor, problem);
    }
  }
  return actors as Settings['actors'];
}

function checkProxies(ranges: unknown, report: Report): readonly string[] {
  if (!Array.isArray(ranges)) {
    report('trustedProxies', ranges, 'not a list of addresses and CIDR ranges');
    return [];
  }
  for (const range of ranges) {
    if (typeof range !== 'string' || !isCidr(range)) {
      report('trustedProxies', range, 'not an address or CIDR range, such as 10.0.0.0/8');
    }
  }
  return ranges;
}

function checkBlocklist(option: unknown, report: Report): Settings['publicBlocklist'] {
  if (option == null || option === false) return null;
  if (option === true) return { comments: false };
  const { comments, ...others } = option as { comments?: unknown };
  if (typeof comments === 'boolean' && Object.keys(others).length === 0) return { comments };
  report('publicBlocklist', option, 'neither true nor false nor { comments: true } or { comments: false }');
  return null;
}

function checkSignedIn(signedIn: unknown, report: Report): Settings['signedIn'] {
  if (signedIn == null) return null;
  if (typeof signedIn !== 'function') report('signedIn', signedIn, 'not a function');
  return signedIn as Settings['signedIn'];
}

function checkLogger(logger: Logger | undefined, report: Report): Logger {
  const missing = (['debug', 'info', 'warn', 'error'] as const).filter(
    (level) => logger !== undefined && typeof logger?.[level] !== 'function',
  );
  if (missing.length > 0) report('logger', '…', `has no ${missing.join(', ')}`);
  return logger ?? stderrLogger;
}

/** Is this an address or a CIDR range? */
export function isCidr(text: string): boolean {
  const [address = '', prefix, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

function checkOrigin(origin: unknown, report: Report): URL | null {
  const parsed = typeof origin === 'string' ? URL.parse(origin) : null;
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')) {
    report('origin', origin, 'not an origin, such as https://social.example');
    return null;
  }
  const isBare =
    parsed.pathname === '/' && parsed.search === '' && parsed.hash === '' && parsed.username === '';
  if (!isBare || /[?#]/.test(origin as string))
    report('origin', origin, 'has more than scheme, host and port');
  return parsed;
}
