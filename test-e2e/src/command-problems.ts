import type { Digest } from '@crossdock/core'
import { verifyLayout } from '@crossdock/test-images'
import type { FinishedCommand } from './command-in-process.ts'
import { filesBelow } from './files-below.ts'
import { namesIn } from './layout-content.ts'

export interface Expected {
  /** Default: 0. */
  readonly code?: number | undefined
  /** In the failure, or in stderr if there is to be none. */
  readonly says?: RegExp | undefined
  /** What may stand nowhere, in no form. */
  readonly secrets?: readonly string[] | undefined
}

/** What is wrong with how the command ended and what it said; whatever happens, a few rules hold for that. */
export function commandProblems(
  { exitCode, stdout, stderr, failure }: FinishedCommand,
  { code = 0, says, secrets = [] }: Expected = {},
): readonly string[] {
  const problems = [...unsafeIn(stdout + stderr, secrets)]
  if (exitCode !== code) problems.push(`the exit code is ${exitCode}, not ${code}`)
  if ((failure === '') !== (exitCode === 0)) problems.push('the exit code and what is said differ')
  // What is found out where it is written names that place.
  if (exitCode !== 0 && !/\b(?:127|0)\.\d+\.|sha256:[0-9a-f]{64}.*\(oci:.*\)/.test(failure))
    problems.push('no place is named')
  if (says?.test(exitCode === 0 ? stderr : failure) === false) problems.push(`it does not say ${String(says)}`)
  return problems.length === 0 ? [] : [...problems, stderr]
}

/** Control characters, stack traces, and secrets in any form. */
function unsafeIn(text: string, secrets: readonly string[]): readonly string[] {
  const found: string[] = []
  // oxlint-disable-next-line eslint/no-control-regex
  if (/[\0-\x08\x0b-\x1f\x7f-\x9f]/.test(text)) found.push('a control character')
  if (/\n\s+at .+:\d+:\d+/.test(text)) found.push('a stack trace')
  for (const secret of secrets) {
    const forms = [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]
    if (forms.some((form) => text.includes(form))) found.push(`the secret ${secret}`)
  }
  return found
}

/** What is wrong with a layout that is to hold one whole image under one name, or (undefined) none. */
export async function layoutProblems(layout: string, expected: Digest | undefined): Promise<readonly string[]> {
  const files = await filesBelow(layout)
  const unfinished = files.filter((file) => file.endsWith('.partial')).map((file) => `${file} was left`)
  const names = files.some((file) => file.endsWith('index.json')) ? [...(await namesIn(layout)).values()] : []
  const wanted = expected === undefined ? [] : [expected]
  if (names.join() !== wanted.join()) return [...unfinished, `it names ${names.join()} instead of ${wanted.join()}`]
  const problems = expected === undefined ? [] : (await verifyLayout(layout, { root: expected })).problems
  return [...unfinished, ...problems]
}
