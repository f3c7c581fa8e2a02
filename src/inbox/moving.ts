/**
 * A Move of somebody whom ours follow: is its target the same one, by its own word? Looked up before the mail is stored,
 * because a turn has no network; one bounded fetch, paid for by the domain that sent the Move, and none where nobody
 * here follows the actor. FEP-7628
 */
import { domainOf, type Facts, originOf } from '../activity.ts';
import type { Moving } from '../api.ts';
import type { House } from '../house.ts';
import { readActor } from '../keys/actor-document.ts';
import type { Refusal } from '../verdict.ts';

/** Ids that are looked at in `alsoKnownAs`. */
const ALIASES_MAX = 1_000;

/** What is found at the target; undefined where nobody needs to know; a refusal when it cannot be asked right now. */
export async function movingOf(
  house: House,
  { type, actor, objects, target }: Facts,
  payer: string,
): Promise<Moving | Refusal | undefined> {
  if (type !== 'Move' || objects[0] !== actor || target === null || target === actor) return undefined;
  if (!(await house.locals.isFollowed(actor))) return undefined;
  if (originOf(target) === house.settings.origin)
    return { problem: 'the target is one of ours, and who follows it here is the service\u2019s affair' };
  const shut = house.gate.judge([domainOf(target)], house.store.clock.now());
  if (shut?.type === 'blocked') return { problem: `the domain of the target is blocked: ${shut.domain}` };
  const word = await house.origins.ask(target, payer);
  if (word.type === 'busy')
    return { type: 'rate-limited', domain: payer, retryAfterSeconds: word.retryAfterSeconds };
  if (word.type !== 'document') return { problem: 'the target could not be read' };
  const isAllowed = (url: string): boolean => house.remote.isAllowed(url);
  const found = readActor(word.document, isAllowed, house.store.clock.now());
  if (found === null) return { problem: 'the target is no actor' };
  if (!aliasesOf(word.document).includes(actor))
    return { problem: 'the target does not say that it is also known as the actor' };
  if (house.gate.judgeActors([[found.id, found.domain]], house.store.clock.now()) !== null)
    return { problem: 'the target is suspended' };
  return { to: { id: found.id, domain: found.domain, inbox: found.inbox } };
}

function aliasesOf({ alsoKnownAs }: Readonly<Record<string, unknown>>): unknown[] {
  return Array.isArray(alsoKnownAs) ? alsoKnownAs.slice(0, ALIASES_MAX) : [alsoKnownAs];
}
