/** For Stryker: the tests of the walker alone. */
import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: vitest asks for it
export default defineConfig({
  test: {
    include: ['test/verify/walker.test.ts', 'test/verify/walker/*.test.ts'],
    // The long form without mutants is `npm run soak:walker`.
    env: { SALLYPORT_WALKER_DOCUMENTS: '4000' },
    setupFiles: ['test/setup/mutation.walker.ts'],
    isolate: false,
    testTimeout: 60_000,
  },
});
