/** The entry of a built-in filter in the option `filters`, as JSON Schema: for whoever shows it, or asks for it. */
import { FILTERS, type FilterField, SHARED, type Use, VERDICTS } from './fields.ts';

type Schema = Readonly<Record<string, unknown>>;

export function schemaOf(use: Use): Schema {
  const { options, verdict } = FILTERS[use];
  const own: Readonly<Record<string, FilterField>> = options;
  const required = Object.entries(own).flatMap(([name, { byDefault }]) =>
    byDefault === undefined ? [name] : [],
  );
  const isStepped = use === 'hellthread';
  const shared = Object.entries(SHARED).filter(([name]) => !isStepped || name === 'for' || name === 'until');
  return {
    type: 'object',
    required: ['use', ...required],
    additionalProperties: false,
    properties: {
      use: { const: use },
      name: { type: 'string', maxLength: 100, description: 'what stands in histories, lists and metrics' },
      verdict: {
        enum: isStepped ? ['shadow'] : VERDICTS,
        description: 'what becomes of what it finds; shadow only enters it in the history',
        ...(verdict === null ? {} : { default: verdict }),
      },
      ...Object.fromEntries(
        [...Object.entries(own), ...shared].map(([name, field]) => [name, fieldSchema(field)]),
      ),
    },
  };
}

function fieldSchema(field: FilterField): Schema {
  const { meaning, example, byDefault, otherwise } = field;
  return {
    ...kindSchema(field),
    description: otherwise === undefined ? meaning : `${meaning}; when absent: ${otherwise}`,
    examples: [example],
    ...(byDefault === undefined || byDefault === null ? {} : { default: byDefault }),
  };
}

function kindSchema(field: FilterField): Schema {
  switch (field.kind) {
    case 'yesNo':
      return { type: 'boolean' };
    case 'points':
      return { type: 'number' };
    case 'whole':
      return { type: 'integer', minimum: field.least, maximum: field.most };
    case 'choice':
      return { enum: field.choices };
    case 'duration':
      return { type: 'string', pattern: '^\\d+(\\.\\d+)? ?[a-z]+$' };
    case 'url':
      return { type: 'string', format: 'uri' };
    default:
      return { type: 'array', minItems: 1, items: { type: 'string' } };
  }
}
