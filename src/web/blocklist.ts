/**
 * Mastodon's public list of what is blocked and silenced here: `GET /api/v1/instance/domain_blocks`. Off by default: bots
 * announce blocks, and harassment follows. It is made anew when a rule has changed, and looked at no more often than
 * that it takes a fifth of the time, so that nobody can keep the database busy with it.
 */
import { hash } from 'node:crypto';
import { digestOf, mastodonSeverity, obfuscated } from '../lists/index.ts';
import { allRulesInForce, rulesVersion } from '../store/rules-in-force.ts';
import type { Store } from '../store/store.ts';
import type { Answer } from '../verdict.ts';
import type { Asker } from './asker.ts';

export const BLOCKLIST_PATH = '/api/v1/instance/domain_blocks';

/** After a look, rest for so many times as long as it took. */
const REST = 4;

interface Made {
  readonly version: string;
  readonly body: string;
  readonly etag: string;
}

/** The page; 404 with an empty body when it is switched off. */
export function createBlocklist(
  store: Store,
  published: { readonly comments: boolean } | null,
): (asker: Asker) => Promise<Answer> {
  let made: Promise<Made> | undefined;
  let restsUntilMs = 0;

  async function make(before: Made | undefined): Promise<Made> {
    const atMs = store.clock.now();
    const version = await rulesVersion(store, atMs);
    if (version === before?.version) return before;
    const body = JSON.stringify(await entries(store, atMs, published?.comments === true));
    return { version, body, etag: `W/"${hash('sha256', body, 'hex').slice(0, 24)}"` };
  }

  /** The list of now, or of just before. Whoever asks while it is made waits for the same one. */
  function current(): Promise<Made> {
    const beginMs = performance.now();
    if (made !== undefined && beginMs < restsUntilMs) return made;
    const before = made;
    restsUntilMs = Number.POSITIVE_INFINITY;
    const looking = (async () => make(await before?.catch(() => undefined)))();
    made = looking;
    const rest = (): void => {
      const endMs = performance.now();
      restsUntilMs = endMs + REST * (endMs - beginMs);
    };
    // A fault is not kept: who asks next looks again.
    looking.then(rest, () => {
      made = undefined;
    });
    return looking;
  }

  return async (asker) => {
    if (published === null) return { status: 404, headers: { 'cache-control': 'no-store' }, body: '' };
    const { body, etag } = await current();
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      // As long as Mastodon's may be kept, so that whoever polls both polls alike.
      'cache-control': 'public, max-age=300, stale-while-revalidate=30, stale-if-error=86400',
      'access-control-allow-origin': '*',
      etag,
    };
    const isKept = (asker.header('if-none-match') ?? '').split(/\s*,\s*/).includes(etag);
    return isKept ? { status: 304, headers, body: '' } : { status: 200, headers, body };
  };
}

/** What is silenced first, then what is blocked, each by name. */
async function entries(store: Store, atMs: number, hasComments: boolean): Promise<object[]> {
  const rules = await allRulesInForce(store, atMs);
  const of = (wanted: 'silence' | 'block') => rules.filter(({ severity }) => severity === wanted);
  return [...of('silence'), ...of('block')].map(({ domain, severity, obfuscate, publicComment }) => ({
    domain: obfuscate ? obfuscated(domain) : domain,
    digest: digestOf(domain),
    severity: mastodonSeverity(severity),
    comment: hasComments ? publicComment : null,
  }));
}
