import { ImageError, quoteForeign } from '@crossdock/core'
import { EXIT, exitCodeOf } from './exit-codes.ts'
import { nextStep, type RunningCommand } from './next-step.ts'
import { Interruption } from './interruption.ts'
import { ReaderGone } from './streams/writer.ts'

/** A failure as the command tells it. */
export interface Failure {
  /** For machines: an `ImageErrorCode`, `USAGE`, `INTERRUPTED` or `INTERNAL`. */
  readonly code: string
  /** What failed, where and why, in one line. Empty if everything has been said already. */
  readonly message: string
  /** `source` or `destination`. */
  readonly side?: string | undefined
  readonly image?: string | undefined
  /** Whether the same command may succeed later. */
  readonly retryable: boolean
  /** What to do now, unless the message says so. */
  readonly next?: string | undefined
  readonly exitCode: number
}

/** More than any message needs that this project writes itself. */
const MAX_CHARACTERS = 2000
/** Of an image in the line for people; a longer one is the mistake itself, and the message quotes it. */
const MAX_IMAGE_CHARACTERS = 200

export function describeFailure(error: unknown, command?: RunningCommand): Failure {
  const failure = classify(error)
  const next = nextStep(error, command)
  return {
    ...failure,
    message: quoteForeign(failure.message, MAX_CHARACTERS),
    ...(failure.image !== undefined && { image: quoteForeign(failure.image, MAX_CHARACTERS) }),
    ...(next !== undefined && { next }),
  }
}

function classify(error: unknown): Failure {
  if (error instanceof ReaderGone)
    return { code: 'INTERRUPTED', message: '', retryable: false, exitCode: error.exitCode }
  if (error instanceof Interruption) {
    return { code: 'INTERRUPTED', message: error.message, retryable: true, exitCode: error.exitCode }
  }
  if (error instanceof UsageError) {
    return { code: 'USAGE', message: error.message, retryable: false, exitCode: EXIT.usage }
  }
  if (error instanceof ImageError) {
    const { code, message, side, image, retryable } = error
    return { code, message, side, image, retryable, exitCode: exitCodeOf(code) }
  }
  const text = error instanceof Error ? error.message : String(error)
  const message = `internal error: ${quoteForeign(text)}; this is a defect of crossdock`
  return { code: 'INTERNAL', message, retryable: false, exitCode: EXIT.failure }
}

/** One line for people: `source: WHAT: WHY (WHERE); NEXT [CODE]`. */
export function failureLine({ code, message, side, image, next }: Failure): string {
  const where = image === undefined || message.includes(image) ? '' : ` (${quoteForeign(image, MAX_IMAGE_CHARACTERS)})`
  const shownCode = code === 'USAGE' || code === 'INTERRUPTED' ? '' : ` [${code}]`
  return `${side === undefined ? '' : `${side}: `}${message}${where}${next === undefined ? '' : `; ${next}`}${shownCode}`
}

/** For an error that nobody awaited: a defect, told like every other failure. */
export function crashLine(error: unknown): string {
  return `crossdock: ${failureLine(describeFailure(error))}\n`
}

/** One object for machines; `exitCode` is the last of its members. */
export function failureJson({ exitCode, ...failure }: Failure): object {
  return { type: 'error', ...failure, exitCode }
}

/** The command line makes no sense; the message says what to write instead. */
export class UsageError extends Error {}
