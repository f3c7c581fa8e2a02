/** Spellings of a host: which of them are a blocked domain, which are another one, and which are none. */
import { canonicalDomain } from '../../../src/activity.ts';
import type { DatabaseKind } from '../../databases.ts';
import { activityOf, openStage, type Stage } from '../attack.ts';
import { keyElsewhere } from '../attacks/domain-block.ts';
import { bytesOf, isPresent } from '../material.ts';
import type { Counted } from '../table.ts';
import { openWorld } from '../world.ts';

interface Spelling {
  readonly blocked: string;
  readonly activityHost: string;
  readonly expect: string;
  readonly why: string;
}
const PART = 'vectors/domain-block.json';

/** The status of a post whose key is said to be on this host, and nothing of it may have an effect. */
async function knock(stage: Stage, host: string, at: number): Promise<number> {
  const good = await stage.relay.actor(`good-${at}`);
  const keyId = Buffer.from(`https://${host}/users/m#main-key`).toString('latin1');
  const { status } = await stage.post(activityOf(good, 'Like'), { keyId, privateKey: good.privateKey });
  for (const field of ['id', 'actor']) {
    const activity = activityOf(good, 'Like', { [field]: `https://${host}/users/m` });
    stage.expect(await stage.post(activity, good), 400, 401, 403);
    await stage.untouched(activity.id);
  }
  return status;
}

/** What is wrong with the answer to this spelling, or null. */
async function mistake(
  stage: Stage,
  { blocked, activityHost: host, expect }: Spelling,
  at: number,
): Promise<string | null> {
  const domain = canonicalDomain(blocked);
  if (domain === null) return `${blocked} is no domain`;
  await stage.world.served.inbox.domains.block(domain, { reason: 'spam' });
  await stage.settled();
  const status = await knock(stage, host, at);
  if (expect.startsWith('NOT')) return status === 401 ? null : `answered ${status}`;
  if (expect.startsWith('refused')) return [400, 401, 403].includes(status) ? null : `answered ${status}`;
  if (expect.startsWith('blocked if')) return throughRelay(stage, blocked);
  await keyElsewhere(stage, host, at);
  // A header holds bytes: there a name that is not ASCII is another name. In JSON it is this one.
  const isBytes = /[^ -~]/.test(host);
  return status === 403 || (isBytes && status === 401) ? null : `answered ${status}`;
}

/** A host in good standing brings what somebody at the blocked one has made. */
async function throughRelay(stage: Stage, blocked: string): Promise<string | null> {
  const relay = await stage.relay.actor('booster');
  const author = `https://${blocked}/users/m`;
  const note = { id: `https://${blocked}/notes/1`, type: 'Note', attributedTo: author, content: 'Buy now.' };
  const announce = activityOf(relay, 'Announce', { object: note });
  const create = activityOf({ id: author }, 'Create', { object: note });
  for (const activity of [announce, create]) {
    const { status } = await stage.post(activity, relay);
    if (![202, 400, 401, 403].includes(status)) return `answered ${status}`;
    await stage.settled();
    // `raw` is what was sent, word for word; what counts is the normal form.
    const words = stage.world.handled.some(({ normal }) => JSON.stringify(normal).includes('Buy now.'));
    if (words) return 'handlers were given what the blocked domain had made';
  }
  return null;
}

export async function domainSpellings(kind: DatabaseKind): Promise<Counted> {
  if (!isPresent(PART)) return { passed: 0, total: 0, failures: [], skipped: 'not found' };
  const { cases }: { cases: Spelling[] } = JSON.parse(Buffer.from(bytesOf(PART)).toString());
  const failures: string[] = [];
  await using world = await openWorld(kind);
  for (const [at, spelling] of cases.entries()) {
    const stage = openStage(world);
    const wrong = await mistake(stage, spelling, at).catch((error: Error) => error.message);
    if (wrong !== null) failures.push(`${spelling.activityHost} (${spelling.why}): ${wrong.slice(0, 200)}`);
    // The next one may be about a domain that this one has blocked by its parent.
    await world.served.inbox.domains.unblock(canonicalDomain(spelling.blocked) ?? '', { reason: 'over' });
    await stage.settled();
  }
  return { passed: cases.length - failures.length, total: cases.length, failures };
}
