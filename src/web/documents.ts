/** ActivityStreams documents on their way out: in the form that was asked for, with what caches need. ActivityPub 3.2 */
import { hash } from 'node:crypto';
import { type Answer, problem } from '../verdict.ts';
import type { Asker } from './asker.ts';
import { wishOf } from './negotiation.ts';

/** How long a document that everybody may read may be kept, in seconds: a new follower may be missing for so long. */
const KEPT_SECONDS = 60;

/** A document that somebody may read. */
export interface Page {
  readonly document: object;
  /** @default 200 */
  readonly status?: number;
  /** Where people read the same. */
  readonly url?: string | null;
}

/** The answer with a document; `isForAll`: everybody may read it. `vary` names what another answer depends on. */
export function documentAnswer(
  { document, status = 200, url = null }: Page,
  asker: Asker,
  { isForAll, vary }: { readonly isForAll: boolean; readonly vary: string },
): Answer {
  const { json, isForPeople } = wishOf(asker.header('accept'));
  if (url !== null && (isForPeople || json === null))
    return { status: 303, headers: { location: url, vary }, body: '' };
  if (json === null) return problem(406, 'not-acceptable', 'Not acceptable', { vary });
  const body = JSON.stringify(document);
  const etag = `W/"${hash('sha256', body, 'hex').slice(0, 24)}"`;
  const headers = {
    'content-type': json,
    vary,
    etag,
    'cache-control': isForAll ? `public, max-age=${KEPT_SECONDS}` : 'private, no-store',
    'access-control-allow-origin': '*',
  };
  const isKept = status === 200 && (asker.header('if-none-match') ?? '').split(/\s*,\s*/).includes(etag);
  return isKept ? { status: 304, headers, body: '' } : { status, headers, body };
}
