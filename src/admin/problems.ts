/** What goes wrong in the admin API, as `application/problem+json` (RFC 9457). */
import { type ErrorCode, SallyportError } from '../errors.ts';
import { type Answer, problem } from '../verdict.ts';

/** One thing that is wrong with a request, in the words of the person who sent it. */
export interface InputFault {
  readonly field: string;
  readonly problem: string;
}

/** A request that is not answered as asked, on its way from where that is found to the answer. */
export class Refused extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`${answer.status}`);
    this.name = 'Refused';
    this.answer = answer;
  }
}

/** 400: not understood at all. */
export function badRequest(detail: string): Refused {
  return new Refused(problem(400, 'bad-request', 'Bad request', {}, { detail }));
}

/** 400 for a query, 422 for a body: understood, and something in it is wrong. */
export function badInput(status: 400 | 422, faults: readonly InputFault[]): Refused {
  const detail = faults.map((fault) => `${fault.field}: ${fault.problem}`).join('; ');
  return new Refused(problem(status, 'bad-input', 'Wrong input', {}, { detail, faults }));
}

export const notFound = (): Answer => problem(404, 'not-found', 'Not found');

export function methodNotAllowed(allow: string): Answer {
  return problem(405, 'method-not-allowed', 'Method not allowed', { allow });
}

/** 401 names the way to do it. RFC 6750 3 */
export function unauthorized(hasToken: boolean): Answer {
  const error = hasToken ? ', error="invalid_token"' : '';
  return problem(401, 'not-authenticated', 'Not authenticated', {
    'www-authenticate': `Bearer realm="sallyport"${error}`,
  });
}

export function forbidden(role: string, needed: string): Answer {
  const detail = `this needs the role ${needed}; yours is ${role}`;
  return problem(403, 'not-allowed', 'Not allowed', {}, { detail });
}

/** The answer to an error of ours; null for one that is a fault of the engine. */
export function answerOfError(error: unknown, method: string): Answer | null {
  if (error instanceof Refused) return error.answer;
  if (!(error instanceof SallyportError)) return null;
  const known = ANSWERS[error.code];
  if (known === undefined) return null;
  // What is wrong with a query is the URL's fault, what is wrong with a body is the content's.
  const status = error.code === 'ERR_INVALID' && method === 'GET' ? 400 : known.status;
  const headers = status === 503 ? { 'retry-after': '5' } : {};
  const { data, message: detail, hint } = error;
  return problem(status, known.type, known.title, headers, {
    detail,
    ...(hint === '' ? {} : { hint }),
    ...data,
  });
}

const ANSWERS: { readonly [Code in ErrorCode]?: { status: number; type: string; title: string } } = {
  ERR_NOT_FOUND: { status: 404, type: 'not-found', title: 'Not found' },
  ERR_NOT_ALLOWED_IN_STATE: {
    status: 409,
    type: 'not-allowed-in-state',
    title: 'Not possible in this state',
  },
  ERR_INVALID: { status: 422, type: 'bad-input', title: 'Wrong input' },
  // The fault lies with what the request names, not with us.
  ERR_REMOTE: { status: 422, type: 'remote', title: 'The other server did not answer as it should' },
  ERR_SEQUENCE_EXPIRED: { status: 410, type: 'sequence-expired', title: 'The log does not go back that far' },
  ERR_OVERFLOW: { status: 503, type: 'overloaded', title: 'Too much waits already' },
  ERR_CLOSED: { status: 503, type: 'closed', title: 'Shutting down' },
  ERR_DATABASE_UNAVAILABLE: { status: 503, type: 'overloaded', title: 'The database is away' },
};
