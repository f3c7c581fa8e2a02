/** Counts what comes in by day and type. The database adds, so that no count is lost however many come at once. */
import type { Inbox } from '../../src/index.ts';

export function countByDay(inbox: Inbox): void {
  inbox.on(
    '*',
    ({ type, receivedAt }, { transaction }) =>
      transaction((tx) =>
        tx.execute(
          `insert into app_statistics (day, type, count) values ($1, $2, 1)
           on conflict (day, type) do update set count = app_statistics.count + 1`,
          [receivedAt.toISOString().slice(0, 10), type],
        ),
      ),
    { name: 'daily statistics' },
  );
}
