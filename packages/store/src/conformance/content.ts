import { contentCommitCases } from './content-commit-cases.ts'
import { contentInfoCases } from './content-info-cases.ts'
import { contentNamespaceCases } from './content-namespace-cases.ts'
import { contentResumeCases } from './content-resume-cases.ts'
import type { ContentCase, ContentFixture } from './content-steps.ts'
import { contentWriteCases } from './content-write-cases.ts'
import { runCases, type RunCasesOptions } from './run-cases.ts'

/** What holds for every `ContentStore`. */
export const contentCases: readonly ContentCase[] = Object.freeze([
  ...contentWriteCases,
  ...contentResumeCases,
  ...contentCommitCases,
  ...contentInfoCases,
  ...contentNamespaceCases,
])

/** Declares a test for each case. */
export function runContentCases(options: RunCasesOptions<ContentFixture>): void {
  runCases(contentCases, options)
}
