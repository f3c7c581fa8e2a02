/** Every option with its unit, default and reason: the shapes, types only. */
import type { AlertChannel, ChannelSettings } from './alerts.ts';
import type { DomainPolicyOptions, DomainPolicySettings } from './domains.ts';
import type { Duration } from './duration.ts';
import type { FilterSettings } from './filters/fields.ts';
import type { BuiltInFilter, ScoreThresholds } from './filters/shape.ts';
import type { RetentionOptions, RetentionSettings } from './retention.ts';

export type {
  AlertChannel,
  AlertEvent,
  AlertPattern,
  ChannelSettings,
  MailChannel,
  SlackChannel,
  WebhookChannel,
} from './alerts.ts';
export type { Duration } from './duration.ts';
export type { FilterSettings } from './filters/fields.ts';
export type * from './filters/shape.ts';
export type { Keep, RetentionOptions, RetentionSettings } from './retention.ts';

/** So many activities in each window; a window starts with its first counted activity. */
export interface RateLimit {
  readonly limit: number;
  readonly window: Duration;
}

/** Where log lines go: constant messages with their facts beside them. pino and LogTape fit as they are. */
export interface Logger {
  debug(message: string, facts?: Readonly<Record<string, unknown>>): void;
  info(message: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void;
  error(message: string, facts?: Readonly<Record<string, unknown>>): void;
}

/**
 * Whom a rule of a follow policy is about: everybody; those whom our actor follows, by their leave; the actors of these
 * domains and of their subdomains; or these actors, by their ids.
 */
export type FollowersNamed =
  | 'everybody'
  | 'mutuals'
  | { readonly domains: readonly string[] }
  | { readonly actors: readonly string[] };

/**
 * One rule of a follow policy: `accept` at once, `ask` (the request waits for a decision), or `reject` at once. `hold`
 * keeps the Follow from its actor until a moderator approves it (`inbox.held`); then it is `ask`.
 */
export interface FollowRule {
  readonly from: FollowersNamed;
  readonly answer: 'accept' | 'ask' | 'reject' | 'hold';
}

/**
 * What becomes of requests to follow a local actor: one answer for everybody; rules of which the first that fits counts,
 * and where none fits, it is `ask` (at most 10000 names in all); or a function.
 * @example
 * ```ts
 * const policy: FollowPolicy = [
 *   { from: { actors: ['https://spam.example/users/mal'] }, answer: 'reject' },
 *   { from: 'mutuals', answer: 'accept' },
 *   { from: { domains: ['friends.example'] }, answer: 'accept' },
 *   { from: 'everybody', answer: 'ask' },
 * ];
 * ```
 */
export type FollowPolicy = FollowRule['answer'] | readonly FollowRule[] | FollowPolicyFunction;

/** Somebody asks to follow one of our actors, as a policy of the service's own sees it. Read without network. */
export interface FollowPolicyRequest {
  /** The Follow's id. */
  readonly activityId: string;
  readonly follower: {
    readonly uri: string;
    readonly domain: string;
    /** What came with its key; null where it is not known. */
    readonly type: string | null;
    readonly preferredUsername: string | null;
    readonly name: string | null;
    /** When its server says that it was made; nobody vouches for it. */
    readonly published: Date | null;
  };
  /** Our actor. */
  readonly following: { readonly id: string; readonly handle: string };
  /** Aborted when the answer comes too late to count. */
  readonly signal: AbortSignal;
}

/**
 * A policy in code. It is asked where filters are, before any effect, and may take 2 seconds; one that throws, takes
 * longer or gives something else counts as `ask`. It may be asked again when its process dies in between.
 */
export type FollowPolicyFunction = (
  request: FollowPolicyRequest,
) => FollowRule['answer'] | Promise<FollowRule['answer']>;

/** What the service says about a local actor in the `actors` map. */
export interface LocalActorOptions {
  /** Follow requests wait for a decision: `followPolicy: 'ask'`. @default false */
  readonly locked?: boolean;
  /**
   * What becomes of follow requests. `locked` besides it must say the same about everybody who has no rule of its own:
   * true is `ask`, false is `accept`. @default `locked ? 'ask' : 'accept'`
   */
  readonly followPolicy?: FollowPolicy;
  /** The display name in the actor document. @default the handle */
  readonly name?: string;
  /** The ActivityStreams type of the actor. @default 'Person' */
  readonly type?: 'Person' | 'Service' | 'Group' | 'Organization' | 'Application';
  readonly summary?: string;
  /** Its page for people: what the document calls `url`, and where those are sent who ask for HTML. @default none */
  readonly url?: string;
  /** Ids of this actor elsewhere, in its document: from these it can move here, followers and all. @default none */
  readonly alsoKnownAs?: readonly string[];
  /** An RSA key pair the service already has, PEM. @default made at the first start and stored */
  readonly keys?: { readonly publicKeyPem: string; readonly privateKeyPem: string };
}

/** A local actor as an `ActorResolver` gives it. */
export interface ResolvedActor extends LocalActorOptions {
  /** The actor's id: an absolute URL on the configured origin. */
  readonly id: string;
  /** The name in `acct:name@host` and in the path templates. */
  readonly handle: string;
  /** @default the id with `/inbox` after it */
  readonly inbox?: string;
}

/** Finds a local actor by the URL of its id or by its handle; null when the service has no such actor. */
export type ActorResolver = (
  query: { url: string } | { handle: string },
) => Promise<ResolvedActor | null> | ResolvedActor | null;

/**
 * The service's own login: which of its actors has sent this GET, by id or handle; null for none of them. It is asked for
 * requests with a Cookie or an Authorization header only, and for at most 2 seconds. Whoever it names reads its own
 * inbox, the whole of its outbox, and what is addressed to it.
 */
export type SignedIn = (request: {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
}) => Promise<string | null> | string | null;

/** Everything that can be said to `createInbox`. Defaults are those of the contract. */
export interface InboxOptions extends DomainPolicyOptions {
  /** Public origin; every id, signature target and Host check uses it, never a forwarded header. */
  readonly origin: string;
  /** `postgres://…`; absent or empty: embedded PGlite in `dataDirectory`. */
  readonly database?: string | undefined;
  /** Directory of the embedded database; `memory://` keeps nothing. @default '.sallyport' */
  readonly dataDirectory?: string | undefined;
  /** Local actors: a map from handle, or an asynchronous resolver. @default none */
  readonly actors?: Readonly<Record<string, LocalActorOptions>> | ActorResolver | undefined;
  /** Path template of local actors' ids. @default '/users/:name' */
  readonly actorPath?: string | undefined;
  /** Activities that a verified domain may send. @default { limit: 36000, window: '1 hour' } (lemmy.world was seen at 18 000) */
  readonly rateLimit?: RateLimit | undefined;
  /** The same for each remote actor. @default off */
  readonly actorRateLimit?: RateLimit | undefined;
  /** How long a follow request may wait for a decision of ours; then it is rejected, and the follower is told. @default for ever */
  readonly followExpiry?: Duration | undefined;
  /** Flags of one reporter about one target come to one report for so long. @default '24 hours' */
  readonly reportWindow?: Duration | undefined;
  /** A blocked domain may appeal once in so long. @default '30 days' */
  readonly appealPeriod?: Duration | undefined;
  /** Worker threads for verification. @default cores - 1, at least 1 */
  readonly workers?: number | undefined;
  /** Request bodies above this are answered 413, in bytes. @default 1048576 (13 times the largest seen) */
  readonly bodyBytesMax?: number | undefined;
  /** How old and how far ahead of our clock a signature may be. @default { past: '1 hour', future: '5 minutes' } */
  readonly signatureWindow?: { readonly past: Duration; readonly future: Duration } | undefined;
  /** Remote fetches may reach loopback and private addresses over plain http; tests and benchmarks only. @default false */
  readonly allowPrivateAddress?: boolean | undefined;
  /** Reverse proxies (CIDR) whose X-Forwarded-For counts as the source address for budgets. @default none */
  readonly trustedProxies?: readonly string[] | undefined;
  /**
   * Documents are read only by those who sign their requests, and by nobody from a blocked domain. Without a signature an
   * actor shows what it takes to verify it and to write to it; the instance actor and discovery show all. @default false
   */
  readonly authorizedFetch?: boolean | undefined;
  /** Who of our own actors asks for a document, by the service's own login. @default nobody */
  readonly signedIn?: SignedIn | undefined;
  /**
   * What is blocked and silenced here, for everybody, as Mastodon shows it; `comments` shows why. Bots announce what they
   * find there. @default false
   */
  readonly publicBlocklist?: boolean | { readonly comments: boolean } | undefined;
  /** Built-in filters, asked in this order before those in code. @default none */
  readonly filters?: readonly BuiltInFilter[] | undefined;
  /**
   * Built-in filters that are only tried, together: asked in this order after all others, and what they would have made
   * of an activity is one entry of its history. `scoreThresholds` holds for them too. @default none
   */
  readonly shadowFilters?: readonly BuiltInFilter[] | undefined;
  /** What the points of filters add up to: the highest threshold that is reached decides. @default none */
  readonly scoreThresholds?: ScoreThresholds | undefined;
  /** Accepted and unprocessed activities above which new ones are answered 503. @default 100000 */
  readonly mailboxDepthMax?: number | undefined;
  /** Who is told of what happens: by mail, by webhooks, in a chat. @default nobody */
  readonly alerts?: readonly AlertChannel[] | undefined;
  /** How long what is stored is kept. @default documents 30 days, activities and counts a year */
  readonly retention?: RetentionOptions | undefined;
  /** Where log lines go. @default warnings and errors as JSON lines on stderr */
  readonly logger?: Logger | undefined;
}
/** The checked options, durations in milliseconds. */
export interface Settings extends DomainPolicySettings {
  readonly origin: string;
  readonly host: string;
  readonly database: string | null;
  readonly dataDirectory: string;
  readonly actors: Readonly<Record<string, LocalActorOptions>> | ActorResolver;
  readonly actorPath: string;
  readonly rateLimit: { readonly limit: number; readonly windowMs: number };
  readonly actorRateLimit: { readonly limit: number; readonly windowMs: number } | null;
  readonly followExpiryMs: number | null;
  readonly reportWindowMs: number;
  readonly appealPeriodMs: number;
  readonly workers: number;
  readonly bodyBytesMax: number;
  readonly signaturePastMs: number;
  readonly signatureFutureMs: number;
  readonly allowPrivateAddress: boolean;
  readonly trustedProxies: readonly string[];
  readonly mailboxDepthMax: number;
  readonly authorizedFetch: boolean;
  readonly signedIn: SignedIn | null;
  /** Null: nobody is shown any. */
  readonly publicBlocklist: { readonly comments: boolean } | null;
  readonly filters: readonly FilterSettings[];
  readonly shadowFilters: readonly FilterSettings[];
  /** Lowest first. */
  readonly scoreThresholds: readonly { readonly type: keyof ScoreThresholds; readonly points: number }[];
  readonly alerts: readonly ChannelSettings[];
  readonly retention: RetentionSettings;
  readonly logger: Logger;
}
