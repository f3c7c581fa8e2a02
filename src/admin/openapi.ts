/** The admin API described by itself: OpenAPI 3.1, made of the table of routes. */
import type { Field, Fields } from './input.ts';
import type { AnswerName, Route } from './route.ts';

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const time: Schema = { type: 'string', format: 'date-time' };
const uri: Schema = { type: 'string', format: 'uri' };
const count: Schema = { type: 'integer', minimum: 0 };
const yesNo: Schema = { type: 'boolean' };
const oneOf = (...choices: string[]): Schema => ({ type: 'string', enum: choices });
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});

const domainStates = ['active', 'rate-limited', 'blocked'];
const followRequestStates = ['pending', 'accepted', 'rejected', 'withdrawn'];

/** What comes back, by name. A test holds real answers against these. */
export const SCHEMAS: Readonly<Record<AnswerName, Schema>> = {
  Domain: object({
    domain: text,
    state: oneOf(...domainStates),
    since: time,
    reason: orNull(text),
    strikes: count,
    until: orNull(time),
    reviewAt: orNull(time),
    publicComment: orNull(text),
    privateComment: orNull(text),
    by: orNull(text),
  }),
  FollowRequest: object({
    id: text,
    activityId: uri,
    direction: oneOf('incoming', 'outgoing'),
    follower: uri,
    following: uri,
    state: oneOf(...followRequestStates),
    since: time,
  }),
  UserBlock: object({ actor: orNull(uri), domain: orNull(text), since: time }),
  Activity: object({
    id: text,
    activityId: uri,
    type: text,
    actor: uri,
    domain: text,
    inboxes: listOf(uri),
    status: oneOf('accepted', 'processed', 'held', 'dropped', 'rejected', 'failed'),
    reason: orNull(text),
    receivedAt: time,
    history: listOf({
      type: 'object',
      required: ['at', 'what'],
      properties: {
        at: time,
        what: text,
        inbox: uri,
        reason: text,
        filter: text,
        asked: listOf(text),
        by: text,
      },
    }),
  }),
  Delivery: object({
    id: text,
    inbox: uri,
    domain: text,
    state: oneOf('waiting', 'delivered', 'dead'),
    attempts: count,
    nextAt: orNull(time),
  }),
  Held: object({
    id: text,
    activityId: uri,
    type: text,
    actor: uri,
    domain: text,
    filter: text,
    reason: text,
    heldAt: time,
    expiresAt: time,
  }),
  HeldDecision: object({ id: text, activityId: uri, status: oneOf('accepted', 'rejected') }),
  DeadLetter: object({
    id: text,
    kind: oneOf('mail', 'handler', 'delivery'),
    activityId: uri,
    error: text,
    attempts: count,
  }),
  Object: object({
    uri,
    type: orNull(text),
    owner: orNull(uri),
    deleted: yesNo,
    likes: object({ total: count }),
    shares: object({ total: count }),
    replies: object({ total: count }),
    dislikes: object({ total: count }),
    emojiReactions: object({ total: count }),
  }),
  Sent: object({ activityId: uri, object: orNull(uri), deliveries: count }),
  Report: object({
    id: text,
    actor: uri,
    domain: text,
    objects: listOf(uri),
    content: orNull(text),
    state: oneOf('open', 'resolved'),
    receivedAt: time,
  }),
  Transition: object({
    seq: count,
    at: time,
    machine: oneOf('domain', 'follow-request'),
    key: text,
    from: orNull(text),
    to: oneOf(...domainStates, ...followRequestStates),
    event: text,
    reason: orNull(text),
    by: orNull(text),
  }),
  Machine: object({
    id: text,
    initial: text,
    states: listOf(
      object({
        name: text,
        initial: yesNo,
        final: yesNo,
        tags: listOf(text),
        transitions: listOf(
          object({
            event: text,
            target: text,
            guard: orNull(text),
            actions: listOf(text),
            delay: orNull(text),
            internal: yesNo,
          }),
        ),
      }),
    ),
    counts: { type: 'object', additionalProperties: count },
  }),
  Collection: object({ total: count, items: listOf(uri), next: orNull(text) }),
  Changed: object({ changed: count }),
  Follow: object({ activityId: uri }),
  Done: object({ id: text, done: text }),
  Description: { type: 'object' },
  Stream: { type: 'string', description: 'events named `transition`, their ids the numbers of the log' },
};

const PROBLEM: Schema = {
  type: 'object',
  required: ['type', 'title', 'status'],
  properties: { type: uri, title: text, status: count, detail: text },
};

/** The description as data. */
export function openapi(routes: readonly Route[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Sallyport admin API', version: '1', description: 'Errors are problem+json (RFC 9457).' },
    servers: [{ url: '/admin/api' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { ...SCHEMAS, Problem: PROBLEM },
    },
  };
}

function operationOf({ path, about, role, query, body, answer }: Route): Schema {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as string);
  const inPath = names.map((name) => ({ name, in: 'path', required: true, schema: text }));
  const inQuery = Object.entries(query).map(([name, field]) => ({
    ...{ name, in: 'query', required: field.required ?? false, description: field.about },
    schema: schemaOf(field),
  }));
  const hasBody = Object.keys(body).length > 0;
  return {
    summary: about,
    'x-role': role,
    parameters: [...inPath, ...inQuery],
    ...(hasBody ? { requestBody: { content: { 'application/json': { schema: bodySchema(body) } } } } : {}),
    responses: {
      200: {
        description: 'as asked',
        content: { [mediaTypeOf(answer.schema)]: { schema: answerSchema(answer) } },
      },
      default: {
        description: 'refused',
        content: { 'application/problem+json': { schema: reference('Problem') } },
      },
    },
  };
}

const mediaTypeOf = (name: AnswerName): string =>
  name === 'Stream' ? 'text/event-stream' : 'application/json';
const reference = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

function answerSchema({ schema, isPage }: Route['answer']): Schema {
  return isPage ? object({ items: listOf(reference(schema)), next: orNull(text) }) : reference(schema);
}

function bodySchema(fields: Fields): Schema {
  const required = Object.entries(fields).filter(([, field]) => field.required);
  return {
    type: 'object',
    required: required.map(([name]) => name),
    properties: Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, { ...schemaOf(field), description: field.about }]),
    ),
  };
}

function schemaOf(field: Field): Schema {
  switch (field.kind) {
    case 'text':
      return { type: 'string', maxLength: field.charactersMax, ...(field.required ? { minLength: 1 } : {}) };
    case 'choice':
      return oneOf(...field.choices);
    case 'number':
      return { type: 'integer', minimum: field.least };
    case 'time':
      return time;
    case 'object':
      return { type: 'object' };
    case 'texts':
      return {
        type: 'array',
        maxItems: field.itemsMax,
        items: { type: 'string', maxLength: field.charactersMax },
      };
  }
}
