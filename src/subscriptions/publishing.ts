/**
 * Our own list, published as changes: whatever is in force by rules and differs from what was said last is said anew.
 * Nobody who changes a rule has to know of it, and what was changed twice in between is said once.
 */
import { randomBytes } from 'node:crypto';
import type { RuleInForce } from '../api/lists.ts';
import {
  insertChanges,
  lastChangeId,
  latestChanges,
  lockDataset,
  type PublicChange,
  type Statement,
} from '../store/public-changes.ts';
import { allRulesInForce, rulesVersion } from '../store/rules-in-force.ts';
import type { Store } from '../store/store.ts';

/** What a silence means, in the words of FIRES. */
const SILENCE = ['auto-unlisted', 'prevent-trending', 'prevent-recommendations', 'require-follow-requests'];
const NO_MEDIA = ['reject-media', 'reject-profile-media'];
const NO_REPORTS = ['ignore-reports'];
/** Changes in one transaction. */
const AT_ONCE = 5_000;

export interface Publishing {
  /** Says what has changed. Cheap when nothing has. */
  publish(): Promise<void>;
}

export function createPublishing(store: Store): Publishing {
  let published: string | null = null;

  /** Says everything that is to be said, a part in each transaction; false when somebody else said something meanwhile. */
  async function publishAll(): Promise<boolean> {
    const nowMs = store.clock.now();
    let lastId = await lastChangeId(store);
    const changes = differences(await latestChanges(store), await allRulesInForce(store, nowMs));
    // Once also when there is nothing to say: a dataset that is empty exists.
    for (let from = 0; from === 0 || from < changes.length; from += AT_ONCE) {
      const before = lastId;
      const some = changes.slice(from, from + AT_ONCE).map((change) => {
        lastId = uuidAfter(lastId, nowMs);
        return { ...change, id: lastId };
      });
      const isSaid = await store.transaction(async (tx) => {
        await lockDataset(tx, uuidAfter(null, nowMs));
        if ((await lastChangeId(tx)) !== before) return false;
        if (some.length > 0) await insertChanges(tx, some, nowMs);
        return true;
      });
      if (!isSaid) return false;
    }
    return true;
  }

  return {
    async publish() {
      const version = await rulesVersion(store, store.clock.now());
      if (version === published) return;
      // Where another process was quicker, the next time finds less to say, or nothing.
      if (await publishAll()) published = version;
    },
  };
}

/** What was said last, against what is in force now. */
function differences(latest: readonly PublicChange[], rules: readonly RuleInForce[]): Statement[] {
  const said = new Map(latest.map((change) => [change.domain, change]));
  const now = new Map(rules.flatMap(statementOf));
  const changes = [...now.values()].filter((one) => bodyOf(one) !== bodyOf(said.get(one.domain) ?? null));
  for (const { domain, type } of said.values())
    if (type !== 'retraction' && !now.has(domain)) changes.push(retractionOf(domain));
  return changes;
}

/** What others are told of a rule; nothing of one that is to be hidden in part, and of one that lets everything in. */
function statementOf(rule: RuleInForce): [string, Statement][] {
  const { domain, severity, rejectMedia, rejectReports, obfuscate, labels } = rule;
  const flags = [...(rejectMedia ? NO_MEDIA : []), ...(rejectReports ? NO_REPORTS : [])];
  if (obfuscate || severity === 'allow' || (severity === 'none' && flags.length === 0)) return [];
  const filters = severity === 'block' ? [] : [...(severity === 'silence' ? SILENCE : []), ...flags];
  const policy = severity === 'block' ? 'reject' : 'filter';
  return [[domain, { domain, type: 'recommendation', policy, filters, labels }]];
}

const retractionOf = (domain: string): Statement => {
  return { domain, type: 'retraction', policy: null, filters: [], labels: [] };
};

const bodyOf = (one: Statement | null): string =>
  one === null || one.type === 'retraction' ? '' : JSON.stringify([one.policy, one.filters, one.labels]);

/**
 * A UUID of version 7 that sorts after another one. 12 bits behind the milliseconds count on; where they are used up, or the
 * clock is behind, the time of the other one goes on instead. RFC 9562 6.2
 */
export function uuidAfter(before: string | null, nowMs: number): string {
  const hex = before?.replaceAll('-', '') ?? '';
  const beforeMs = before === null ? -1 : Number.parseInt(hex.slice(0, 12), 16);
  const beforeCount = before === null ? 0 : Number.parseInt(hex.slice(13, 16), 16);
  const isLater = nowMs > beforeMs;
  const isFull = !isLater && beforeCount === 0xfff;
  const ms = isLater ? nowMs : beforeMs + (isFull ? 1 : 0);
  const count = isLater || isFull ? 0 : beforeCount + 1;
  const random = randomBytes(8);
  random[0] = ((random[0] as number) & 0x3f) | 0x80;
  const tail = random.toString('hex');
  const time = ms.toString(16).padStart(12, '0');
  const counted = count.toString(16).padStart(3, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counted}-${tail.slice(0, 4)}-${tail.slice(4)}`;
}
