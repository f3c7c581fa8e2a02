/** The option `alerts`: who is told of what, and by which way. Shapes, and their check. It may come from JSON. */
import type { Duration } from './duration.ts';

/** What may be told. */
const ALERT_EVENTS = [
  'domain.state_changed',
  ...(['domain_block.created', 'domain_block.updated', 'domain_block.deleted'] as const),
  ...(['domain_allow.created', 'domain_allow.updated', 'domain_allow.deleted'] as const),
  ...(['follow.pending', 'follow.accepted', 'follow.rejected', 'follow.withdrawn'] as const),
  ...(['hold.created', 'hold.released', 'hold.rejected'] as const),
  ...(['report.created', 'report.updated', 'appeal.created', 'appeal.updated'] as const),
  ...(['list.suspicious', 'dead_letters.growing', 'reviews.due'] as const),
] as const;
export type AlertEvent = (typeof ALERT_EVENTS)[number];

/** Events by name, and all of a kind: `report.*`, `*`. */
export type AlertPattern = AlertEvent | `${string}.*` | '*';

/** Mail over SMTP: what a person should look at, and a digest of blocks to be reviewed. */
export interface MailChannel {
  readonly use: 'mail';
  /** In lists and logs. @default its `use` with a number, such as `mail#1` */
  readonly name?: string;
  /** `smtp://user:password@mail.example:587` (STARTTLS where the server has it) or `smtps://…`; may be private. */
  readonly url: string;
  readonly from: string;
  readonly to: string | readonly string[];
  /**
   * Of changes of domains only those to `blocked` and `rate-limited` that nobody here decided, whatever stands here.
   * @default what the runtime and lists decided, holds, reports, appeals, suspicious lists, dead letters, reviews
   */
  readonly events?: readonly AlertPattern[];
  /** How often blocks that are due for a review are listed. @default '7 days' */
  readonly digest?: Duration | 'off';
}

/** A POST of JSON, signed, for each event. */
export interface WebhookChannel {
  readonly use: 'webhook';
  readonly name?: string;
  /** May be private and plain http. Redirects are not followed. */
  readonly url: string;
  /** Signs the body; at least 12 characters. */
  readonly secret: string;
  /** @default all of them */
  readonly events?: readonly AlertPattern[];
}

/** A message to an incoming webhook as Slack, Mattermost, Rocket.Chat, Zulip and Discord (`/slack`) take it. */
export interface SlackChannel {
  readonly use: 'slack';
  readonly name?: string;
  readonly url: string;
  /** @default as for mail, but reviews */
  readonly events?: readonly AlertPattern[];
}

export type AlertChannel = MailChannel | WebhookChannel | SlackChannel;

/** A channel, checked. */
export type ChannelSettings = { readonly name: string; readonly events: readonly string[] } & (
  | {
      readonly use: 'mail';
      readonly url: string;
      readonly from: string;
      readonly to: readonly string[];
      readonly digestMs: number | null;
    }
  | { readonly use: 'webhook'; readonly url: string; readonly secret: string }
  | { readonly use: 'slack'; readonly url: string }
);

type Report = (option: string, value: unknown, problem: string) => void;
interface Check {
  durationMs(option: string, value: unknown): number;
}
interface Place {
  readonly place: string;
  readonly check: Check;
  readonly report: Report;
}
type Given = Readonly<Record<string, unknown>>;

/** What a person wants to hear of. */
const FOR_PEOPLE: readonly string[] = [
  ...(['domain.state_changed', 'hold.created', 'report.created', 'appeal.created'] as const),
  ...(['list.suspicious', 'dead_letters.growing', 'reviews.due'] as const),
];
const NAMES: Readonly<Record<AlertChannel['use'], readonly string[]>> = {
  mail: ['use', 'name', 'url', 'from', 'to', 'events', 'digest'],
  webhook: ['use', 'name', 'url', 'secret', 'events'],
  slack: ['use', 'name', 'url', 'events'],
};
const USES = Object.keys(NAMES) as readonly AlertChannel['use'][];
const CHANNELS_MAX = 20;
const RECIPIENTS_MAX = 100;
const SECRET_CHARACTERS_MIN = 12;
const DAY_MS = 86_400_000;

/** The channels with their defaults; of no use where there are faults. What is secret is in no message. */
export function checkAlerts(given: unknown, check: Check, report: Report): readonly ChannelSettings[] {
  if (!Array.isArray(given) || given.length > CHANNELS_MAX) {
    report('alerts', '(not shown)', `not a list of at most ${CHANNELS_MAX} channels`);
    return [];
  }
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return given.flatMap((one: unknown, at): ChannelSettings[] => {
    const place = `alerts[${at}]`;
    const options: Given = typeof one === 'object' && one !== null ? (one as Given) : {};
    const use = USES.find((known) => known === options.use);
    if (use === undefined) {
      report(`${place}.use`, options.use, `no way to tell anybody; there are ${USES.join(', ')}`);
      return [];
    }
    for (const name of Object.keys(options))
      if (!NAMES[use].includes(name))
        report(`${place}.${name}`, '…', `no such option of ${use}; there are ${NAMES[use].join(', ')}`);
    const number = (counts.get(use) ?? 0) + 1;
    counts.set(use, number);
    const name = options.name ?? `${use}#${number}`;
    if (typeof name !== 'string' || !/^[\w#.@ -]{1,60}$/.test(name))
      report(`${place}.name`, name, 'not a plain name of at most 60 characters');
    if (taken.has(String(name))) report(`${place}.name`, name, 'another channel has this name');
    taken.add(String(name));
    const events = checkEvents(options.events, use, { place, check, report });
    return [{ name: String(name), events, ...checkOne(use, options, { place, check, report }) }];
  });
}

function checkOne(use: AlertChannel['use'], options: Given, { place, check, report }: Place) {
  const url = (schemes: readonly string[]): string => {
    const parsed = typeof options.url === 'string' ? URL.parse(options.url) : null;
    if (parsed === null || !schemes.includes(parsed.protocol) || parsed.hostname === '')
      report(`${place}.url`, '(not shown)', `not a URL with ${schemes.join(' or ')}`);
    else if (use !== 'mail' && (parsed.username !== '' || parsed.password !== ''))
      report(`${place}.url`, '(not shown)', 'names a user');
    return parsed?.href ?? '';
  };
  switch (use) {
    case 'mail': {
      const recipients: readonly unknown[] = Array.isArray(options.to) ? options.to : [options.to];
      if (recipients.length === 0 || recipients.length > RECIPIENTS_MAX || !recipients.every(isAddress))
        report(`${place}.to`, options.to, `not 1 to ${RECIPIENTS_MAX} addresses`);
      if (!isAddress(options.from)) report(`${place}.from`, options.from, 'not an address');
      const { digest = '7 days' } = options;
      const digestMs = digest === 'off' ? null : check.durationMs(`${place}.digest`, digest);
      if (digestMs !== null && digestMs > 0 && digestMs < DAY_MS)
        report(`${place}.digest`, digest, 'shorter than a day');
      const to = recipients.map(String);
      return { use, url: url(['smtp:', 'smtps:']), from: String(options.from), to, digestMs };
    }
    case 'webhook': {
      const { secret } = options;
      if (typeof secret !== 'string' || secret.length < SECRET_CHARACTERS_MIN)
        report(
          `${place}.secret`,
          '(not shown)',
          `not a text of at least ${SECRET_CHARACTERS_MIN} characters`,
        );
      return { use, url: url(['https:', 'http:']), secret: String(secret) };
    }
    case 'slack':
      return { use, url: url(['https:', 'http:']) };
  }
}

/** `a@b.example`, or `Name <a@b.example>`; nothing that could end a header. */
const isAddress = (text: unknown): boolean =>
  typeof text === 'string' &&
  text.length <= 320 &&
  /^(?:[^\p{Cc}<>]*<[^\p{Cc}\s<>@]+@[^\p{Cc}\s<>@]+>|[^\p{Cc}\s<>@]+@[^\p{Cc}\s<>@]+)$/u.test(text);

function checkEvents(given: unknown, use: AlertChannel['use'], { place, report }: Place): readonly string[] {
  if (given === undefined) {
    if (use === 'webhook') return ['*'];
    return use === 'mail' ? FOR_PEOPLE : FOR_PEOPLE.filter((event) => event !== 'reviews.due');
  }
  const isKnown = (pattern: unknown): boolean =>
    typeof pattern === 'string' && ALERT_EVENTS.some((event) => isAbout(pattern, event));
  if (!Array.isArray(given) || given.length === 0 || !given.every(isKnown)) {
    report(`${place}.events`, given, `not a list of events; there are ${ALERT_EVENTS.join(', ')}, and *`);
    return [];
  }
  return given as readonly string[];
}

/** Is an event among those that a pattern names? */
export function isAbout(pattern: string, event: string): boolean {
  if (pattern === '*' || pattern === event) return true;
  return pattern.endsWith('.*') && event.startsWith(pattern.slice(0, -1));
}
