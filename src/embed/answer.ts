/**
 * Which part of the house answers a request: the flow of `inbox.ts` for a POST to an inbox, `web/` for the documents,
 * nobody for a path that is not ours.
 */
import { messageOf, SallyportError } from '../errors.ts';
import type { Events } from '../events.ts';
import type { House } from '../house.ts';
import { signerOf } from '../inbox/reader.ts';
import { type RawRequest, receive } from '../inbox.ts';
import type { Settings } from '../options.ts';
import { type Answer, answerOf, type Refusal, type RequestVerdict } from '../verdict.ts';
import { type Asker, HOSTLESS_PATHS, mayBeOurs, type Web } from '../web/index.ts';
import { type AnswerAppeals, isAppealPath } from './appeals.ts';

/** A house that is open, its documents, and what blocked domains may say. */
interface Opened {
  readonly house: House;
  readonly web: Web;
  readonly appeals: AnswerAppeals;
}

const CLOSED: RequestVerdict = { type: 'overloaded', reason: 'not open', retryAfterSeconds: 5 };

/** The answer, or null when the path is none of ours. `opened` is absent before the start and after the close. */
export async function answerTo(
  request: RawRequest,
  opened: Opened | undefined,
  settings: Settings,
  events: Events,
): Promise<Answer | null> {
  const { path, query } = splitTarget(request.target);
  if (opened === undefined) {
    if (path === '/healthz') return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok\n' };
    return mayBeOurs(path, settings) || isAppealPath(path) ? answerOf(CLOSED) : null;
  }
  const { house, web } = opened;
  const { locals } = house;
  const isInbox = path === locals.sharedInboxPath || (locals.isInboxPath(path) && !isRead(request.method));
  if (isInbox) {
    const verdict = hostProblem(request, settings) ?? (await take(house, request, settings, path));
    const answer = answerOf(verdict, settings.blockedAnswer);
    if (request.method === 'POST') note(verdict, answer.status, request, settings, events);
    return answer;
  }
  if (isAppealPath(path)) {
    const misdirected = hostProblem(request, settings);
    if (misdirected !== null) return answerOf(misdirected);
    return unlessAtFault(settings, path, () => opened.appeals(request, path));
  }
  const answer = await read(web, askerOf(house, request, settings, path), request, settings, path, query);
  if (answer === null || HOSTLESS_PATHS.has(path)) return answer;
  const misdirected = hostProblem(request, settings);
  return misdirected === null ? answer : answerOf(misdirected);
}

/** The flow, with every fault of the engine as an answer: what the sender can try again is not lost. */
async function take(
  house: House,
  request: RawRequest,
  { logger }: Settings,
  path: string,
): Promise<RequestVerdict> {
  try {
    return await receive(house, request, path);
  } catch (error) {
    // A body parser ran first: the person who embeds us must hear of it, not the peer.
    if (error instanceof SallyportError && error.code === 'ERR_BODY_CONSUMED') throw error;
    logger.error('a request failed', { path, error: messageOf(error) });
    return { type: 'overloaded', reason: 'a fault of ours', retryAfterSeconds: 30 };
  }
}

/** A document, or why there is none right now: the database may be away. */
async function read(
  web: Web,
  asker: Asker,
  { method }: RawRequest,
  { logger }: Settings,
  path: string,
  query: string,
): Promise<Answer | null> {
  try {
    return await web.answer(method, path, new URLSearchParams(query), asker);
  } catch (error) {
    logger.error('a document could not be read', { path, error: messageOf(error) });
    return answerOf({ type: 'overloaded', reason: 'a fault of ours', retryAfterSeconds: 30 });
  }
}

/** An appeal's answer; the database may be away. */
async function unlessAtFault(
  { logger }: Settings,
  path: string,
  work: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SallyportError && error.code === 'ERR_BODY_CONSUMED') throw error;
    logger.error('an appeal could not be answered', { path, error: messageOf(error) });
    return answerOf({ type: 'overloaded', reason: 'a fault of ours', retryAfterSeconds: 30 });
  }
}

/** How long the service's login may think, in milliseconds. */
const LOGIN_MS_MAX = 2_000;

/** Whoever sent a GET. Nothing is asked before somebody wants to know. */
function askerOf(house: House, request: RawRequest, settings: Settings, path: string): Asker {
  const { signedIn, logger } = settings;
  const { method, rawHeaders } = request;
  const header = (name: string): string | undefined => {
    const at = rawHeaders.findIndex((one, index) => index % 2 === 0 && one.toLowerCase() === name);
    return at === -1 ? undefined : rawHeaders[at + 1];
  };
  return {
    header,
    signer: () => signerOf(house, request),
    async owner() {
      const isKnown = header('authorization') !== undefined || header('cookie') !== undefined;
      if (signedIn === null || !isKnown || hostProblem(request, settings) !== null) return null;
      try {
        const name = await inTime(
          Promise.resolve(signedIn({ method, path, headers: headersOf(rawHeaders) })),
        );
        if (name === null || name === undefined) return null;
        return ((await house.locals.byId(name)) ?? (await house.locals.byHandle(name)))?.id ?? null;
      } catch (error) {
        logger.error('it is not known who is signed in', { path, error: messageOf(error) });
        return null;
      }
    },
  };
}

function headersOf(rawHeaders: readonly string[]): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at] as string, rawHeaders[at + 1] as string);
  return headers;
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LOGIN_MS_MAX} ms`)), LOGIN_MS_MAX);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** The line of the log for each of them. */
export const REFUSED = 'a request was refused';

/** One line and one count for each POST. What is refused is no fault of ours, so it is information. */
function note(
  verdict: RequestVerdict,
  status: number,
  request: RawRequest,
  settings: Settings,
  events: Events,
): void {
  events.metrics.request(status);
  if (verdict.type === 'accepted') return;
  const { type, ...facts } = verdict;
  const plain = Object.entries(facts).map(([name, fact]) => [
    name,
    typeof fact === 'string' ? plainText(fact) : fact,
  ]);
  const { address } = request;
  settings.logger.info(REFUSED, { stage: 'gate', status, type, ...Object.fromEntries(plain), address });
}

/** Of one fact; the longest of ours has some 200. */
const FACT_CHARACTERS_MAX = 500;

/** A peer's words as they may stand in a log: nothing in them that a terminal or a reader of lines obeys, and an end. */
function plainText(text: string): string {
  const cut = text.length > FACT_CHARACTERS_MAX ? `${text.slice(0, FACT_CHARACTERS_MAX)}…` : text;
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (odd) => `\\u{${(odd.codePointAt(0) as number).toString(16)}}`);
}

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** Was this sent to us, and to nobody else? By the configured origin, never by what a proxy says. */
function hostProblem({ rawHeaders }: RawRequest, { host }: Settings): Refusal | null {
  const hosts: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if ((rawHeaders[at] as string).toLowerCase() === 'host')
      hosts.push((rawHeaders[at + 1] as string).toLowerCase());
  }
  // Of two Host lines one reader believes the first, another the last. RFC 9112 3.2
  if (hosts.length > 1) return { type: 'bad-request', reason: 'two Host lines' };
  return hosts[0] === host ? null : { type: 'wrong-host' };
}

/** The path and the query of a target, as they were sent. A target in absolute form has a path that nobody has. */
function splitTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf('?');
  return mark === -1
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}
