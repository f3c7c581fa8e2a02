/**
 * Mastodon's admin API for domain blocks and domain allows, so that the tools which speak it drive us: exactly its paths,
 * its words and its errors. Every change is one of what people here say, and stands in the log and the batches as such.
 */
import type { Inbox } from '../../embed.ts';
import { SallyportError } from '../../errors.ts';
import type { Answer } from '../../verdict.ts';
import { covers, type Person } from '../people.ts';
import { Refused } from '../problems.ts';
import { matchPath } from '../route.ts';
import { domainAllows } from './domain-allows.ts';
import { domainBlocks } from './domain-blocks.ts';
import { type Ending, failed, NOT_ALLOWED, NOT_FOUND, TOKEN_INVALID } from './endings.ts';
import { measures } from './measures.ts';
import { readParameters } from './parameters.ts';

/** Where it lies. */
const MASTODON_PATH = '/api/v1/admin';

export const isMastodonPath = ({ url }: Request): boolean =>
  new URL(url).pathname.startsWith(`${MASTODON_PATH}/`);

/** A fault of ours, or what passes by itself, in Mastodon's form. */
export const mastodonFault = ({ status, headers }: Answer): Response => {
  const retryAfter = headers['retry-after'];
  const isAway = status === 503;
  return failed(
    status,
    isAway ? 'Service unavailable' : 'Internal error',
    {},
    {
      ...(retryAfter !== undefined && { 'retry-after': retryAfter }),
    },
  );
};

const ENDINGS: readonly Ending[] = [...domainBlocks, ...domainAllows, ...measures];

/** What passes by itself. */
const AWAY: ReadonlySet<string> = new Set(['ERR_DATABASE_UNAVAILABLE', 'ERR_OVERFLOW', 'ERR_CLOSED']);

/** `person` is null when nobody is known by the token. */
export async function answerMastodon(
  inbox: Inbox,
  person: Person | null,
  request: Request,
): Promise<Response> {
  if (person === null) return TOKEN_INVALID();
  const url = new URL(request.url);
  const path = url.pathname.slice(MASTODON_PATH.length);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const matching = ENDINGS.filter((ending) => matchPath(ending.path, path) !== null);
  if (matching.length === 0) return NOT_FOUND();
  const ending = matching.find((one) => one.method === method);
  if (ending === undefined) {
    const allow = matching.map((one) => one.method).join(', ');
    return failed(405, 'Method not allowed', {}, { allow });
  }
  if (!covers(person.role, ending.isReading ? 'viewer' : 'moderator')) return NOT_ALLOWED();
  try {
    const parameters = await readParameters(url, request);
    const { id = '' } = matchPath(ending.path, path) ?? {};
    return await ending.answer({ inbox, by: person.name, id, parameters, request });
  } catch (error) {
    // What is wrong with the request itself comes from rooms that speak of problems: the words stay, the form is Mastodon's.
    if (error instanceof Refused) return failed(error.answer.status, 'The request could not be read');
    if (error instanceof SallyportError && error.code === 'ERR_INVALID')
      return failed(422, `Validation failed: ${error.message}`);
    if (error instanceof SallyportError && AWAY.has(error.code))
      return failed(503, 'Service unavailable', {}, { 'retry-after': '5' });
    throw error;
  }
}
