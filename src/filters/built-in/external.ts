/** A service of the operator's that decides: asked about each activity, and believed only when it answers in form. */
import type { Activity, FilterContext } from '../../api.ts';
import { type FilterVerdict, shadow } from '../../verdict.ts';
import { type BuiltIn, verdictOf } from './built-in.ts';

export const external: BuiltIn<'external'> = {
  use: 'external',
  effect: 'asks a service over HTTP, whose verdict counts',
  options: {
    url: {
      meaning: 'where the service answers; it may be private and plain http',
      example: 'http://127.0.0.1:8080/check',
      byDefault: null,
    },
    timeout: { meaning: 'how long an answer may take', example: '500 ms', byDefault: '2 seconds' },
    fallback: {
      meaning: 'what counts when it gives no verdict in time: hold, accept or drop',
      example: 'accept',
      byDefault: 'hold',
    },
  },
  make: ({ url, verdict }, supplies) => {
    return async (activity, context) => {
      const answer = await supplies().ask(url, questionOf(activity, context), context.signal);
      const said = readAnswer(answer);
      if (said === undefined || said.type === 'shadow' || verdict === null) return said;
      return verdict === 'shadow' ? shadow(`${said.type}: ${said.reason}`) : verdictOf(verdict, said.reason);
    };
  },
};

function questionOf(activity: Activity, { text, actor, domain }: FilterContext): object {
  const known = actor && {
    ...{ type: actor.type, preferredUsername: actor.preferredUsername, name: actor.name },
    published: actor.published?.toISOString() ?? null,
  };
  const { uri, domain: name } = activity.actor;
  return { activity: activity.normal, text, actor: { uri, domain: name, ...known }, domain };
}

const VERDICTS = ['accept', 'drop', 'reject', 'hold', 'shadow'];

/** The verdict in an answer; throws for whatever is none. */
function readAnswer(answer: unknown): FilterVerdict | undefined {
  const { verdict, score, reason } = (answer ?? {}) as {
    verdict?: unknown;
    score?: unknown;
    reason?: unknown;
  };
  if (typeof verdict !== 'string' || !VERDICTS.includes(verdict))
    throw new TypeError(`the service answered no verdict, one of ${VERDICTS.join(', ')}`);
  if (score !== undefined && score !== null && typeof score !== 'number')
    throw new TypeError('the service answered a score that is no number');
  if (verdict === 'accept') return undefined;
  if (typeof reason !== 'string') throw new TypeError('the service answered a verdict without a reason');
  const more = typeof score === 'number' ? ` (score ${score})` : '';
  return verdictOf(verdict as FilterVerdict['type'], reason + more);
}
