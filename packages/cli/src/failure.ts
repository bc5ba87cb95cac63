import { ImageError, quoteForeign } from '@crossdock/core'
import { CommanderError } from 'commander'
import { EXIT, exitCodeOf } from './exit-codes.ts'
import { Interruption } from './interruption.ts'

/** A failure as the command tells it. */
export interface Failure {
  readonly exitCode: number
  /** Empty if everything has been said already. */
  readonly message: string
  /** For machines: an `ImageErrorCode`, `USAGE`, `INTERRUPTED` or `INTERNAL`. */
  readonly code: string
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof Interruption) return { exitCode: error.exitCode, message: error.message, code: 'INTERRUPTED' }
  if (error instanceof UsageError) return { exitCode: EXIT.usage, message: error.message, code: 'USAGE' }
  if (error instanceof CommanderError) {
    // The parser prints its own messages; help and version end with 0.
    return { exitCode: error.exitCode === 0 ? EXIT.done : EXIT.usage, message: '', code: 'USAGE' }
  }
  if (error instanceof ImageError) {
    return { exitCode: exitCodeOf(error.code), message: describeImageError(error), code: error.code }
  }
  const text = error instanceof Error ? error.message : String(error)
  return { exitCode: EXIT.failure, message: `internal error: ${quoteForeign(text)}`, code: 'INTERNAL' }
}

function describeImageError({ side, image, message, code }: ImageError): string {
  const where = image === undefined || message.includes(image) ? '' : ` (${image})`
  return `${side === undefined ? '' : `${side}: `}${message}${where} [${code}]`
}

/** The command line makes no sense; the message says what to write instead. */
export class UsageError extends Error {}
