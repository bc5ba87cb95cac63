import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node'

/** The whole run in one line, printed last, for scripts that read it: `N passed, N failed, N skipped`. */
export default class VitestSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[], reason: TestRunEndReason): void {
    const count = { passed: 0, failed: 0, skipped: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const state = test.result().state
        count[state === 'pending' ? 'skipped' : state] += 1
      }
      // A file or a suite that could not be loaded or set up fails without any test of it failing.
      count.failed += module.errors().length
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length
    }
    count.failed += unhandled.length
    if (reason !== 'passed' && count.failed === 0) count.failed = 1
    process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`)
  }
}
