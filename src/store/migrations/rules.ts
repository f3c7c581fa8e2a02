/** Rules about domains and actors, and the batches that change them. */
import { Migration } from '@mikro-orm/migrations';

export class Rules extends Migration {
  override up(): void {
    for (const statement of STATEMENTS) this.addSql(statement);
  }
}

/** What the second version of the machine's context has and the first had not. */
const CONTEXT = `{"origin": null, "probationMs": null, "strikeDecayMs": null, "appealedAtMs": null}`;

const STATEMENTS = [
  `create table "domain_rule" ("id" bigserial primary key, "domain" text not null, "source" text not null, "severity" text not null, "reject_media" boolean not null, "reject_reports" boolean not null, "obfuscate" boolean not null, "public_comment" text null, "private_comment" text null, "labels" jsonb not null, "reason" text null, "by_whom" text not null, "until" timestamptz(6) null, "review_at" timestamptz(6) null, "batch" bigint null, "created_at" timestamptz(6) not null, "updated_at" timestamptz(6) not null)`,
  `alter table "domain_rule" add constraint "domain_rule_opinion" unique ("domain", "source")`,
  `create index "domain_rule_source" on "domain_rule" ("source", "domain")`,
  `create table "actor_rule" ("seq" bigserial primary key, "actor" text not null, "source" text not null, "domain" text not null, "reason" text null, "by_whom" text not null, "until" timestamptz(6) null, "created_at" timestamptz(6) not null)`,
  `alter table "actor_rule" add constraint "actor_rule_opinion" unique ("actor", "source")`,
  `create table "batch" ("id" bigserial primary key, "kind" text not null, "by_whom" text not null, "reason" text null, "at" timestamptz(6) not null, "state" text not null, "total" int not null, "done" int not null default 0, "changed" int not null default 0)`,
  `create table "batch_item" ("batch" bigint not null, "domain" text not null, "rule" jsonb null, "source" text not null, "left_there" text not null, "life" jsonb not null, "version" int not null, primary key ("batch", "domain"))`,
  `alter table "domain" add column "policy" jsonb null`,
  `alter table "domain" add column "first_seen" timestamptz(6) null`,
  `update "domain" set "first_seen" = "since", "snapshot" = jsonb_set(jsonb_set("snapshot", '{version}', '2'), '{snapshot,context}', '${CONTEXT}'::jsonb || ("snapshot" -> 'snapshot' -> 'context')) where "snapshot" ->> 'version' = '1'`,
  `alter table "domain" alter column "first_seen" set not null`,
  // Whose word it was that it is not active.
  `update "domain" set "snapshot" = jsonb_set("snapshot", '{snapshot,context,origin}', case when "snapshot" #>> '{snapshot,context,by}' is null then '"runtime"'::jsonb else '"moderator"' end) where "state" <> 'active'`,
  // What was blocked by people before there were rules.
  `insert into "domain_rule" ("domain", "source", "severity", "reject_media", "reject_reports", "obfuscate", "public_comment", "private_comment", "labels", "reason", "by_whom", "until", "review_at", "created_at", "updated_at")
   select "name", 'manual', 'block', false, false, false, c ->> 'publicComment', c ->> 'privateComment', '[]', c ->> 'reason', c ->> 'by', to_timestamp((c ->> 'untilMs')::float8 / 1000), to_timestamp((c ->> 'reviewAtMs')::float8 / 1000), "since", "since"
     from (select "name", "since", "snapshot" -> 'snapshot' -> 'context' as c from "domain" where "state" = 'blocked') as blocked where c ->> 'by' is not null`,
  `update "domain" set "policy" = '{"severity": "block", "rejectMedia": false, "rejectReports": false, "source": "manual"}' where "name" in (select "domain" from "domain_rule")`,
];
