/** A list that comes as a whole: asked for, read, and put in the terms of its subscription. */
import { SallyportError } from '../errors.ts';
import { type ListFormat, type ReadList, readList } from '../lists/index.ts';
import type { Statements } from '../store/statement.ts';
import type { Store } from '../store/store.ts';
import {
  dropUnsaid,
  type KnownChange,
  putSaid,
  rememberChanges,
  type Said,
  saidEntries,
} from '../store/subscription-entries.ts';
import {
  type Held,
  isStillHeld,
  type Reading,
  type Subscription,
  saveReading,
} from '../store/subscriptions.ts';
import { type Ask, type Failed, failed, unreadable } from './asking.ts';
import { opinionOf } from './opinion.ts';

/** A subscription as far as reading it goes; a probe has nothing else. */
export type Readable = Pick<
  Subscription,
  'url' | 'kind' | 'name' | 'severityMax' | 'comment' | 'login' | 'etag' | 'lastModified' | 'endpoints'
>;

/** Everything that a list says now. */
export interface Whole {
  readonly type: 'whole';
  readonly said: readonly Said[];
  /** What is to be remembered with it. */
  readonly reading: Reading;
  /** Of a dataset: which changes it comes from. */
  readonly changes: readonly KnownChange[];
  /** What could not be read in it. */
  readonly problems: readonly string[];
}

const MASTODON_LIST = '/api/v1/instance/domain_blocks';
const ACCEPT = {
  csv: 'text/csv, text/plain;q=0.9, */*;q=0.1',
  json: 'application/json, */*;q=0.1',
  mastodon: 'application/json',
  plain: 'text/plain, */*;q=0.1',
} as const;
const FORMATS: Readonly<Record<keyof typeof ACCEPT, ListFormat>> = {
  csv: 'csv',
  json: 'json',
  mastodon: 'json',
  plain: 'plain',
};

/** Asks for a list that is no dataset; with `isAnew` also when it has not changed. */
export async function readWholeList(
  ask: Ask,
  one: Readable,
  entriesMax: number,
  isAnew: boolean,
): Promise<Whole | Failed | { readonly type: 'unchanged' }> {
  const kind = one.kind as keyof typeof ACCEPT;
  const { login, etag, lastModified } = one;
  const condition = isAnew ? {} : { condition: { etag, lastModified } };
  const fetched = await ask(listUrl(one), { accept: ACCEPT[kind], login, ...condition });
  if (fetched.type !== 'answered') return fetched;
  let list: ReadList;
  try {
    list = readList(fetched.text, { format: FORMATS[kind] });
  } catch (error) {
    if (!(error instanceof SallyportError)) throw error;
    return unreadable(error.message);
  }
  const problems = list.problems.map(({ row, text, problem }) => `row ${row} ${problem}: ${text}`);
  if (list.wishes.length === 0 && list.retracted.length === 0 && problems.length > 0)
    return unreadable(`nothing in it can be read; ${problems[0] as string}`);
  if (list.wishes.length > entriesMax) return failed(`it has more than ${entriesMax} entries`);
  return {
    ...{ type: 'whole', problems, changes: [] },
    reading: { etag: fetched.etag, lastModified: fetched.lastModified },
    said: list.wishes.map(({ domain, ...wish }) => {
      return { kind: 'domain', key: domain, wish: opinionOf(wish, one), labels: wish.labels ?? [] };
    }),
  };
}

/** Of a Mastodon the origin is enough. */
function listUrl({ url, kind }: Readable): string {
  const { origin, pathname } = new URL(url);
  return kind === 'mastodon' && pathname === '/' ? `${origin}${MASTODON_LIST}` : url;
}

/** Rows written in one transaction. */
const AT_ONCE = 2_000;

/**
 * Keeps everything that a list says now; false when the subscription is held no longer. In several transactions, as long
 * as the list is: only the last one says that it was read, so after a crash it is read again.
 */
export async function keepWhole(store: Store, held: Held, whole: Whole): Promise<boolean> {
  const known = new Map((await saidEntries(store, held.id)).map((said) => [nameOf(said), bodyOf(said)]));
  const fresh = whole.said.filter((said) => known.get(nameOf(said)) !== bodyOf(said));
  for (const said of whole.said) known.delete(nameOf(said));
  const gone = [...known.keys()].map((name): Pick<Said, 'kind' | 'key'> => {
    const [kind, key] = name.split(' ') as [Said['kind'], string];
    return { kind, key };
  });
  const write = (work: (tx: Statements) => Promise<void>): Promise<boolean> =>
    store.transaction(async (tx) => {
      if (!(await isStillHeld(tx, held))) return false;
      await work(tx);
      return true;
    });
  for (let from = 0; from < fresh.length; from += AT_ONCE)
    if (!(await write((tx) => putSaid(tx, held.id, fresh.slice(from, from + AT_ONCE))))) return false;
  for (let from = 0; from < whole.changes.length; from += AT_ONCE) {
    const some = whole.changes.slice(from, from + AT_ONCE);
    if (!(await write((tx) => rememberChanges(tx, held.id, some)))) return false;
  }
  return write(async (tx) => {
    await dropUnsaid(tx, held.id, gone);
    await saveReading(tx, held, whole.reading);
  });
}

const nameOf = ({ kind, key }: Said): string => `${kind} ${key}`;
const bodyOf = ({ wish, labels, advice = null, changeId = null }: Said): string =>
  JSON.stringify([wish, labels, advice, changeId]);
