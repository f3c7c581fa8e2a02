/** Ends a run with one plain line that counts its tests: `123 passed, 0 failed`. */
import type { Reporter, TestModule } from 'vitest/node';

class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      // A hook that fails fails no test, only what it belongs to.
      for (const suite of [module, ...module.children.allSuites()]) counts.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' || state === 'failed' || state === 'skipped') counts[state]++;
      }
    }
    const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
    process.once('exit', (code) => {
      // Whatever else made the run fail, a green line must not stand under it.
      const failed = counts.failed === 0 && code !== 0 ? 1 : counts.failed;
      process.stdout.write(`\n${counts.passed} passed, ${failed} failed${skipped}\n`);
    });
  }
}

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default ClosingLine;
