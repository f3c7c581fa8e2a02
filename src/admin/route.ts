/** A route of the admin API: what it is asked with, who may ask, and what answers. */
import type { Inbox } from '../embed.ts';
import type { Role } from '../options/server.ts';
import { type Fields, type Input, readBody, readQuery, readSegment } from './input.ts';
import type { AnswerName } from './schemas/index.ts';

/** A call that has been authorised and understood. */
export interface Call<Query extends Fields, Body extends Fields> {
  readonly inbox: Inbox;
  /** The values of `:names` in the path, decoded. */
  readonly at: Readonly<Record<string, string>>;
  readonly query: Input<Query>;
  readonly body: Input<Body>;
  /** Who asks: `by` in the log. */
  readonly by: string;
  readonly role: Role;
  readonly request: Request;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Below `/admin/api`, with `:name` for a segment. */
  readonly path: string;
  readonly about: string;
  readonly role: Role;
  readonly query: Fields;
  readonly body: Fields;
  readonly answer: { readonly schema: AnswerName; readonly isPage: boolean };
  /** What becomes the JSON of the answer, or an answer of its own. */
  answerTo(given: {
    readonly inbox: Inbox;
    readonly at: Readonly<Record<string, string>>;
    readonly url: URL;
    readonly by: string;
    readonly role: Role;
    readonly request: Request;
  }): Promise<unknown>;
}

interface Description<Query extends Fields, Body extends Fields> {
  readonly about: string;
  readonly role?: Role;
  readonly query?: Query;
  readonly body?: Body;
  /** How large the body may be, in bytes. @default 2 MiB */
  readonly bodyBytesMax?: number;
  readonly answer: AnswerName | `${AnswerName}[]`;
  readonly call: (call: Call<Query, Body>) => unknown;
}

const NOTHING = {};

/** A route, its input typed by its own description. Reading is for viewers, writing for moderators unless it says so. */
export function route<Query extends Fields = typeof NOTHING, Body extends Fields = typeof NOTHING>(
  method: 'GET' | 'POST',
  path: string,
  described: Description<Query, Body>,
): Route {
  const { about, answer, call } = described;
  const query = described.query ?? (NOTHING as Query);
  const body = described.body ?? (NOTHING as Body);
  return {
    ...{ method, path, about, query, body },
    role: described.role ?? (method === 'GET' ? 'viewer' : 'moderator'),
    answer: { schema: answer.replace('[]', '') as AnswerName, isPage: answer.endsWith('[]') },
    async answerTo({ inbox, at, url, by, role, request }) {
      return call({
        ...{ inbox, at, by, role, request },
        query: readQuery(query, url.searchParams),
        body: method === 'POST' ? await readBody(body, request, described.bodyBytesMax) : ({} as Input<Body>),
      });
    },
  };
}

/** The values of a path's `:names` when it matches the pattern, decoded; else null. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const segments = path.split('/');
  if (wanted.length !== segments.length) return null;
  const at: Record<string, string> = {};
  const isMatch = wanted.every((want, index) => {
    const segment = segments[index] as string;
    if (!want.startsWith(':')) return want === segment;
    at[want.slice(1)] = segment;
    return segment !== '';
  });
  if (!isMatch) return null;
  for (const [name, segment] of Object.entries(at)) at[name] = readSegment(segment);
  return at;
}
