/** The admin API as the verbs use it: where the server is, who asks, and what went wrong in plain words. */
import { join } from 'node:path';
import { isRunning, type RunFile, readRunFile } from './run-file.ts';
import { UsageError } from './verb.ts';

/** Every client verb takes these. */
export const CONNECTION = {
  url: { type: 'string' },
  token: { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const CONNECTION_HELP = `  --json         the answer as JSON
  --url URL      where the admin API is      (SALLYPORT_URL; else run.json)
  --token TOKEN  who asks                    (SALLYPORT_ADMIN_TOKEN; else run.json)`;

/** The server did not do what was asked, or is not there. */
export class RequestFailed extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RequestFailed';
  }
}

export interface Connection {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
}

export interface Client {
  get(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<Json>;
  post(path: string, body?: Readonly<Record<string, unknown>>): Promise<Json>;
  /** An answer that goes on: Server-Sent Events. */
  open(
    path: string,
    query: Readonly<Record<string, string | undefined>>,
  ): Promise<{ readonly body: ReadableStream<Uint8Array> | null }>;
}

/** A JSON object of the admin API. What it holds is the contract's matter. */
export type Json = Readonly<Record<string, unknown>>;

/** How long an answer may take, in milliseconds. */
const ANSWER_MS_MAX = 30_000;

/** Flags first, then the environment, then the file that the server wrote. */
export function connect(flags: Connection, environment: NodeJS.ProcessEnv = process.env): Client {
  const urlGiven = flags.url ?? (environment.SALLYPORT_URL?.trim() || undefined);
  const tokenGiven = flags.token ?? (environment.SALLYPORT_ADMIN_TOKEN?.trim() || undefined);
  const run = urlGiven === undefined || tokenGiven === undefined ? findRunFile(environment) : null;
  const url = urlGiven ?? run?.url;
  // A token from a file belongs to the server of that file, and goes to no other.
  const token = tokenGiven ?? (url === run?.url ? run?.token : undefined);
  if (url === undefined) {
    const place = environment.SALLYPORT_DATA?.trim() || '.sallyport';
    throw new RequestFailed(
      `no running server found in ${place}: start one with sallyport start, say in SALLYPORT_DATA where its data is, or name one with --url and --token`,
    );
  }
  if (token === undefined) throw new UsageError('no token: give --token or SALLYPORT_ADMIN_TOKEN');
  const base = URL.parse(url);
  if (base === null || !/^https?:$/.test(base.protocol)) throw new UsageError(`${url} is no http URL`);
  return clientOf(base, token);
}

/** The server of this data directory; or the demo's, which lies below it. */
function findRunFile(environment: NodeJS.ProcessEnv): RunFile | null {
  const directory = environment.SALLYPORT_DATA?.trim() || '.sallyport';
  for (const place of [directory, join(directory, 'demo')]) {
    const run = readRunFile(place);
    if (run !== null && isRunning(run.pid)) return run;
  }
  return null;
}

function clientOf(base: URL, token: string): Client {
  async function ask(method: string, path: string, more: RequestInit): Promise<Response> {
    const url = new URL(`/admin/api${path}`, base);
    const headers = { authorization: `Bearer ${token}`, ...(more.headers as Record<string, string>) };
    let answer: Response;
    try {
      answer = await fetch(url, { ...more, method, headers });
    } catch (error) {
      throw new RequestFailed(`${base.origin} cannot be reached: ${reasonOf(error)}`, { cause: error });
    }
    if (!answer.ok) throw new RequestFailed(await problemOf(answer));
    return answer;
  }

  return {
    async get(path, query = {}) {
      const signal = AbortSignal.timeout(ANSWER_MS_MAX);
      return (await ask('GET', withQuery(path, query), { signal })).json() as Promise<Json>;
    },
    async post(path, body = {}) {
      const signal = AbortSignal.timeout(ANSWER_MS_MAX);
      const headers = { 'content-type': 'application/json' };
      return (
        await ask('POST', path, { signal, headers, body: JSON.stringify(body) })
      ).json() as Promise<Json>;
    },
    open: (path, query) => ask('GET', withQuery(path, query), {}),
  };
}

function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const set = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return set.length === 0 ? path : `${path}?${new URLSearchParams(set)}`;
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  return cause?.code ?? (cause?.message || message);
}

/** What the server says in its problem+json (RFC 9457), or what little there is. */
async function problemOf(answer: Response): Promise<string> {
  const text = await answer.text().catch(() => '');
  try {
    const { title, detail, hint } = JSON.parse(text) as Record<string, string | undefined>;
    const said = [title, detail].filter((part) => part !== undefined && part !== '').join(': ');
    return `${answer.status} ${said}${hint === undefined ? '' : `\n  ${hint}`}`;
  } catch {
    return `${answer.status} ${answer.statusText}`;
  }
}
