/** Reports that several Flags come to and that moderators work on; appeals of blocked domains. */
import { Migration } from '@mikro-orm/migrations';

export class ReportsAndAppeals extends Migration {
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}

const STATEMENTS = [
  `alter table "report" add column "target" text null, add column "target_domain" text null, add column "content" text null, add column "count" int not null default 1, add column "last_at" timestamptz(6) null, add column "assignee" text null, add column "resolution" text null, add column "resolved_by" text null, add column "resolved_at" timestamptz(6) null, add column "forwarded_at" timestamptz(6) null`,
  `update "report" set "target" = coalesce("objects" ->> 0, ''), "target_domain" = coalesce(substring("objects" ->> 0 from '^https?://([^/:?#]+)'), ''), "last_at" = "at"`,
  `alter table "report" alter column "target" set not null, alter column "target_domain" set not null, alter column "last_at" set not null`,
  `create index "report_state" on "report" ("state", "id")`,
  `create index "report_target" on "report" ("target", "id")`,
  `create index "report_domain" on "report" ("domain", "id")`,
  `create index "report_open" on "report" ("actor", "target") where "state" = 'open'`,
  `create table "report_flag" ("activity_id" text not null, "report_id" bigint not null, "content" text null, "objects" json not null, "at" timestamptz(6) not null, primary key ("activity_id"))`,
  `insert into "report_flag" ("activity_id", "report_id", "content", "objects", "at") select "activity_id", "id", null, "objects", "at" from "report"`,
  `create index "report_flag_report" on "report_flag" ("report_id", "at")`,
  `create table "appeal" ("id" bigserial primary key, "domain" text not null, "actor" text null, "reason" text not null, "contact" text null, "state" text not null, "at" timestamptz(6) not null, "decision" text null, "decided_by" text null, "decided_at" timestamptz(6) null)`,
  `create index "appeal_domain" on "appeal" ("domain", "id")`,
  `create index "appeal_state" on "appeal" ("state", "id")`,
  `create table "appeal_link" ("digest" text not null, "domain" text not null, "by_whom" text not null, "at" timestamptz(6) not null, "expires_at" timestamptz(6) not null, "appeal_id" bigint null, primary key ("digest"))`,
  `create index "appeal_link_expires" on "appeal_link" ("expires_at")`,
];
