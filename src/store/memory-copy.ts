/**
 * A migrated, empty database as one file, to be loaded into memory: half a second, where making one takes ten. It is
 * made once for each schema, and kept in the cache of the project whose packages these are; of two processes that
 * need it at once, one makes it. Where nothing can be written, each process makes its own.
 */
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { dumpEmbedded, type EmbeddedOptions } from './connection.ts';
import { migrations } from './migrations/index.ts';

/**
 * Smaller than PostgreSQL's defaults: filling 128 MB of buffers takes longer than everything else about a start, and a
 * segment of the log is read whole.
 */
const SMALL = [
  '--wal-segsize=1',
  ...['shared_buffers=4MB', 'max_connections=5', 'max_wal_senders=0', 'min_wal_size=2MB'].map(
    (setting) => `--set=${setting}`,
  ),
];
/** The databases `template1` and `template0`: two thirds of the data, and nobody connects to them. */
const TEMPLATES = /^\/?base\/[14]\//;
/** How long to wait for another process that makes the copy, in milliseconds. It takes some ten seconds. */
const LOCK_MS_MAX = 120_000;
const LOOK_EVERY_MS = 100;

let copy: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** What `memory://` is to be opened with, so that it comes up fast. */
export async function memoryOptions(): Promise<EmbeddedOptions> {
  copy ??= kept(placeOfCopy());
  copy.catch(() => {
    copy = undefined;
  });
  const archive = await copy;
  // A copy of the copy: whoever loads it may go on to write in it.
  return { loadDataDir: { type: 'application/x-tar', arrayBuffer: async () => archive.slice().buffer } };
}

/** The copy that is kept at this path; made now where there is none. */
async function kept(path: string | null): Promise<Uint8Array<ArrayBuffer>> {
  if (path === null) return make();
  const lock = `${path}.lock`;
  const deadlineMs = Date.now() + LOCK_MS_MAX;
  while (!existsSync(path)) {
    if (take(lock)) return makeAt(path, lock);
    if (Date.now() > deadlineMs || isLeftBehind(lock)) rmSync(lock, { force: true });
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return new Uint8Array(await readFile(path));
}

async function makeAt(path: string, lock: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const made = await make();
    // Whole or not at all, for whoever reads it in the same moment.
    writeFileSync(`${path}.${process.pid}`, made);
    renameSync(`${path}.${process.pid}`, path);
    return made;
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Takes the lock, a file with our process id: only one can make it. */
function take(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

/** Is the process gone that took the lock? A test run that is broken off leaves it behind. */
function isLeftBehind(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    // Empty in the moment between its making and its writing.
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Where the copy of this schema is kept: beside the packages. Null where nothing can be written. */
function placeOfCopy(): string | null {
  let folder = import.meta.dirname;
  while (basename(folder) !== 'node_modules' && !existsSync(join(folder, 'node_modules')))
    if (folder === dirname(folder)) return null;
    else folder = dirname(folder);
  const packages = basename(folder) === 'node_modules' ? folder : join(folder, 'node_modules');
  const cache = join(packages, '.cache', 'sallyport');
  try {
    mkdirSync(cache, { recursive: true });
    const probe = join(cache, `probe.${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
    return join(cache, `memory-${schemaName()}.tar`);
  } catch {
    return null;
  }
}

/** A name for what a copy holds: another schema, or other settings, make another copy. */
function schemaName(): string {
  const statements = migrations.flatMap(({ name, class: Migration }) => {
    const migration = new Migration(null as never, null as never);
    migration.up();
    return [name, ...migration.getQueries()];
  });
  return hash('sha256', JSON.stringify([SMALL, statements]), 'hex').slice(0, 16);
}

async function make(): Promise<Uint8Array<ArrayBuffer>> {
  return withoutTemplates(await dumpEmbedded({ initDbStartParams: SMALL }));
}

/** A tar archive is blocks of 512 bytes: for each file a head with its name and its size, then the file. */
function withoutTemplates(archive: Uint8Array): Uint8Array<ArrayBuffer> {
  const tar = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const text = (start: number, length: number): string =>
    tar.toString('latin1', start, start + length).replace(/\0.*$/s, '');
  const parts: Uint8Array[] = [];
  for (let at = 0; at + 512 <= tar.length && text(at, 100) !== ''; ) {
    const bytes = Number.parseInt(text(at + 124, 12), 8) || 0;
    const end = at + 512 + Math.ceil(bytes / 512) * 512;
    if (!TEMPLATES.test(text(at, 100))) parts.push(tar.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...parts, Buffer.alloc(1_024)]);
}
