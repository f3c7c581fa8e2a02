/** For Stryker: the tests of the machines alone, without databases. */
import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: vitest asks for it
export default defineConfig({ test: { include: ['test/machines/**/*.test.ts'] } });
