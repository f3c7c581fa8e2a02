/** The terms of a subscription, checked: everything that is wrong with them at once. */
import type { SubscriptionLogin, SubscriptionSettings, SubscriptionWish } from '../api/subscriptions.ts';
import { SallyportError } from '../errors.ts';
import type { SubscriptionTerms } from '../store/subscriptions.ts';

const EVERY_MS = 86_400_000;
const EVERY_MS_LEAST = 5 * 60_000;
const EVERY_MS_MOST = 366 * 86_400_000;
const URL_CHARACTERS_MAX = 2_048;
const NAME_CHARACTERS_MAX = 200;
const COMMENT_CHARACTERS_MAX = 500;
const LOGIN_CHARACTERS_MAX = 2_000;
const DEFAULTS = {
  ...{ everyMs: EVERY_MS, mode: 'draft', severityMax: 'block', followedMax: null, onRemove: 'retract' },
  ...{ comment: 'From the list {name}', login: null },
} as const;

/** The URL as it is kept. `ERR_INVALID`. */
export function checkUrl({ url, kind }: Pick<SubscriptionWish, 'url' | 'kind'>): string {
  const parsed = url.length > URL_CHARACTERS_MAX ? null : URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw invalid(['url is no URL with http or https'], kind);
  if (parsed.username !== '' || parsed.password !== '')
    throw invalid(['url names a user: say user and password beside it, where nobody is shown them'], kind);
  parsed.hash = '';
  return parsed.href;
}

/** What was said, on top of what was said before or of the defaults. `ERR_INVALID`. */
export function checkTerms(
  settings: SubscriptionSettings,
  before: SubscriptionTerms | { readonly url: string },
): SubscriptionTerms {
  const old = 'everyMs' in before ? before : { ...DEFAULTS, name: new URL(before.url).host };
  const { login: given, ...rest } = settings;
  const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const faults: string[] = [];
  const login = given === undefined ? old.login : given === null ? null : headerOf(given, faults);
  const { name, everyMs, mode, severityMax, followedMax, onRemove, comment } = {
    ...old,
    ...said,
  } as SubscriptionTerms;
  if (!(Number.isSafeInteger(everyMs) && everyMs >= EVERY_MS_LEAST && everyMs <= EVERY_MS_MOST))
    faults.push('every is not a length of time from 5 minutes to a year');
  if (!isText(name, NAME_CHARACTERS_MAX) || name.trim() === '')
    faults.push(`name is no text of at most ${NAME_CHARACTERS_MAX} characters on one line`);
  if (!isText(comment, COMMENT_CHARACTERS_MAX))
    faults.push(`comment is no text of at most ${COMMENT_CHARACTERS_MAX} characters on one line`);
  const choices = [
    ['mode', mode, ['auto', 'draft']],
    ['severityMax', severityMax, ['block', 'silence', 'none']],
    ['followedMax', followedMax, ['silence', 'none', null]],
    ['onRemove', onRemove, ['retract', 'adopt']],
  ] as const;
  for (const [option, value, known] of choices)
    if (!(known as readonly unknown[]).includes(value))
      faults.push(`${option} is none of ${known.join(', ')}`);
  if (faults.length > 0) throw invalid(faults);
  return { name, everyMs, mode, severityMax, followedMax, onRemove, comment, login };
}

/** The header by which a list is asked for. RFC 7617 2, RFC 6750 2.1 */
function headerOf(login: SubscriptionLogin, faults: string[]): string | null {
  if ('token' in login) {
    if (/^[\x21-\x7e]+$/.test(login.token) && login.token.length <= LOGIN_CHARACTERS_MAX)
      return `Bearer ${login.token}`;
    faults.push('token has characters that no token has');
    return null;
  }
  const { user, password } = login;
  const isFine = [user, password].every((part) => isText(part, LOGIN_CHARACTERS_MAX)) && !user.includes(':');
  if (!isFine) faults.push('user and password are no texts, or the user has a colon');
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length <= most && value.isWellFormed() && !/\p{Cc}/u.test(value);

function invalid(faults: readonly string[], kind?: string): SallyportError {
  return new SallyportError('ERR_INVALID', faults.join('; '), {
    hint: 'subscriptions are described in the README',
    data: { faults, ...(kind === undefined ? {} : { kind }) },
  });
}
