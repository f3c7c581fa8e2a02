/** Remote actors that have moved lately: they, and those to whom they moved, move nobody on for a while. */
import type { ActorMove } from '../effects.ts';
import { rows, type Statements, sql, texts, time } from './statement.ts';

/** A move counts for so long, in milliseconds: 7 days, as with Mastodon. */
const COUNTS_MS = 7 * 86_400_000;

/** The moves of late that these actors had a part in, oldest first. */
export async function movesOf(tx: Statements, actors: readonly string[], atMs: number): Promise<ActorMove[]> {
  if (actors.length === 0) return [];
  return tx.run<ActorMove>(sql`
    select actor, target from actor_move
     where at > ${time(atMs - COUNTS_MS)} and (actor = any(${texts(actors)}) or target = any(${texts(actors)}))
     order by at`);
}

/** Keeps moves, and forgets those that do not count any more, so that the table stays small. */
export async function writeMoves(tx: Statements, moves: readonly ActorMove[], atMs: number): Promise<void> {
  if (moves.length === 0) return;
  // One row for each actor: a statement cannot change the same row twice.
  const last = [...new Map(moves.map((move) => [move.actor, move])).values()];
  await tx.run(sql`
    with forgotten as (
      delete from actor_move where at <= ${time(atMs - COUNTS_MS)} and actor <> all(${texts(last.map(({ actor }) => actor))})
    )
    insert into actor_move (actor, target, at)
    select r.actor, r.target, ${time(atMs)} from json_to_recordset(${rows(last)}) as r(actor text, target text)
    on conflict (actor) do update set target = excluded.target, at = excluded.at`);
}
