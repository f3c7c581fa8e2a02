/**
 * A blank database: what initdb makes, which takes PGlite some ten seconds of CPU. In a checkout it is made once, when
 * the packages are installed (`npm run prepare`), and a first start copies it; where there is none, it is made anew.
 */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Beside the packages of the checkout: from here two folders up, from the compiled file three. */
const PLACES = ['../../', '../../../'].map((up) =>
  fileURLToPath(new URL(`${up}node_modules/.cache/sallyport/`, import.meta.url)),
);

/** Where the blank database of this major is kept, or would be. */
export function blankPlace(major: string): string {
  const place = PLACES.find((folder) => existsSync(dirname(dirname(folder)))) ?? (PLACES[0] as string);
  return join(place, `pglite-${major}`);
}

/** Puts a copy of the blank database at this path, if there is one and nothing is there yet. */
export function copyBlank(path: string, major: string): void {
  const blank = blankPlace(major);
  if (existsSync(path) || !existsSync(blank)) return;
  // Whole or not at all: a copy that a crash cut off would be taken for somebody's data.
  const copy = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    cpSync(blank, copy, { recursive: true });
    renameSync(copy, path);
  } catch {
    rmSync(copy, { recursive: true, force: true });
  }
}
