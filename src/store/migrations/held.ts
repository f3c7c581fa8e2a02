/** What has been asked about held activities, and whom moderators trust. */
import { Migration } from '@mikro-orm/migrations';

export class HeldAndTrusted extends Migration {
  override up(): void {
    this.addSql(`alter table "held" add column "asked" jsonb not null default '[]'`);
    this.addSql(
      `create table "trusted" ("target" text not null, "seq" bigserial, "reason" text null, "by_whom" text not null, "at" timestamptz(6) not null, primary key ("target"))`,
    );
  }
}
