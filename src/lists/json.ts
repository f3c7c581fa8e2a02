/**
 * Lists as JSON: arrays of names or of entries (GoToSocial, Mastodon's public list and its admin API, fediblockhole),
 * RapidBlock's map, and what an Akkoma or a Pleroma says of its own rules in its NodeInfo.
 */

import type { ListKind } from '../api/lists.ts';
import { SallyportError } from '../errors.ts';
import { brief, type Gathering, gather, type ReadList } from './reading.ts';

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function readJson(text: string, kindGiven: ListKind | undefined): ReadList {
  const kind = kindGiven ?? 'block';
  const gathering = gather(kind === 'allow' ? 'allow' : 'block');
  const value = parsed(text);
  const transparency = transparencyIn(value);
  if (transparency !== null) readTransparency(transparency, gathering);
  const dialect = transparency !== null ? 'akkoma' : readEntries(value, kind, gathering);
  if (dialect !== null) return gathering.result('json', dialect, kind);
  throw new SallyportError('ERR_INVALID', 'the JSON is no list that is known here', {
    hint: 'an array of names or of objects with a domain, RapidBlock, or the NodeInfo of an Akkoma',
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SallyportError('ERR_INVALID', 'the list is not JSON', { cause: error });
  }
}

/** Reads the entries and says whose way of writing it is; null when it is nobody's. */
function readEntries(value: unknown, kind: ListKind, gathering: Gathering): string | null {
  const list = isObject(value) ? value.blocks : value;
  if (Array.isArray(list)) {
    for (const [at, entry] of list.entries()) readEntry(entry, at + 1, kind, gathering);
    const isPublic = list.some((entry) => isObject(entry) && 'digest' in entry);
    const isSocial = list.some(
      (entry) => isObject(entry) && ('suspended_at' in entry || 'silenced_at' in entry),
    );
    return isPublic ? 'mastodon' : isSocial ? 'gotosocial' : 'json';
  }
  if (!isObject(list)) return null;
  Object.entries(list).forEach(([domain, entry], at) => {
    const { isBlocked, reason, tags } = isObject(entry) ? entry : {};
    const row = { row: at + 1, text: `${domain}: ${brief(entry)}`, domain };
    // What it had blocked once and does not any more.
    if (isBlocked === false || kind === 'retract') gathering.retract(row);
    else if (isBlocked === true) gathering.add({ ...row, publicComment: reason, labels: tags });
    else gathering.remark(row.row, row.text, 'says neither that it is blocked nor that it is not');
  });
  return 'rapidblock';
}

function readEntry(entry: unknown, row: number, kind: ListKind, gathering: Gathering): void {
  const text = brief(entry);
  const take = kind === 'retract' ? gathering.retract : gathering.add;
  if (!isObject(entry)) return void take({ row, text, domain: entry });
  const isOnlySilenced = present(entry.silenced_at) && !present(entry.suspended_at);
  take({
    ...{ row, text, domain: entry.domain },
    severity: kind === 'allow' ? undefined : (entry.severity ?? (isOnlySilenced ? 'silence' : undefined)),
    rejectMedia: entry.reject_media,
    rejectReports: entry.reject_reports,
    obfuscate: entry.obfuscate,
    publicComment: entry.public_comment ?? entry.comment,
    privateComment: entry.private_comment,
    labels: entry.labels,
  });
}

const present = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** What each list of the SimplePolicy comes to here; null for what has no counterpart. */
const SIMPLE: Readonly<Record<string, Json>> = {
  reject: { severity: 'suspend' },
  federated_timeline_removal: { severity: 'silence' },
  media_removal: { severity: 'noop', rejectMedia: true },
  report_removal: { severity: 'noop', rejectReports: true },
};

/** `metadata.federation` of a NodeInfo, or the inner part alone. */
function transparencyIn(value: unknown): Json | null {
  if (!isObject(value)) return null;
  const { metadata } = value;
  const inner = isObject(metadata) ? metadata.federation : (value.federation ?? value);
  return isObject(inner) && isObject(inner.mrf_simple) ? inner : null;
}

function readTransparency({ mrf_simple, mrf_simple_info, exclusions }: Json, gathering: Gathering): void {
  const reasons = isObject(mrf_simple_info) ? mrf_simple_info : {};
  let row = 0;
  for (const [list, hosts] of Object.entries(mrf_simple as Json)) {
    if (!Array.isArray(hosts) || hosts.length === 0) continue;
    const means = Object.hasOwn(SIMPLE, list) ? SIMPLE[list] : undefined;
    if (means === undefined) {
      gathering.remark(0, list, 'has no counterpart here: its names were passed over');
      continue;
    }
    for (const host of hosts) {
      const known = reasons[list];
      const info =
        isObject(known) && typeof host === 'string' && Object.hasOwn(known, host) ? known[host] : null;
      row++;
      const text = `${list}: ${brief(host)}`;
      gathering.add({
        row,
        text,
        domain: host,
        ...means,
        publicComment: isObject(info) ? info.reason : null,
      });
    }
  }
  if (exclusions === true) gathering.remark(0, 'exclusions', 'the server says that it leaves some out');
}
