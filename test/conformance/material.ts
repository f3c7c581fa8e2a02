/** Where the conformance material stands, when it is there. Nothing of it is copied into this repository. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const MATERIAL = resolve(import.meta.dirname, '../../../shared/conformance');

/** Is this part of it there? Says so loudly when it is not. */
export function isPresent(part: string): boolean {
  const present = existsSync(join(MATERIAL, part));
  if (!present) console.warn(`SKIPPED: conformance material not found: ../shared/conformance/${part}`);
  return present;
}

export const bytesOf = (part: string): Uint8Array => readFileSync(join(MATERIAL, part));

/** The JSON files below a folder, by their path from there, in order. */
export function filesOf(part: string): string[] {
  return readdirSync(join(MATERIAL, part), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort();
}
