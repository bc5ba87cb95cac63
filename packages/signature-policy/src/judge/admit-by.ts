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

/** The judgement behind an error of `admitBy`, or behind one whose cause that is; undefined for any other error. */
export function judgementOf(error: unknown): Judgement | undefined {
  let reason = error
  for (let depth = 0; depth < MAX_CAUSES && reason instanceof ImageError; depth += 1) {
    if (reason.code === 'REJECTED_BY_POLICY' && isJudgement(reason.cause)) return reason.cause
    reason = reason.cause
  }
  return undefined
}

const MAX_CAUSES = 8

function rejection(judgement: Judgement): ImageError {
  const { image, instance, reason } = judgement
  const part = instance === undefined ? '' : `, instance ${instance},`
  const message = `${quoteForeign(image)}${part} is refused by ${placeText(judgement)}: ${reason}`
  return new ImageError('REJECTED_BY_POLICY', message, { side: 'source', image, cause: judgement })
}

/** `the policy /etc/containers/policy.json, docker "docker.io/library", requirement 2 (signedBy)`. */
function placeText({ policy, scope, requirements }: Judgement): string {
  const file = policy === undefined ? 'the built-in default' : `the policy ${quoteForeign(policy)}`
  const part = scope.scope === undefined ? 'default' : `${scope.transport} "${quoteForeign(scope.scope)}"`
  const failed = requirements.findIndex(({ outcome }) => outcome === 'rejected')
  const { type } = requirements[failed] ?? {}
  const requirement = type === undefined ? '' : `, requirement ${failed + 1} (${type})`
  return policy === undefined ? file : `${file}, ${part}${requirement}`
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
