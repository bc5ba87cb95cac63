import { existsSync, globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { defineConfig } from 'vitest/config'

// One project per workspace folder with tests, in one run, so that there is one summary. Tests read the TypeScript
// sources of every package (package.json `exports` point at src), not dist.
const projects = globSync(['packages/*', 'examples/*', 'test-e2e', 'bench'])
  .filter((folder) => existsSync(`${folder}/test`))
  .toSorted()
  .map((folder) => {
    const endToEnd = folder === 'test-e2e'
    return {
      extends: true as const,
      test: {
        name: basename(folder),
        root: folder,
        include: ['test/**/*.test.ts'],
        testTimeout: endToEnd ? 120_000 : 20_000,
        hookTimeout: endToEnd ? 120_000 : 20_000,
      },
    }
  })

export default defineConfig({
  test: {
    projects,
    // A process per file: tests of locks, signals and open handles need one of their own.
    pool: 'forks',
    maxWorkers: availableParallelism(),
    // An error that nobody awaited fails the run, whatever the tests said.
    dangerouslyIgnoreUnhandledErrors: false,
    reporters: ['default', './tools/vitest-summary.ts'],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**'],
      reporter: ['text-summary', 'lcov'],
    },
  },
})
