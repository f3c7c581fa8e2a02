/**
 * The lock of an embedded data directory: whoever is alive keeps it, and whoever is dead loses it, also when
 * another process goes by the same pid now.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockDirectory } from '../../src/store/lock.ts';

let directory: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-lock-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

const lockFile = () => join(directory, 'sallyport.lock');
const holder = () => JSON.parse(readFileSync(lockFile(), 'utf8')) as Record<string, unknown>;
const leave = (left: Record<string, unknown>) => writeFileSync(lockFile(), JSON.stringify(left));
const inUseBy = (pid: number | undefined) =>
  expect.objectContaining({
    code: 'ERR_DATA_DIRECTORY_IN_USE',
    data: { directory, pid },
  });

/** Another process that tries to take the lock, not before `atMs`, says how that went, and stays alive. */
async function rival(atMs = 0): Promise<{ child: ChildProcess; said: string }> {
  const lock = join(import.meta.dirname, '../../src/store/lock.ts');
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(lock)});
    while (Date.now() < ${atMs});
    try { lockDirectory(${JSON.stringify(directory)}); console.log('taken'); }
    catch (error) { console.log(error.code); }
    setInterval(() => {}, 60_000);`;
  const child = spawn(process.execPath, ['--liftoff-only', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [said] = (await once(createInterface(child.stdout as NonNullable<typeof child.stdout>), 'line')) as [
    string,
  ];
  return { child, said };
}

describe('the lock of a data directory', () => {
  test('names its holder, and is gone when it is given back', () => {
    const unlock = lockDirectory(directory);
    expect(holder()).toMatchObject({
      pid: process.pid,
      boot: expect.stringMatching(/./),
      started: expect.stringMatching(/./),
    });
    unlock();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('is refused twice in one process, by whatever path the directory is named', () => {
    const unlock = lockDirectory(directory);
    expect(() => lockDirectory(join(directory, '../', directory.slice(tmpdir().length + 1)))).toThrow(
      /is in use by process/,
    );
    unlock();
    lockDirectory(directory)();
  });

  test('is refused while another process lives, and says which one', async () => {
    const { child, said } = await rival();
    expect(said).toBe('taken');
    expect(() => lockDirectory(directory)).toThrow(inUseBy(child.pid));
    expect(readdirSync(directory)).toEqual(['sallyport.lock']);
  });

  test('is taken over from a process that was killed, even before its parent has looked', async () => {
    const { child } = await rival();
    const isDead = () => /\) [ZX] /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8'));
    // The event loop does not turn here, so nobody reaps the child: it stays a zombie, with its pid.
    child.kill('SIGKILL');
    const deadlineMs = performance.now() + 5_000;
    while (!isDead() && performance.now() < deadlineMs);
    expect(isDead()).toBe(true);
    lockDirectory(directory)();
  });

  test('is taken over when nobody has the pid', () => {
    const unlock = lockDirectory(directory);
    const ours = holder();
    unlock();
    leave({ ...ours, pid: 4_194_303 });
    lockDirectory(directory)();
  });

  test('is taken over when another process goes by its pid now', async () => {
    const { child } = await rival();
    leave({ ...holder(), started: '1' });
    lockDirectory(directory)();
    expect(child.exitCode).toBe(null);
  });

  test('is taken over when the pid in it is our own, from a life before ours', () => {
    const unlock = lockDirectory(directory);
    const ours = holder();
    unlock();
    leave({ ...ours, started: '1' });
    lockDirectory(directory)();
    leave(ours);
    lockDirectory(directory)();
  });

  test('is taken over when it is of another boot of the machine', async () => {
    await rival();
    leave({ ...holder(), boot: 'another' });
    lockDirectory(directory)();
  });

  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"pid":-1,"boot":"","started":""}',
    '{"pid":"1"}',
  ])('is taken over when it reads %j', (text) => {
    writeFileSync(lockFile(), text);
    const unlock = lockDirectory(directory);
    expect(holder()).toMatchObject({ pid: process.pid });
    unlock();
  });

  test('does not give back what somebody else holds by now', () => {
    const unlock = lockDirectory(directory);
    leave({ pid: 1, boot: 'another', started: '1' });
    unlock();
    expect(existsSync(lockFile())).toBe(true);
  });

  test('goes to exactly one of many that find it stale at once', async () => {
    leave({ pid: 4_194_303, boot: 'another', started: '1' });
    const atMs = Date.now() + 1_500;
    const said = (await Promise.all(Array.from({ length: 6 }, () => rival(atMs))))
      .map((one) => one.said)
      .sort();
    expect(said).toEqual([...Array(5).fill('ERR_DATA_DIRECTORY_IN_USE'), 'taken']);
  });
});
