/** Holds a value against a schema of our `openapi.json`: the part of JSON Schema that it uses, and nothing more. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly minimum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
}

/** Where the value is not what the schema says. A property that no schema names is one, too. */
export function faultsOf(
  schema: Schema,
  value: unknown,
  known: Readonly<Record<string, Schema>>,
  at = '$',
): string[] {
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return faultsOf(known[name] as Schema, value, known, at);
  if (schema.anyOf !== undefined) {
    const tried = schema.anyOf.map((one) => faultsOf(one, value, known, at));
    return tried.find((faults) => faults.length === 0) ?? (tried[0] as string[]);
  }
  if (Object.keys(schema).length === 0) return [];
  if (!isOfType(schema.type, value)) return [`${at} is no ${schema.type}: ${JSON.stringify(value)}`];
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${at} is ${JSON.stringify(value)}`];
  if (typeof value === 'string' && !isOfFormat(schema.format, value)) return [`${at} is no ${schema.format}`];
  if (typeof value === 'number' && value < (schema.minimum ?? value)) return [`${at} is too small`];
  if (Array.isArray(value))
    return value.flatMap((item, index) => faultsOf(schema.items as Schema, item, known, `${at}[${index}]`));
  if (schema.type !== 'object') return [];
  return objectFaults(schema, value as Record<string, unknown>, known, at);
}

function objectFaults(
  { properties = {}, required = [], additionalProperties }: Schema,
  value: Readonly<Record<string, unknown>>,
  known: Readonly<Record<string, Schema>>,
  at: string,
): string[] {
  const missing = required.filter((name) => !(name in value)).map((name) => `${at}.${name} is missing`);
  const wrong = Object.entries(value).flatMap(([name, item]) => {
    const schema = properties[name] ?? additionalProperties;
    return schema === undefined
      ? [`${at}.${name} is not described`]
      : faultsOf(schema, item, known, `${at}.${name}`);
  });
  return [...missing, ...wrong];
}

function isOfType(type: string | undefined, value: unknown): boolean {
  switch (type) {
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isSafeInteger(value);
    case 'null':
      return value === null;
    default:
      return typeof value === type;
  }
}

function isOfFormat(format: string | undefined, value: string): boolean {
  if (format === 'uri') return URL.canParse(value);
  if (format === 'date-time') return new Date(value).toISOString() === value;
  return true;
}
