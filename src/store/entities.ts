/**
 * The tables, as MikroORM entities: the schema and its migrations come from here. Hot statements are written out in
 * the files beside this one and name the same columns; `test/store/schema.test.ts` holds the migrated schema and
 * these entities together.
 */
import { defineEntity, p } from '@mikro-orm/core';

const time = () => p.datetime(6);
const seq = () => p.bigint('number').primary().autoincrement();

const Meta = defineEntity({
  name: 'Meta',
  tableName: 'meta',
  properties: { key: p.text().primary(), value: p.text() },
});

/** Local actors' key pairs: those of the map, and those made for actors of a resolver. */
const Actor = defineEntity({
  name: 'Actor',
  tableName: 'actor',
  properties: {
    id: p.text().primary(),
    handle: p.text().unique(),
    publicKeyPem: p.text(),
    privateKeyPem: p.text(),
    createdAt: time(),
  },
});

const RemoteKey = defineEntity({
  name: 'RemoteKey',
  tableName: 'remote_key',
  properties: {
    id: p.text().primary(),
    actor: p.text(),
    domain: p.text(),
    publicKeyPem: p.text(),
    fetchedAt: time(),
  },
});

const RemoteActor = defineEntity({
  name: 'RemoteActor',
  tableName: 'remote_actor',
  properties: {
    id: p.text().primary(),
    domain: p.text(),
    inbox: p.text(),
    sharedInbox: p.text().nullable(),
    document: p.json(),
    fetchedAt: time(),
  },
});

/** A remote domain: `state` is only ever written from a snapshot that `step` returned. `version` is the fence. */
const Domain = defineEntity({
  name: 'Domain',
  tableName: 'domain',
  properties: {
    name: p.text().primary(),
    state: p.text(),
    snapshot: p.json(),
    version: p.integer().default(0),
    dueAt: time().nullable(),
    since: time(),
  },
  indexes: [
    {
      name: 'domain_due',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.dueAt}") where "${columns.dueAt}" is not null`,
    },
    { name: 'domain_state', properties: ['state', 'name'] },
  ],
});

const RateWindow = defineEntity({
  name: 'RateWindow',
  tableName: 'rate_window',
  properties: { key: p.text().primary(), startedAt: time(), count: p.integer() },
});

const Mail = defineEntity({
  name: 'Mail',
  tableName: 'mail',
  properties: {
    domain: p.text().primary(),
    seq: p.bigint('number').primary().autoincrement(),
    activityId: p.text(),
    facts: p.text(),
    inbox: p.text(),
    attempts: p.integer().default(0),
    dueAt: time().nullable(),
    receivedAt: time(),
    verdict: p.text().nullable(),
    leaseUntil: time().nullable(),
  },
});

/** Activities that wait for a moderator, with the mail that brought them, to be put back as it came. */
const Held = defineEntity({
  name: 'Held',
  tableName: 'held',
  properties: {
    id: p.bigint('number').primary(),
    activityId: p.text().unique(),
    type: p.text(),
    actor: p.text(),
    domain: p.text(),
    filter: p.text(),
    reason: p.text(),
    mail: p.json(),
    heldAt: time(),
    expiresAt: time(),
  },
  indexes: [{ name: 'held_expires', properties: ['expiresAt'] }],
});

const Document = defineEntity({
  name: 'Document',
  tableName: 'document',
  properties: {
    activityId: p.text().primary(),
    raw: p.text(),
    normal: p.text().nullable(),
    receivedAt: time(),
  },
});

const Activity = defineEntity({
  name: 'Activity',
  tableName: 'activity',
  properties: {
    id: p.bigint('number').primary(),
    activityId: p.text().unique(),
    type: p.text(),
    actor: p.text(),
    object: p.text().nullable(),
    domain: p.text(),
    status: p.text(),
    reason: p.text().nullable(),
    inboxes: p.json().columnType('json'),
    history: p.json().columnType('json'),
    receivedAt: time(),
    finishedAt: time(),
  },
  indexes: [
    {
      name: 'activity_status',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.status}", "${columns.id}") where "${columns.status}" <> 'processed'`,
    },
    { name: 'activity_domain', properties: ['domain', 'id'] },
    { name: 'activity_type', properties: ['type', 'id'] },
  ],
});

const FollowRequest = defineEntity({
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
const UserBlock = defineEntity({
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
const ActorMove = defineEntity({
  name: 'ActorMove',
  tableName: 'actor_move',
  properties: { actor: p.text().primary(), target: p.text(), at: time() },
});

/** What is known of an object: what it says stands in the document of the activity that is its source. */
const ObjectState = defineEntity({
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
const Retraction = defineEntity({
  name: 'Retraction',
  tableName: 'retraction',
  properties: { actor: p.text().primary(), object: p.text().primary(), at: time() },
  indexes: [{ name: 'retraction_at', properties: ['at'] }],
});

/** Reports to our moderators. */
const Report = defineEntity({
  name: 'Report',
  tableName: 'report',
  properties: {
    id: seq(),
    activityId: p.text().unique(),
    actor: p.text(),
    domain: p.text(),
    objects: p.json().columnType('json'),
    state: p.text(),
    at: time(),
  },
});

/** Members of collections, newest last; `via` is the activity that put one there, where several may do so. */
const Member = defineEntity({
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

const OwnActivity = defineEntity({
  name: 'OwnActivity',
  tableName: 'own_activity',
  properties: {
    id: p.text().primary(),
    actor: p.text(),
    type: p.text(),
    body: p.text(),
    isPublic: p.boolean(),
    createdAt: time(),
  },
  indexes: [{ name: 'own_activity_actor', properties: ['actor', 'createdAt'] }],
});

const Delivery = defineEntity({
  name: 'Delivery',
  tableName: 'delivery',
  properties: {
    id: seq(),
    domain: p.text(),
    inbox: p.text(),
    activityId: p.text(),
    actor: p.text(),
    state: p.text(),
    attempts: p.integer().default(0),
    error: p.text().nullable(),
    createdAt: time(),
    finishedAt: time().nullable(),
  },
  indexes: [
    {
      name: 'delivery_waiting',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.domain}", "${columns.id}") where "${columns.state}" = 'waiting'`,
    },
  ],
});

/** The outgoing mailbox of a remote domain: when it is due, who holds it until when, failures, how it is signed for. */
const Outgoing = defineEntity({
  name: 'Outgoing',
  tableName: 'outgoing',
  properties: {
    domain: p.text().primary(),
    dueAt: time().nullable(),
    leaseUntil: time().nullable(),
    failures: p.integer().default(0),
    scheme: p.text().nullable(),
  },
  indexes: [
    {
      name: 'outgoing_due',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.dueAt}") where "${columns.dueAt}" is not null`,
    },
  ],
});

/** The append-only log. `kind` is `transition`, or `activity` for one that came to its end (its id is the key). */
const Event = defineEntity({
  name: 'Event',
  tableName: 'event',
  properties: {
    seq: seq(),
    at: time(),
    kind: p.text(),
    machine: p.text().nullable(),
    key: p.text(),
    domain: p.text(),
    fromState: p.text().nullable(),
    toState: p.text().nullable(),
    event: p.text().nullable(),
    reason: p.text().nullable(),
    byWhom: p.text().nullable(),
  },
  indexes: [
    {
      name: 'event_transition',
      expression: (columns, table, name) =>
        `create index "${name}" on "${table.name}" ("${columns.seq}") where "${columns.kind}" = 'transition'`,
    },
  ],
});

const Consumer = defineEntity({
  name: 'Consumer',
  tableName: 'consumer',
  properties: {
    name: p.text().primary(),
    seq: p.bigint('number'),
    leaseOwner: p.text().nullable(),
    leaseUntil: time().nullable(),
  },
});

const HandlerCall = defineEntity({
  name: 'HandlerCall',
  tableName: 'handler_call',
  properties: {
    handler: p.text().primary(),
    seq: p.bigint('number').primary(),
    domain: p.text(),
    attempts: p.integer().default(0),
    dueAt: time(),
    error: p.text().nullable(),
    isDone: p.boolean().default(false),
  },
  indexes: [{ name: 'handler_call_domain', properties: ['handler', 'domain', 'seq'] }],
});

const DeadLetter = defineEntity({
  name: 'DeadLetter',
  tableName: 'dead_letter',
  properties: {
    id: seq(),
    kind: p.text(),
    domain: p.text(),
    activityId: p.text(),
    error: p.text(),
    attempts: p.integer(),
    data: p.json(),
    at: time(),
  },
});

/** Every table. */
export const entities = [
  Meta,
  Actor,
  RemoteKey,
  RemoteActor,
  Domain,
  RateWindow,
  Mail,
  Held,
  Document,
  Activity,
  FollowRequest,
  UserBlock,
  ActorMove,
  ObjectState,
  Retraction,
  Report,
  Member,
  OwnActivity,
  Delivery,
  Outgoing,
  Event,
  Consumer,
  HandlerCall,
  DeadLetter,
];
