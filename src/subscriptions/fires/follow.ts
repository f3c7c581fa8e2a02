/**
 * Follows a FIRES dataset: the whole of it first, and once a week; then page by page what came after the last change that
 * was read. Each page is committed with the position that it leads to, so a crash reads it again and changes nothing.
 *
 * `next` is not followed: the first server's `next` names the first change of the page to come and skips it.
 */

import type { Store } from '../../store/store.ts';
import {
  forgetChanges,
  forgetSpent,
  type KnownChange,
  knownChanges,
  putSaid,
  rememberChanges,
  type Said,
} from '../../store/subscription-entries.ts';
import { type Endpoints, type Held, isStillHeld, saveReading } from '../../store/subscriptions.ts';
import { type Ask, type Failed, failed, objectOf, type PollLimits, unreadable } from '../asking.ts';
import { keepWhole, type Readable, type Whole } from '../whole.ts';
import { type Change, changeIdOf, changeOf, type Entity } from './change.ts';
import { ACCEPT_FIRES, findDataset, isFailed, listedIn, read } from './dataset.ts';
import { saidBy } from './recommendation.ts';

/** Before every change. */
const BEGINNING = '00000000-0000-7000-a000-000000000000';
/** A tombstone may take the place of a change that was read long ago, and no page shows it. */
const WHOLE_EVERY_MS = 7 * 86_400_000;
/** Changes of which it is remembered what they were about. */
const REMEMBERED_MAX = 50_000;

/** The whole of a dataset as it is now. */
export async function readWholeDataset(
  ask: Ask,
  one: Readable,
  { entriesMax }: PollLimits,
): Promise<Whole | Failed> {
  const { login } = one;
  const found =
    one.endpoints === null
      ? await findDataset(ask, one.url, login)
      : { type: 'found' as const, endpoints: one.endpoints };
  if (found.type === 'failed') return found;
  const { endpoints } = found;
  const document = await read(ask, endpoints.snapshot, login);
  if (isFailed(document)) return document;
  const items = listedIn(document);
  if (items === null) return unreadable('its snapshot is no collection');
  if (items.length > entriesMax) return failed(`it has more than ${entriesMax} entries`);
  const changes = items.map(changeOf);
  const readable = changes.filter((change) => change !== null);
  if (items.length > 0 && readable.length === 0) return unreadable('nothing in its snapshot can be read');
  // Newest first: of two about one entity the first one counts.
  const said = reduce(readable.toReversed(), new Map(), one);
  return {
    ...{ type: 'whole', said },
    changes: readable.flatMap(({ id, entity }) => (entity === null ? [] : [{ changeId: id, ...entity }])),
    reading: { endpoints, position: positionAfter(document, items), etag: null },
    problems: items.flatMap((item, at) => (changes[at] === null ? [`passed over: ${brief(item)}`] : [])),
  };
}

/** Where to go on: as the snapshot says, else after the newest of its changes. */
function positionAfter(document: Readonly<Record<string, unknown>>, items: readonly unknown[]): string {
  const { changes } = document;
  const since = typeof changes === 'string' ? URL.parse(changes)?.searchParams.get('since') : null;
  const ids = items.map((item) => changeIdOf((item as { id?: unknown } | null)?.id));
  return (
    changeIdOf(since) ??
    ids
      .filter((id) => id !== null)
      .sort()
      .at(-1) ??
    BEGINNING
  );
}

/** What is said of each entity after these changes, oldest first. What is unknown about a change is in `known`. */
function reduce(
  changes: readonly Change[],
  known: ReadonlyMap<string, Entity>,
  terms: Pick<Readable, 'name' | 'severityMax' | 'comment'>,
): Said[] {
  const seen = new Map(known);
  const said = new Map<string, Said>();
  for (const change of changes) {
    const entity = change.entity ?? seen.get(change.id);
    if (entity === undefined) continue;
    seen.set(change.id, entity);
    said.set(`${entity.kind} ${entity.key}`, saidBy(change, entity, terms));
  }
  return [...said.values()];
}

interface Following {
  readonly store: Store;
  readonly ask: Ask;
  readonly limits: PollLimits;
}

type Followed =
  | { readonly type: 'followed'; readonly hasMore: boolean; readonly problems: readonly string[] }
  | Failed;

/** Reads on from where the last poll ended, and keeps what it reads. Null when the subscription is held no longer. */
export async function followDataset(parts: Following, held: Held): Promise<Followed | null> {
  const nowMs = parts.store.clock.now();
  const isWholeDue =
    held.position === null || held.wholeMs === null || nowMs - held.wholeMs >= WHOLE_EVERY_MS;
  if (!isWholeDue && held.endpoints !== null)
    return readOn(parts, held, { endpoints: held.endpoints, position: held.position as string });
  const whole = await readWholeDataset(parts.ask, held, parts.limits);
  if (whole.type === 'failed') return whole;
  const reading = { ...whole.reading, wholeMs: nowMs };
  if (!(await keepWhole(parts.store, held, { ...whole, reading }))) return null;
  const { endpoints, position } = reading as { endpoints: Endpoints; position: string };
  return readOn(parts, { ...held, ...reading }, { endpoints, position });
}

async function readOn(
  { store, ask, limits }: Following,
  held: Held,
  start: { readonly endpoints: Endpoints; readonly position: string },
): Promise<Followed | null> {
  let { position } = start;
  const { changes: url } = start.endpoints;
  const problems: string[] = [];
  for (let page = 0; page < limits.pagesMax; page++) {
    const next = new URL(url);
    next.searchParams.set('since', position);
    const condition = page === 0 ? { condition: { etag: held.etag, lastModified: null } } : {};
    const fetched = await ask(next.href, { accept: ACCEPT_FIRES, login: held.login, ...condition });
    if (fetched.type === 'unchanged') return { type: 'followed', hasMore: false, problems };
    // Its parts may have moved: the next poll asks the dataset where they are.
    if (fetched.type === 'failed') return fetched;
    const document = objectOf(fetched.text);
    const items = document === null ? null : listedIn(document);
    if (items === null) return unreadable('its changes are no collection');
    if (items.length === 0) {
      const kept = await keepPage(store, held, [], { position, etag: fetched.etag });
      return kept ? { type: 'followed', hasMore: false, problems } : null;
    }
    const last = changeIdOf((items.at(-1) as { id?: unknown } | null)?.id);
    if (last === null || last <= position) return unreadable('its changes are not in the order of their ids');
    const changes = items.map(changeOf);
    problems.push(
      ...items.flatMap((item, at) => (changes[at] === null ? [`passed over: ${brief(item)}`] : [])),
    );
    const kept = await keepPage(
      store,
      held,
      changes.filter((change) => change !== null),
      { position: last, etag: null },
    );
    if (!kept) return null;
    position = last;
  }
  return { type: 'followed', hasMore: true, problems };
}

/** Keeps one page and the position after it, in one transaction. */
async function keepPage(
  store: Store,
  held: Held,
  changes: readonly Change[],
  reading: { readonly position: string; readonly etag: string | null },
): Promise<boolean> {
  return store.transaction(async (tx) => {
    if (!(await isStillHeld(tx, held))) return false;
    const nameless = changes.filter(({ entity }) => entity === null).map(({ id }) => id);
    const known = await knownChanges(tx, held.id, nameless);
    const entities = new Map(known.map(({ changeId, kind, key }) => [changeId, { kind, key }]));
    await putSaid(tx, held.id, reduce(changes, entities, held));
    const named = changes.flatMap(({ id, type, entity }): KnownChange[] =>
      entity === null || type === 'tombstone' ? [] : [{ changeId: id, ...entity }],
    );
    await rememberChanges(tx, held.id, named);
    const buried = changes.filter(({ type }) => type === 'tombstone').map(({ id }) => id);
    await forgetChanges(tx, held.id, buried, REMEMBERED_MAX);
    await forgetSpent(tx, held.id);
    await saveReading(tx, held, reading);
    return true;
  });
}

const brief = (item: unknown): string => {
  const { id, type } = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
  return `${String(type ?? 'something')} ${String(id ?? '')}`.slice(0, 200);
};
