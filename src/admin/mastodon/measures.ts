/** `/api/v1/admin/measures`: those about a domain. Numbers are texts, as Mastodon's are. */
import { canonicalDomain } from '../../activity.ts';
import type { MeasureName } from '../../api/lists.ts';
import { type Called, type Ending, failed, succeeded } from './endings.ts';
import { type Parameters, textIn } from './parameters.ts';

const DAY_MS = 86_400_000;
const DAYS_MAX = 366;

/** Mastodon's keys. Media are not stored here, so what they take is nothing. */
const KEYS: Readonly<Record<string, MeasureName | 'media'>> = {
  instance_accounts: 'accounts',
  instance_statuses: 'statuses',
  instance_media_attachments: 'media',
  instance_reports: 'reports',
  instance_follows: 'follows',
  instance_followers: 'followers',
};

export const measures: readonly Ending[] = [
  { ...{ method: 'POST', path: '/measures', isReading: true }, answer: measure },
];

async function measure({ inbox, parameters }: Called): Promise<Response> {
  const keys = [parameters.keys ?? []].flat().filter((key): key is string => typeof key === 'string');
  // Those that Mastodon has and we do not are passed over, as it does with what it does not know.
  const known = [...new Set(keys)].filter((key) => Object.hasOwn(KEYS, key));
  const lastMs = midnightIn(parameters, 'end_at');
  const firstMs = midnightIn(parameters, 'start_at');
  for (const [name, atMs] of [
    ['start_at', firstMs],
    ['end_at', lastMs],
  ] as const)
    if (atMs === null) return missing(name);
  const fromMs = Math.max(firstMs as number, (lastMs as number) - (DAYS_MAX - 1) * DAY_MS);
  const found: object[] = [];
  for (const key of known) {
    const domain = domainFor(parameters, key);
    if (domain === null) return missing(key);
    const name = KEYS[key] as MeasureName | 'media';
    const { total, days } =
      name === 'media'
        ? { total: 0, days: [] }
        : await inbox.lists.measure(domain, name, fromMs, lastMs as number);
    const data = days.map(({ atMs, value }) => ({
      date: new Date(atMs).toISOString().replace('Z', '+00:00'),
      value: String(value),
    }));
    const unit = name === 'media' ? 'bytes' : null;
    found.push({
      key,
      unit,
      total: String(total),
      ...(name === 'media' && { human_value: '0 Bytes' }),
      data,
    });
  }
  return succeeded(found);
}

const missing = (name: string): Response => failed(400, `param is missing or the value is empty: ${name}`);

/** The midnight in UTC of a day; null where it is no time. */
function midnightIn(parameters: Parameters, name: string): number | null {
  const atMs = Date.parse(textIn(parameters, name) ?? '');
  return Number.isNaN(atMs) || Math.abs(atMs) > 4e12 ? null : Math.floor(atMs / DAY_MS) * DAY_MS;
}

/** The domain that a measure is about: `{ instance_follows: { domain } }`. */
function domainFor(parameters: Parameters, key: string): string | null {
  const about = parameters[key];
  const domain = typeof about === 'object' && about !== null ? (about as { domain?: unknown }).domain : null;
  return typeof domain === 'string' ? canonicalDomain(domain) : null;
}
