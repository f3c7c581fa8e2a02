/** A service of the operator's that decides: asked about each activity, and believed only when it answers in form. */
import type { Activity, FilterContext } from '../../api.ts';
import type { FilterVerdict } from '../../verdict.ts';
import { type BuiltIn, type SettingsOf, verdictOf } from './built-in.ts';

export const external: BuiltIn<'external'> = {
  effect: 'asks a service over HTTP, whose verdict counts',
  make: (settings, supplies) => {
    return async (activity, context) => {
      const answer = await supplies().ask(settings.url, questionOf(activity, context), context.signal);
      return understood(answer, settings);
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

const VERDICTS = ['accept', 'drop', 'reject', 'hold', 'limit', 'score', 'shadow'];

interface Answer {
  readonly verdict?: unknown;
  readonly score?: unknown;
  readonly reason?: unknown;
  readonly strike?: unknown;
  readonly until?: unknown;
  readonly for?: unknown;
}

/** The verdict in an answer, as far as the configuration does not say another; throws for whatever is none. */
function understood(answer: unknown, settings: SettingsOf<'external'>): FilterVerdict | undefined {
  const { verdict: said, score, reason, strike, until, for: limitedFor } = (answer ?? {}) as Answer;
  if (typeof said !== 'string' || !VERDICTS.includes(said))
    throw new TypeError(`the service answered no verdict, one of ${VERDICTS.join(', ')}`);
  if (score !== undefined && score !== null && typeof score !== 'number')
    throw new TypeError('the service answered a score that is no number');
  if (said === 'accept') return undefined;
  if (typeof reason !== 'string') throw new TypeError('the service answered a verdict without a reason');
  const points = typeof score === 'number' ? score : null;
  const saw = points === null ? undefined : `score ${points}`;
  const { verdict } = settings;
  const isItsOwn = verdict === null || said === 'shadow';
  if (!isItsOwn && verdict === 'shadow') return verdictOf(settings, `${said}: ${reason}`, saw);
  // How sure it is counts among the points.
  if (!isItsOwn)
    return verdictOf({ ...settings, points: (settings.points ?? 1) * (points ?? 1) }, reason, saw);
  // What it says of times and strikes is looked at like what any filter says.
  const more = { strike: strike ?? undefined, until: until ?? undefined, for: limitedFor ?? undefined };
  return { type: said, reason, saw, points: points ?? 1, ...more } as unknown as FilterVerdict;
}
