/** When remote actors were seen for the first time: what filters ask of newcomers. */
import { Migration } from '@mikro-orm/migrations';

export class FirstSeenActors extends Migration {
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}

const STATEMENTS = [
  `alter table "remote_actor" add column "first_seen_at" timestamptz(6) null`,
  `update "remote_actor" set "first_seen_at" = "fetched_at"`,
  `alter table "remote_actor" alter column "first_seen_at" set not null`,
];
