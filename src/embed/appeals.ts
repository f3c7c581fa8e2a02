/** The public side of appeals: what a blocked domain has signed, and the page that a link leads to. */
import { SallyportError } from '../errors.ts';
import type { House } from '../house.ts';
import { createAppealing } from '../inbox/appeal.ts';
import type { RawRequest } from '../inbox.ts';
import {
  APPEAL_CONTACT_MAX,
  APPEAL_REASON_MAX,
  APPEALS_PATH,
  type AppealsDesk,
} from '../moderation/appeals.ts';
import { type Answer, answerOf, problem } from '../verdict.ts';
import { afterAppeal, appealPage } from '../web/appeal-page.ts';

/** A text of 5 000 characters, each percent-encoded. */
const FORM_BYTES_MAX = 65_536;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Is this where appeals are answered? Known before anything is open. */
export const isAppealPath = (path: string): boolean =>
  path === APPEALS_PATH || path.startsWith(`${APPEALS_PATH}/`);

/** Answers what lies at and under `/moderation/appeals`. */
export type AnswerAppeals = (request: RawRequest, path: string) => Promise<Answer>;

export function createAppealPages(house: House, desk: AppealsDesk): AnswerAppeals {
  const appealing = createAppealing(house);

  async function signed(request: RawRequest): Promise<Answer> {
    const given = await appealing(request);
    if ('type' in given) {
      if (given.type === 'not-blocked') return notBlocked();
      if (given.type !== 'not-the-instance-actor') return answerOf(given);
      const detail = `only the actor that stands for the whole domain may appeal: ${given.reason}`;
      return problem(403, 'not-the-instance-actor', 'Not the instance actor', {}, { detail });
    }
    const { actor, ...appeal } = given;
    const answer = await desk.enter(appeal, { actor }).catch(invalid);
    if ('body' in answer) return answer;
    if (answer.type === 'too-early') {
      const retry = { 'retry-after': String(answer.retryAfterSeconds) };
      return problem(429, 'appealed-lately', 'Appealed lately', retry);
    }
    if (answer.type !== 'taken') return notBlocked();
    const { id, domain, state, receivedAt } = answer.appeal;
    return {
      status: 201,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: JSON.stringify({ id, domain, state, receivedAt }),
    };
  }

  async function byLink(request: RawRequest, token: string): Promise<Answer> {
    const { method } = request;
    const bounds = { reasonMax: APPEAL_REASON_MAX, contactMax: APPEAL_CONTACT_MAX };
    const { host } = house.settings;
    if (method === 'GET' || method === 'HEAD') return appealPage(host, await desk.linkState(token), bounds);
    if (method !== 'POST') return answerOf({ type: 'method-not-allowed', allow: 'GET, HEAD, POST' });
    const body = await request.body(FORM_BYTES_MAX);
    if (body === 'too-large') return answerOf({ type: 'too-large', bytesMax: FORM_BYTES_MAX });
    if (body === 'too-slow') return answerOf({ type: 'too-slow' });
    const fields = new URLSearchParams(new TextDecoder().decode(body));
    const contact = fields.get('contact')?.trim() || null;
    try {
      return afterAppeal(await desk.enterByLink(token, { reason: fields.get('reason') ?? '', contact }));
    } catch (error) {
      if (!(error instanceof SallyportError && error.code === 'ERR_INVALID')) throw error;
      return afterAppeal({ type: 'problem', problem: error.message });
    }
  }

  return async (request, path) => {
    if (path === APPEALS_PATH) return signed(request);
    const token = path.slice(APPEALS_PATH.length + 1);
    const isToken = TOKEN.test(token);
    return isToken ? byLink(request, token) : afterAppeal({ type: 'no-link' });
  };
}

const notBlocked = (): Answer =>
  problem(409, 'not-blocked', 'Not blocked', {}, { detail: 'there is no block of exactly this domain' });

/** What it says cannot be taken; everything else is a fault. */
function invalid(error: unknown): Answer {
  if (!(error instanceof SallyportError && error.code === 'ERR_INVALID')) throw error;
  return problem(400, 'bad-request', 'Bad request', {}, { detail: error.message });
}
