/** What the filters said of a mail, carried out in its turn. */
import { refuseFollow } from '../activities/refusal.ts';
import type { World } from '../activities/world.ts';
import type { KeptMail, NewHeld } from '../store/held.ts';
import type { Mail } from '../store/turns.ts';
import type { MailVerdict } from '../verdict.ts';
import type { Register } from './register.ts';

/** What a turn sets aside for a moderator. */
export class Aside {
  readonly #fresh = new Map<string, NewHeld & { readonly mail: KeptMail[] }>();
  readonly #again = new Map<string, KeptMail[]>();
  /** Mail that lets another one pass: it goes to the end of its mailbox. */
  readonly behind: Mail[] = [];
  /** Mail that came under the id of an activity whose document may be gone: what it brought is not the first one. */
  readonly late: Mail[] = [];

  hold(held: Omit<NewHeld, 'mail'>, mail: Mail): void {
    this.#fresh.set(held.activityId, { ...held, mail: [kept(mail)] });
  }

  /** What is held has come to a further inbox: approved, it reaches that one too. */
  cameAgain(mail: Mail): void {
    const { id } = mail.facts;
    const list = this.#fresh.get(id)?.mail ?? this.#again.get(id) ?? [];
    list.push(kept(mail));
    if (!this.#fresh.has(id)) this.#again.set(id, list);
  }

  get fresh(): NewHeld[] {
    return [...this.#fresh.values()];
  }

  get again(): { activityId: string; mail: KeptMail[] }[] {
    return [...this.#again].map(([activityId, mail]) => ({ activityId, mail }));
  }
}

const kept = ({ facts, inbox, receivedMs }: Mail): KeptMail => ({ facts, inbox, receivedMs });

const STATUS = { drop: 'dropped', reject: 'rejected', hold: 'held' } as const;

/** Ends an activity that a filter has stopped. It has no effect; a Follow that is refused is answered. */
export function endFiltered(
  mail: Mail,
  end: NonNullable<MailVerdict['end']>,
  { world, register, aside, atMs }: { world: World; register: Register; aside: Aside; atMs: number },
): void {
  const { facts, domain, verdict } = mail;
  const { filter, reason, untilMs, saw, strike } = end;
  const by = { filter, reason, ...(saw === undefined ? {} : { saw }), ...(strike ? { strike } : {}) };
  register.end(mail, STATUS[end.type], `${filter}: ${reason}`, atMs, by);
  if (end.type === 'reject') refuseFollow(world, { facts, locals: facts.locals }, { reason, by: null, atMs });
  if (end.type !== 'hold') return;
  const { id: activityId, type, actor } = facts;
  const asked = [...new Set([...(facts.pastFilters ?? []), ...(verdict?.asked ?? []), filter])];
  const id = register.idOf(activityId);
  aside.hold({ id, activityId, type, actor, domain, filter, reason, asked, untilMs: untilMs ?? null }, mail);
  world.record({
    kind: 'hold',
    atMs,
    key: activityId,
    domain,
    to: 'held',
    reason: `${filter}: ${reason}`,
    by: null,
  });
}

/** A mail with the answer of the followed actor's own policy in place of the terms that it came with. */
export function withAnswer(mail: Mail): Mail['facts']['locals'] {
  const { facts, verdict } = mail;
  const answer = verdict?.followAnswer;
  if (answer === undefined) return facts.locals;
  return facts.locals.map((local) =>
    local.id === facts.objects[0]
      ? { ...local, follow: { mutual: answer, other: answer, waitMs: local.follow?.waitMs ?? null } }
      : local,
  );
}
