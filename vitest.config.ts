import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Hundreds of inboxes are opened, each with a worker that loads jsonld: compiled once is enough.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'sallyport-compile-cache');

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/setup/global.ts',
    pool: 'forks',
    maxWorkers: 3,
    // Files share a process, one after the other: the house is read and compiled once for many of them.
    isolate: false,
    // PGlite is 8 MB of WebAssembly; most test files are over before its optimised form would pay.
    execArgv: ['--liftoff-only'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    reporters: ['default', './test/setup/closing-line.ts'],
  },
});
