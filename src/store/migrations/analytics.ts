/** Counts by the hour, alerts, and what is done now and then. */
import { Migration } from '@mikro-orm/migrations';

export class AnalyticsAndAlerts extends Migration {
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}

const STATEMENTS = [
  `create table "rollup" ("domain" text not null, "hour" timestamptz(6) not null, "subject" text not null, "type" text not null, "status" text not null, "reason" text not null, "filter" text not null, "count" bigint not null, primary key ("domain", "hour", "subject", "type", "status", "reason", "filter"))`,
  `create index "rollup_hour" on "rollup" ("hour")`,
  `create table "alert" ("id" bigserial primary key, "source" text not null, "channel" text not null, "event" text not null, "body" jsonb not null, "state" text not null, "attempts" int not null default 0, "due_at" timestamptz(6) null, "error" text null, "created_at" timestamptz(6) not null, "finished_at" timestamptz(6) null)`,
  `alter table "alert" add constraint "alert_source" unique ("source", "channel")`,
  `create index "alert_due" on "alert" ("due_at") where "due_at" is not null`,
  `create table "chore" ("name" text not null, "next_at" timestamptz(6) not null, "data" jsonb not null, primary key ("name"))`,
  `create index "event_hold" on "event" ("seq") where "kind" = 'hold'`,
];
