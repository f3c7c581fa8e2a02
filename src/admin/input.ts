/**
 * What a request may say, as data: queries and bodies are read by it, and `openapi.json` is made of it. So what is
 * documented is what is checked.
 */
import { badInput, badRequest, type InputFault } from './problems.ts';

interface Basics {
  readonly about: string;
  /** @default false */
  readonly required?: boolean;
}
export interface TextField extends Basics {
  readonly kind: 'text';
  readonly charactersMax: number;
}
export interface ChoiceField extends Basics {
  readonly kind: 'choice';
  readonly choices: readonly string[];
}
export interface NumberField extends Basics {
  readonly kind: 'number';
  readonly least: number;
}
export interface TimeField extends Basics {
  readonly kind: 'time';
}
export interface TextsField extends Basics {
  readonly kind: 'texts';
  readonly itemsMax: number;
  readonly charactersMax: number;
}
export interface FlagField extends Basics {
  readonly kind: 'flag';
}
export interface ObjectField extends Basics {
  readonly kind: 'object';
}
export interface ObjectsField extends Basics {
  readonly kind: 'objects';
  readonly itemsMax: number;
}
export type Field =
  | ObjectField
  | ObjectsField
  | TextField
  | ChoiceField
  | NumberField
  | FlagField
  | TimeField
  | TextsField;
export type Fields = Readonly<Record<string, Field>>;

type ValueOf<F extends Field> = F extends ChoiceField
  ? F['choices'][number]
  : F extends NumberField
    ? number
    : F extends FlagField
      ? boolean
      : F extends TimeField
        ? Date
        : F extends TextsField
          ? string[]
          : F extends ObjectField
            ? Readonly<Record<string, unknown>>
            : F extends ObjectsField
              ? readonly Readonly<Record<string, unknown>>[]
              : string;
/** The values of fields that were read: those that are required are there. */
export type Input<Fs extends Fields> = {
  readonly [Name in keyof Fs]: Fs[Name] extends { required: true }
    ? ValueOf<Fs[Name]>
    : ValueOf<Fs[Name]> | undefined;
};

/** Bodies are small; the largest is a list of ten thousand domains. In bytes. */
export const BODY_BYTES_MAX = 2_097_152;

/** A JSON object within a body, as text. */
const OBJECT_CHARACTERS_MAX = 262_144;

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/** The values of a query. A parameter that is empty counts as absent. */
export function readQuery<Fs extends Fields>(fields: Fs, query: URLSearchParams): Input<Fs> {
  const given: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const text = query.get(name)?.trim() ?? '';
    if (text === '') continue;
    if (field.kind === 'number') given[name] = /^\d{1,15}$/.test(text) ? Number(text) : text;
    else if (field.kind === 'flag') given[name] = FLAGS.get(text) ?? text;
    else given[name] = text;
  }
  return read(fields, given, 400);
}

/** The values of a JSON body; an empty one is an empty object. Fields that nobody asked for are passed over. */
export async function readBody<Fs extends Fields>(
  fields: Fs,
  request: Request,
  bytesMax: number = BODY_BYTES_MAX,
): Promise<Input<Fs>> {
  const text = await textOf(request, bytesMax);
  let body: unknown = {};
  if (text.trim() !== '') {
    try {
      body = JSON.parse(text);
    } catch {
      throw badRequest('the body is not JSON');
    }
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('the body is not a JSON object');
  }
  return read(fields, body as Record<string, unknown>, 422);
}

/** A part of the path: percent-decoded, and text that the database can hold. */
export function readSegment(segment: string): string {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    throw badRequest('the path is not percent-encoded UTF-8');
  }
  const fault = faultOfText(text, 2_048);
  if (fault !== null) throw badInput(400, [{ field: 'path', problem: fault }]);
  return text;
}

function read<Fs extends Fields>(
  fields: Fs,
  given: Readonly<Record<string, unknown>>,
  status: 400 | 422,
): Input<Fs> {
  const faults: InputFault[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = given[name] ?? undefined;
    const fault = value === undefined ? (field.required ? 'is required' : null) : faultOf(field, value);
    if (fault !== null) faults.push({ field: name, problem: fault });
    else if (value !== undefined) values[name] = field.kind === 'time' ? new Date(value as string) : value;
  }
  if (faults.length > 0) throw badInput(status, faults);
  return values as Input<Fs>;
}

/** RFC 3339 with its zone: a time without one would mean another moment on another server. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/i;

function faultOf(field: Field, value: unknown): string | null {
  switch (field.kind) {
    case 'text':
      if (field.required && typeof value === 'string' && value.trim() === '') return 'is required';
      return faultOfText(value, field.charactersMax);
    case 'choice':
      return field.choices.includes(value as string) ? null : `is none of ${field.choices.join(', ')}`;
    case 'number':
      return Number.isSafeInteger(value) && (value as number) >= field.least
        ? null
        : `is no whole number from ${field.least} on`;
    case 'flag':
      return typeof value === 'boolean' ? null : 'is neither true nor false';
    case 'time':
      return typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value))
        ? null
        : 'is no time such as 2030-01-31T12:00:00Z';
    case 'object':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no object';
      return faultOfText(JSON.stringify(value), OBJECT_CHARACTERS_MAX);
    case 'objects':
      if (!Array.isArray(value)) return 'is no list';
      if (value.length > field.itemsMax) return `has more than ${field.itemsMax} items`;
      return faultOfText(JSON.stringify(value), OBJECT_CHARACTERS_MAX);
    case 'texts': {
      if (!Array.isArray(value)) return 'is no list';
      if (value.length > field.itemsMax) return `has more than ${field.itemsMax} items`;
      for (const item of value) {
        const fault = faultOfText(item, field.charactersMax);
        if (fault !== null) return `has an item that ${fault}`;
      }
      return null;
    }
  }
}

/** What the database's `text` cannot hold is refused here: a NUL, half of a surrogate pair. */
function faultOfText(value: unknown, charactersMax: number): string | null {
  if (typeof value !== 'string') return 'is no text';
  if (value.length > charactersMax) return `is longer than ${charactersMax} characters`;
  return value.isWellFormed() && !value.includes('\0') ? null : 'has characters that are none';
}

/** The text of a body. */
export async function textOf(request: Request, bytesMax: number = BODY_BYTES_MAX): Promise<string> {
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw badRequest(`the body is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw badRequest('the body is not UTF-8');
  }
}
