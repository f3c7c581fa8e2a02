/** Keeps rows of the service's own in step with the likes: the row and the count, once for each actor and post. */
import type { Inbox, Transaction } from '../../src/index.ts';

export function syncLikes(inbox: Inbox): void {
  inbox.on('Like', ({ actor, object }, { transaction }) =>
    transaction(async (tx) => {
      await tx.execute(
        `insert into app_like (post, actor) select uri, $2::text from app_post where uri = $1
         on conflict do nothing`,
        [object?.uri, actor.uri],
      );
      await count(tx, object?.uri);
    }),
  );
  inbox.on('Undo', ({ actor, normal }, { transaction }) =>
    transaction(async (tx) => {
      const undone = normal.object as { type?: string; object?: string };
      if (undone.type !== 'Like') return;
      await tx.execute('delete from app_like where post = $1 and actor = $2', [undone.object, actor.uri]);
      await count(tx, undone.object);
    }),
  );
}

/** Counted anew each time, so that nothing can drift. A post that is not ours has no row, so nothing happens. */
const count = (tx: Transaction, post: unknown) =>
  tx.execute(
    'update app_post set like_count = (select count(*) from app_like where post = $1) where uri = $1',
    [post],
  );
