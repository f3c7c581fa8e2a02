/** Subscriptions to remote lists, and our own list as a dataset. */
import { Migration } from '@mikro-orm/migrations';

export class Subscriptions extends Migration {
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}

const STATEMENTS = [
  `create table "subscription" ("id" bigserial primary key, "url" text not null, "kind" text not null, "name" text not null, "every_ms" bigint not null, "mode" text not null, "severity_max" text not null, "followed_max" text null, "on_remove" text not null, "comment" text not null, "login" text null, "is_paused" boolean not null default false, "removed_by" text null, "due_at" timestamptz(6) null, "holder" text null, "lease_until" timestamptz(6) null, "failures" int not null default 0, "etag" text null, "last_modified" text null, "endpoints" jsonb null, "position" text null, "whole_at" timestamptz(6) null, "error" text null, "suspicion" text null, "review" jsonb not null, "polled_at" timestamptz(6) null, "ok_at" timestamptz(6) null, "batch" text null, "created_at" timestamptz(6) not null, "by_whom" text not null)`,
  `alter table "subscription" add constraint "subscription_url_unique" unique ("url")`,
  `create table "subscription_entry" ("subscription" bigint not null, "kind" text not null, "key" text not null, "change_id" text null, "advice" text null, "labels" jsonb not null, "wish" text null, "applied" text null, primary key ("subscription", "kind", "key"))`,
  `create index "subscription_entry_pending" on "subscription_entry" ("subscription") where "wish" is distinct from "applied"`,
  `create table "subscription_change" ("subscription" bigint not null, "change_id" text not null, "kind" text not null, "key" text not null, primary key ("subscription", "change_id"))`,
  `create table "label_name" ("iri" text not null, "name" text null, "at" timestamptz(6) not null, primary key ("iri"))`,
  `create table "public_change" ("id" text not null, "domain" text not null, "type" text not null, "policy" text null, "filters" jsonb not null, "labels" jsonb not null, "at" timestamptz(6) not null, primary key ("id"))`,
  `create index "public_change_domain" on "public_change" ("domain", "id")`,
];
