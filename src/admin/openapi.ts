/** The admin API described by itself: OpenAPI 3.1, made of the table of routes. */
import type { Field, Fields } from './input.ts';
import type { Route } from './route.ts';
import { type AnswerName, SCHEMAS } from './schemas/index.ts';
import { count, listOf, object, oneOf, orNull, type Schema, text, time, uri } from './schemas/shapes.ts';

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
  name === 'Stream' ? 'text/event-stream' : name === 'List' ? 'text/csv' : 'application/json';
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
    case 'flag':
      return { type: 'boolean' };
    case 'time':
      return time;
    case 'object':
      return { type: 'object' };
    case 'objects':
      return { type: 'array', maxItems: field.itemsMax, items: { type: 'object' } };
    case 'texts':
      return {
        type: 'array',
        maxItems: field.itemsMax,
        items: { type: 'string', maxLength: field.charactersMax },
      };
  }
}
