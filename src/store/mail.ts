/** What statements about waiting mail share. */
import { sql } from './statement.ts';

/** `waiting(name)`: the distinct domains that have mail, one step along the mailbox's index for each. For `with recursive`. */
export const WAITING = sql`waiting(name) as (
      (select domain from mail order by domain limit 1)
      union all
      select (select m.domain from mail as m where m.domain > w.name order by m.domain limit 1)
        from waiting as w where w.name is not null
    )`;
