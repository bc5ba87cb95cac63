import { ImageError, type OperationOptions, quoteForeign, type UnparsedImage } from '@crossdock/core'
import type { Policy } from '../policy/policy.ts'
import { evaluatePolicy } from './evaluate-policy.ts'
import type { Judgement } from './judgement.ts'
import { type JudgeOptions, type ReadFile, resolveJudgeOptions } from './options.ts'

/**
 * The gate that a copy is handed as `admit`. It throws `REJECTED_BY_POLICY` for an image that the policy rejects; `judgementOf` gives
 * the whole judgement behind that. The files of the policy are read once, whatever becomes of them meanwhile.
 */
export function admitBy(
  policy: Policy,
  options: JudgeOptions = {},
): (image: UnparsedImage, operation: OperationOptions) => Promise<void> {
  const readFile = readOnce(resolveJudgeOptions(options).readFile)
  return async (image, operation) => {
    const judgement = await evaluatePolicy(policy, image, { ...options, ...operation, readFile })
    if (judgement.outcome === 'rejected') throw rejection(judgement)
  }
}

/** The judgement behind an error of `admitBy`; undefined for any other error. */
export function judgementOf(error: unknown): Judgement | undefined {
  if (!(error instanceof ImageError) || error.code !== 'REJECTED_BY_POLICY') return undefined
  const { cause } = error
  return isJudgement(cause) ? cause : undefined
}

function rejection(judgement: Judgement): ImageError {
  const { image, instance, reason } = judgement
  const part = instance === undefined ? '' : `, instance ${instance},`
  const message = `${quoteForeign(image)}${part} is refused by ${placeText(judgement)}: ${reason}`
  return new ImageError('REJECTED_BY_POLICY', message, { side: 'source', image, cause: judgement })
}

/** `the policy /etc/containers/policy.json, docker "docker.io/library", requirement 2 (signedBy)`. */
function placeText({ policy, scope, requirements }: Judgement): string {
  const file = policy === undefined ? 'the policy' : `the policy ${quoteForeign(policy)}`
  const part = scope.scope === undefined ? 'default' : `${scope.transport} "${quoteForeign(scope.scope)}"`
  const failed = requirements.findIndex(({ outcome }) => outcome === 'rejected')
  const { type } = requirements[failed] ?? {}
  const requirement = type === undefined ? '' : `, requirement ${failed + 1} (${type})`
  return `${file}, ${part}${requirement}`
}

function isJudgement(value: unknown): value is Judgement {
  return typeof value === 'object' && value !== null && 'requirements' in value && 'outcome' in value
}

/** Failures, an abort included, are not remembered. */
function readOnce(readFile: ReadFile): ReadFile {
  const files = new Map<string, Uint8Array | undefined>()
  return async (path, options) => {
    if (!files.has(path)) files.set(path, await readFile(path, options))
    return files.get(path)
  }
}
