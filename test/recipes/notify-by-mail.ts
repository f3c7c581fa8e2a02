/** Tells people by mail when somebody likes what they wrote, or follows them. */
import type { Inbox } from '../../src/index.ts';

export interface Mailer {
  send(mail: { to: string; subject: string; text: string }): Promise<void>;
}

/** `mailOf` finds the address of a user by the id of its actor, `authorOf` the actor that wrote a post. */
export function notifyByMail(
  inbox: Inbox,
  mailer: Mailer,
  { mailOf, authorOf }: { mailOf(actor: string): string | null; authorOf(post: string): string | null },
): void {
  inbox.on('Like', async ({ actor, object }) => {
    const author = object?.isLocal ? authorOf(object.uri) : null;
    const to = author === null ? null : mailOf(author);
    if (to === null) return; // not one of our posts: nothing to do
    await mailer.send({ to, subject: 'Your post was liked', text: `${actor.uri} liked ${object?.uri}` });
  });
  inbox.on('Follow', async ({ actor, object }) => {
    const to = object === null ? null : mailOf(object.uri);
    if (to === null) return;
    await mailer.send({ to, subject: 'New follower', text: `${actor.uri} wants to follow you` });
  });
}
