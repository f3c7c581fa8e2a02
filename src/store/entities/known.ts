/** What is known because of it: follows, objects, members. */
import { defineEntity, p } from '@mikro-orm/core';
import { seq, time } from './columns.ts';

export const FollowRequest = defineEntity({
  name: 'FollowRequest',
  tableName: 'follow_request',
  properties: {
    id: seq(),
    activityId: p.text().unique(),
    domain: p.text(),
    direction: p.text(),
    follower: p.text(),
    following: p.text(),
    state: p.text(),
    snapshot: p.json(),
    since: time(),
    dueAt: time().nullable(),
  },
  indexes: [
    {
      name: 'follow_request_due',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.dueAt}") where "${columns.dueAt}" is not null`,
    },
    {
      name: 'follow_request_live',
      expression: (columns, table, name) =>
        `create unique index "${name}" on "${table.name}" ("${columns.follower}", "${columns.following}") ` +
        `where "${columns.state}" in ('pending', 'accepted')`,
    },
    { name: 'follow_request_state', properties: ['state', 'id'] },
    {
      name: 'follow_request_following',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.following}") ` +
        `where "${columns.state}" in ('pending', 'accepted')`,
    },
  ],
});

/** Whom our actors want to hear nothing from: `target` is the id of an actor, or the name of a domain. */
export const UserBlock = defineEntity({
  name: 'UserBlock',
  tableName: 'user_block',
  properties: {
    target: p.text().primary(),
    actor: p.text().primary(),
    seq: p.bigint('number').autoincrement(),
    at: time(),
  },
  indexes: [{ name: 'user_block_actor', properties: ['actor', 'seq'] }],
});

/** Remote actors that have moved lately, with those who followed them. */
export const ActorMove = defineEntity({
  name: 'ActorMove',
  tableName: 'actor_move',
  properties: { actor: p.text().primary(), target: p.text(), at: time() },
});

/** What is known of an object: what it says stands in the document of the activity that is its source. */
export const ObjectState = defineEntity({
  name: 'ObjectState',
  tableName: 'object',
  properties: {
    uri: p.text().primary(),
    type: p.text().nullable(),
    owner: p.text(),
    inReplyTo: p.text().nullable(),
    isDeleted: p.boolean(),
    isPublic: p.boolean(),
    source: p.text().nullable(),
    changedAt: time(),
  },
  indexes: [{ name: 'object_owner', properties: ['owner'] }],
});

/** What an actor has taken back, or deleted, before it came. */
export const Retraction = defineEntity({
  name: 'Retraction',
  tableName: 'retraction',
  properties: { actor: p.text().primary(), object: p.text().primary(), at: time() },
  indexes: [{ name: 'retraction_at', properties: ['at'] }],
});

/** Members of collections, newest last; `via` is the activity that put one there, where several may do so. */
export const Member = defineEntity({
  name: 'Member',
  tableName: 'member',
  properties: {
    collection: p.text().primary(),
    item: p.text().primary(),
    via: p.text().primary(),
    seq: p.bigint('number').autoincrement(),
    addedAt: time(),
  },
  indexes: [{ name: 'member_order', properties: ['collection', 'seq'] }],
});
