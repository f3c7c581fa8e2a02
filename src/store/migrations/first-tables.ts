/** The first schema: every table of the house. */
import { Migration } from '@mikro-orm/migrations';

export class FirstTables extends Migration {
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}

const STATEMENTS = [
  `create table "activity" ("id" bigserial primary key, "activity_id" text not null, "type" text not null, "actor" text not null, "object" text null, "domain" text not null, "status" text not null, "reason" text null, "inboxes" json not null, "history" json not null, "received_at" timestamptz(6) not null, "finished_at" timestamptz(6) not null)`,
  `alter table "activity" add constraint "activity_activity_id_unique" unique ("activity_id")`,
  `create index "activity_status" on "activity" ("status", "id") where "status" <> 'processed'`,
  `create index "activity_domain" on "activity" ("domain", "id")`,
  `create index "activity_type" on "activity" ("type", "id")`,
  `create table "actor" ("id" text not null, "handle" text not null, "public_key_pem" text not null, "private_key_pem" text not null, "created_at" timestamptz(6) not null, primary key ("id"))`,
  `alter table "actor" add constraint "actor_handle_unique" unique ("handle")`,
  `create table "actor_move" ("actor" text not null, "target" text not null, "at" timestamptz(6) not null, primary key ("actor"))`,
  `create table "consumer" ("name" text not null, "seq" bigint not null, "lease_owner" text null, "lease_until" timestamptz(6) null, primary key ("name"))`,
  `create table "dead_letter" ("id" bigserial primary key, "kind" text not null, "domain" text not null, "activity_id" text not null, "error" text not null, "attempts" int not null, "data" jsonb not null, "at" timestamptz(6) not null)`,
  `create table "delivery" ("id" bigserial primary key, "domain" text not null, "inbox" text not null, "activity_id" text not null, "actor" text not null, "state" text not null, "attempts" int not null default 0, "error" text null, "created_at" timestamptz(6) not null, "finished_at" timestamptz(6) null)`,
  `create index "delivery_waiting" on "delivery" ("domain", "id") where "state" = 'waiting'`,
  `create table "document" ("activity_id" text not null, "raw" text not null, "normal" text null, "received_at" timestamptz(6) not null, primary key ("activity_id"))`,
  `create table "domain" ("name" text not null, "state" text not null, "snapshot" jsonb not null, "version" int not null default 0, "due_at" timestamptz(6) null, "since" timestamptz(6) not null, primary key ("name"))`,
  `create index "domain_due" on "domain" ("due_at") where "due_at" is not null`,
  `create index "domain_state" on "domain" ("state", "name")`,
  `create table "event" ("seq" bigserial primary key, "at" timestamptz(6) not null, "kind" text not null, "machine" text null, "key" text not null, "domain" text not null, "from_state" text null, "to_state" text null, "event" text null, "reason" text null, "by_whom" text null)`,
  `create index "event_transition" on "event" ("seq") where "kind" = 'transition'`,
  `create table "follow_request" ("id" bigserial primary key, "activity_id" text not null, "domain" text not null, "direction" text not null, "follower" text not null, "following" text not null, "state" text not null, "snapshot" jsonb not null, "since" timestamptz(6) not null, "due_at" timestamptz(6) null)`,
  `alter table "follow_request" add constraint "follow_request_activity_id_unique" unique ("activity_id")`,
  `create unique index "follow_request_live" on "follow_request" ("follower", "following") where "state" in ('pending', 'accepted')`,
  `create index "follow_request_due" on "follow_request" ("due_at") where "due_at" is not null`,
  `create index "follow_request_following" on "follow_request" ("following") where "state" in ('pending', 'accepted')`,
  `create index "follow_request_state" on "follow_request" ("state", "id")`,
  `create table "handler_call" ("handler" text not null, "seq" bigint not null, "domain" text not null, "attempts" int not null default 0, "due_at" timestamptz(6) not null, "error" text null, "is_done" boolean not null default false, primary key ("handler", "seq"))`,
  `create index "handler_call_domain" on "handler_call" ("handler", "domain", "seq")`,
  `create table "held" ("id" bigserial primary key, "activity_id" text not null, "type" text not null, "actor" text not null, "domain" text not null, "filter" text not null, "reason" text not null, "mail" jsonb not null, "held_at" timestamptz(6) not null, "expires_at" timestamptz(6) not null)`,
  `alter table "held" add constraint "held_activity_id_unique" unique ("activity_id")`,
  `create index "held_expires" on "held" ("expires_at")`,
  `create table "mail" ("domain" text not null, "seq" bigserial, "activity_id" text not null, "facts" text not null, "inbox" text not null, "attempts" int not null default 0, "due_at" timestamptz(6) null, "received_at" timestamptz(6) not null, "verdict" text null, "lease_until" timestamptz(6) null, primary key ("domain", "seq"))`,
  `create table "member" ("collection" text not null, "item" text not null, "via" text not null, "seq" bigserial, "added_at" timestamptz(6) not null, primary key ("collection", "item", "via"))`,
  `create index "member_order" on "member" ("collection", "seq")`,
  `create table "meta" ("key" text not null, "value" text not null, primary key ("key"))`,
  `create table "object" ("uri" text not null, "type" text null, "owner" text not null, "in_reply_to" text null, "is_deleted" boolean not null, "is_public" boolean not null, "source" text null, "changed_at" timestamptz(6) not null, primary key ("uri"))`,
  `create index "object_owner" on "object" ("owner")`,
  `create table "outgoing" ("domain" text not null, "due_at" timestamptz(6) null, "lease_until" timestamptz(6) null, "failures" int not null default 0, "scheme" text null, primary key ("domain"))`,
  `create index "outgoing_due" on "outgoing" ("due_at") where "due_at" is not null`,
  `create table "own_activity" ("id" text not null, "actor" text not null, "type" text not null, "body" text not null, "is_public" boolean not null, "created_at" timestamptz(6) not null, primary key ("id"))`,
  `create index "own_activity_actor" on "own_activity" ("actor", "created_at")`,
  `create table "rate_window" ("key" text not null, "started_at" timestamptz(6) not null, "count" int not null, primary key ("key"))`,
  `create table "remote_actor" ("id" text not null, "domain" text not null, "inbox" text not null, "shared_inbox" text null, "document" jsonb not null, "fetched_at" timestamptz(6) not null, primary key ("id"))`,
  `create table "report" ("id" bigserial primary key, "activity_id" text not null, "actor" text not null, "domain" text not null, "objects" json not null, "state" text not null, "at" timestamptz(6) not null)`,
  `alter table "report" add constraint "report_activity_id_unique" unique ("activity_id")`,
  `create table "retraction" ("actor" text not null, "object" text not null, "at" timestamptz(6) not null, primary key ("actor", "object"))`,
  `create index "retraction_at" on "retraction" ("at")`,
  `create table "remote_key" ("id" text not null, "actor" text not null, "domain" text not null, "public_key_pem" text not null, "fetched_at" timestamptz(6) not null, primary key ("id"))`,
  // Mail is inserted and deleted all day: vacuum by a fixed count, not by a share of a table that is mostly empty.
  `alter table "mail" set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)`,
  // A usual document is kept in its row as it is: compressing it costs more than everything else about it.
  `alter table "document" set (toast_tuple_target = 8160)`,
  `create table "user_block" ("target" text not null, "actor" text not null, "seq" bigserial, "at" timestamptz(6) not null, primary key ("target", "actor"))`,
  `create index "user_block_actor" on "user_block" ("actor", "seq")`,
];
