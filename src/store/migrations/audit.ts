/** The audit log, and under which settings a domain changed its state. */
import { Migration } from '@mikro-orm/migrations';

export class AuditLog extends Migration {
  override up(): void {
    this.addSql(
      `create table "audit" ("seq" bigserial primary key, "at" timestamptz(6) not null, "by_whom" text null, "verb" text not null, "subject_kind" text not null, "subject_id" text not null, "domain" text null, "from_state" text null, "to_state" text null, "reason" text null, "policy" text null, "batch" text null, "filter" text null)`,
    );
    this.addSql(`create index "audit_subject" on "audit" ("subject_kind", "subject_id", "seq")`);
    this.addSql(`create index "audit_domain" on "audit" ("domain", "seq")`);
    this.addSql(`alter table "event" add column "policy" text null`);
  }
}
