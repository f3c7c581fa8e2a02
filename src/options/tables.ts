/** Every variable and every option as data: the tables of the README are made of it, and a test holds them together. */

/** name, what it means, default */
export type Row = readonly [name: string, meaning: string, byDefault: string];

/** The environment of `sallyport start`. */
export const VARIABLES: readonly Row[] = [
  [
    'SALLYPORT_ORIGIN',
    'public origin (`https://social.example`); every id, signature target and Host check uses it, never a forwarded header',
    '`http://localhost:` and the port bound',
  ],
  ['SALLYPORT_LISTEN', '`host:port`; port 0 picks a free one', '`127.0.0.1:4680`'],
  ['DATABASE_URL', '`postgres://…`; absent: embedded PGlite', 'absent'],
  ['SALLYPORT_DATA', 'directory of the embedded database and of `run.json`', '`.sallyport`'],
  [
    'SALLYPORT_ACTORS',
    'local actors to make if absent, instead of those in the configuration file: `alice,bob,carol:locked` (`locked`: follow requests wait for a decision)',
    'none',
  ],
  [
    'SALLYPORT_ADMIN_TOKEN',
    'bearer token of the admin API; absent: a new one at each start, printed to stderr as `sallyport admin token: TOKEN`',
    'absent',
  ],
  [
    'SALLYPORT_MODERATORS',
    'people with their own tokens and roles: `maria:moderator:TOKEN,…`; a role is `viewer`, `moderator` or `admin`',
    'none',
  ],
  ['SALLYPORT_ADMIN_LISTEN', '`host:port` of its own for admin API and metrics', 'the main one'],
  [
    'SALLYPORT_TRUSTED_PROXIES',
    'CIDR list of reverse proxies whose `X-Forwarded-For` counts as the source address for budgets',
    'none',
  ],
  ['SALLYPORT_WORKERS', 'worker threads', 'cores − 1, at least 1'],
  [
    'SALLYPORT_RATE_LIMIT',
    'activities a verified domain may send, `LIMIT/WINDOW` with units s, m, h, d: `100/1h`, `600/1m`, `10/3s`',
    '`36000/1h`',
  ],
  ['SALLYPORT_ACTOR_RATE_LIMIT', 'the same per remote actor', 'off'],
  [
    'SALLYPORT_ALLOW_PRIVATE_ADDRESS',
    '`1` lets remote fetches reach loopback and private addresses, over plain http and any port; tests and benchmarks only',
    'off',
  ],
  [
    'SALLYPORT_PUBLIC_BLOCKLIST',
    '`1` shows everybody what is blocked and silenced here, as Mastodon does',
    'off',
  ],
  [
    'SALLYPORT_CONFIG',
    'a `.ts`, `.js` or `.json` module whose default export holds options of `createInbox`; the environment wins',
    '`sallyport.config.*` if present',
  ],
];

/** The options of `createInbox`. */
export const OPTIONS: readonly Row[] = [
  ['origin', 'public origin; the one option that has to be given', 'required'],
  ['database', '`postgres://…`; absent: embedded PGlite in `dataDirectory`', 'absent'],
  ['dataDirectory', 'directory of the embedded database; `memory://` keeps nothing', "`'.sallyport'`"],
  ['actors', 'local actors: a map from handle, or an asynchronous resolver of the service', 'none'],
  ['actorPath', 'path template of the ids of local actors', "`'/users/:name'`"],
  [
    'rateLimit',
    'activities that a verified domain may send; a window starts with its first activity',
    "`{ limit: 36000, window: '1 hour' }`: twice what lemmy.world was seen to send",
  ],
  ['actorRateLimit', 'the same for each remote actor', 'off'],
  [
    'blockAfterStrikes',
    'times a domain may run into its limit before it is blocked for `strikeBlock`',
    'off',
  ],
  ['strikeBlock', 'how long a block by strikes lasts', "`'7 days'`"],
  ['strikeDecay', 'after so long in good standing the strikes of a domain are forgotten', "`'30 days'`"],
  [
    'limitGrowth',
    'by how much each further strike makes a limit longer, up to a week',
    '`1`: the rest of the window',
  ],
  [
    'probation',
    "new domains may send only `limit` in a window, until they are in good standing `for` so long: `{ for: '3 days', limit: 100 }`",
    'off',
  ],
  ['federation', 'who may come in: `open`, or `allowlist` for domains with the rule `allow` alone', '`open`'],
  [
    'blockedAnswer',
    'the answer to a blocked domain; with `202` nobody can find out who is blocked, and a block costs a signature',
    '`403`',
  ],
  [
    'followExpiry',
    'how long a follow request may wait for a decision of ours; then it is rejected, and the follower told',
    'for ever',
  ],
  ['reportWindow', 'reports of one reporter about one target are one for so long', "`'24 hours'`"],
  ['appealPeriod', 'a blocked domain may appeal once in so long', "`'30 days'`"],
  ['workers', 'threads that verify', 'cores − 1, at least 1'],
  ['bodyBytesMax', 'bodies above this are answered 413; bytes', '`1048576`: 13 times the largest seen'],
  [
    'signatureWindow',
    'how old, and how far ahead of our clock, a signature may be',
    "`{ past: '1 hour', future: '5 minutes' }`",
  ],
  ['allowPrivateAddress', 'remote fetches may reach loopback and private addresses; tests only', '`false`'],
  ['trustedProxies', 'addresses and CIDR ranges of reverse proxies', 'none'],
  ['mailboxDepthMax', 'accepted, unprocessed activities above which new ones are answered 503', '`100000`'],
  [
    'authorizedFetch',
    'documents are read only by servers that sign for it, and by none that is blocked',
    '`false`',
  ],
  [
    'publicBlocklist',
    '`GET /api/v1/instance/domain_blocks` for everybody; `{ comments: true }` says why, too',
    '`false`: bots announce what they find there',
  ],
  [
    'signedIn',
    'which of our own actors asks for a document, by your own login; it reads its own inbox',
    'nobody',
  ],
  ['filters', 'built-in filters, asked in this order before those in code', 'none'],
  [
    'shadowFilters',
    'built-in filters that are only tried: what they would have made of an activity stands in its history',
    'none',
  ],
  [
    'scoreThresholds',
    'what the points of filters come to: the highest of `{ hold, reject, drop }` that is reached decides',
    'none',
  ],
  [
    'alerts',
    'who is told of what happens: channels `mail`, `webhook` and `slack` ([alerts](#alerts))',
    'nobody',
  ],
  [
    'retention',
    'how long what is stored is kept ([retention](#retention))',
    "documents `'30 days'`, activities, log and counts `'1 year'`",
  ],
  [
    'logger',
    'any object with `debug info warn error`; pino and LogTape fit',
    'warnings and errors as JSON on stderr',
  ],
];

/** A table as the README has it. */
export function markdownOf(rows: readonly Row[], head: string): string {
  const lines = rows.map(([name, meaning, byDefault]) => `| \`${name}\` | ${meaning} | ${byDefault} |`);
  return [`| ${head} | meaning | default |`, '|---|---|---|', ...lines].join('\n');
}
