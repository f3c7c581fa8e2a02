/** What an ending of Mastodon's admin API is, and how it answers. */
import type { Inbox } from '../../embed.ts';
import type { Parameters } from './parameters.ts';

/** A call by somebody who may. */
export interface Called {
  readonly inbox: Inbox;
  readonly by: string;
  /** The `:id` of the path, or nothing. */
  readonly id: string;
  readonly parameters: Parameters;
  readonly request: Request;
}

export interface Ending {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** Viewers may. */
  readonly isReading: boolean;
  answer(called: Called): Promise<Response>;
}

export const succeeded = (body: unknown, headers: Readonly<Record<string, string>> = {}): Response =>
  json(200, body, headers);

export const failed = (
  status: number,
  error: string,
  more: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Response => json(status, { error, ...more }, headers);

export const NOT_FOUND = (): Response => failed(404, 'Record not found');
export const NOT_ALLOWED = (): Response => failed(403, 'This action is not allowed');
/** It names the way to do it. RFC 6750 3 */
export const TOKEN_INVALID = (): Response =>
  failed(401, 'The access token is invalid', {}, { 'www-authenticate': 'Bearer realm="sallyport"' });
/** The words of a model that is not saved. */
export const notValid = (what: string): Response => failed(422, `Validation failed: ${what}`);

function json(status: number, body: unknown, headers: Readonly<Record<string, string>>): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
  });
}
