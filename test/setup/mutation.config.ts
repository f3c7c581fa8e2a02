/** For Stryker: the tests of the machines alone, without databases; those that find most in the least time first. */
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const LAST = ['step', 'paths', 'sequences'];
const placeOf = ({ moduleId }: TestSpecification): number =>
  LAST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));

class QuickestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}

// biome-ignore lint/style/noDefaultExport: vitest asks for it
export default defineConfig({
  test: {
    include: ['test/machines/**/*.test.ts'],
    isolate: false,
    testTimeout: 30_000,
    sequence: { sequencer: QuickestFirst },
  },
});
