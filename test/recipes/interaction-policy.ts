/** The service's own rules, asked before anything has an effect: who may interact, and with what. */
import { drop, type Inbox, reject } from '../../src/index.ts';

export function enforcePolicy(
  inbox: Inbox,
  rules: { isBlocked(actor: string): Promise<boolean>; isClosed(post: string): boolean; mentionsMax: number },
): void {
  inbox.before('*', async ({ actor }) => {
    if (await rules.isBlocked(actor.uri)) return drop('the actor is blocked');
  });
  inbox.before('Like', ({ object }) => {
    if (object !== null && rules.isClosed(object.uri)) return reject('this post takes no likes any more');
  });
  inbox.before('Create', ({ normal }) => {
    const tags = [(normal.object as { tag?: unknown }).tag ?? []].flat() as { type?: string }[];
    const mentions = tags.filter(({ type }) => type === 'Mention').length;
    if (mentions > rules.mentionsMax) return drop(`${mentions} mentions`);
  });
}
