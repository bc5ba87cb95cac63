import type { Digest } from './digest.ts'

/**
 * What kind of failure this is. The list is closed: a transport maps to the nearest code, a caller decides on the code
 * and never on the message.
 */
export type ImageErrorCode =
  | 'INVALID_REFERENCE'
  | 'UNKNOWN_TRANSPORT'
  | 'DUPLICATE_TRANSPORT'
  | 'CONTRACT_MISMATCH'
  | 'NOT_FOUND'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'DIGEST_MISMATCH'
  | 'LIMIT_EXCEEDED'
  | 'INVALID_DATA'
  | 'UNSUPPORTED'
  | 'REJECTED_BY_POLICY'
  | 'CONFLICT'
  | 'IO'

/** Which end of a copy failed. */
export type Side = 'source' | 'destination'

export interface ImageErrorOptions {
  readonly side?: Side | undefined
  /** The image name concerned; must carry no credential. */
  readonly image?: string | undefined
  /**
   * True if trying again now may help: the failure was passing, and nobody below has tried as often as is done. Default: true for
   * `UNAVAILABLE` and `RATE_LIMITED`.
   */
  readonly retryable?: boolean | undefined
  /** Content that the other side says it lacks, so that a caller can send it again. */
  readonly missing?: readonly Digest[] | undefined
  readonly cause?: unknown
}

/**
 * The one error class of Crossdock. `message` says what failed, where, and what to do next.
 *
 * It is recognised by brand and not by prototype, so that `instanceof` holds between two installed copies of this package.
 */
export class ImageError extends Error {
  static {
    Object.defineProperty(ImageError.prototype, 'name', { value: 'ImageError', configurable: true })
  }

  readonly '~imageError' = true
  readonly code: ImageErrorCode
  readonly side: Side | undefined
  readonly image: string | undefined
  readonly retryable: boolean
  readonly missing: readonly Digest[] | undefined

  constructor(code: ImageErrorCode, message: string, options: ImageErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.side = options.side
    this.image = options.image
    this.retryable = options.retryable ?? (code === 'UNAVAILABLE' || code === 'RATE_LIMITED')
    this.missing = options.missing
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A subclass has no brand of its own: for it the prototype decides.
    if (this !== ImageError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && '~imageError' in value && value['~imageError'] === true
  }

  /** The same failure with `side` and `image` filled in where they were not known. Other errors become `fallback`. */
  static from(reason: unknown, fallback: ImageErrorCode, options: ImageErrorOptions = {}): ImageError {
    if (!(reason instanceof ImageError)) {
      return new ImageError(fallback, quoteForeign(errorText(reason)), { cause: reason, ...options })
    }
    if ((reason.side ?? options.side) === reason.side && (reason.image ?? options.image) === reason.image) return reason
    return new ImageError(reason.code, reason.message, {
      side: reason.side ?? options.side,
      image: reason.image ?? options.image,
      retryable: reason.retryable,
      missing: reason.missing,
      cause: reason.cause ?? reason,
    })
  }
}

function errorText(reason: unknown): string {
  return reason instanceof Error ? reason.message || reason.name : String(reason)
}

/**
 * A reference as a message may show it: what stands before an "@", percent-encoded or not, and may be a user's name and secret
 * is left out, unless the "@" leads to a digest alone.
 */
export function hideUserInfo(text: string): string {
  const at = Math.max(text.lastIndexOf('@'), text.lastIndexOf('%40'))
  if (at < 0) return text
  const digestAlone = !/@|%40/.test(text.slice(0, at)) && /^@(?:sha|md)\d+:[^/]*$/.test(text.slice(at))
  return digestAlone ? text : `…${text.slice(at)}`
}

const MAX_FOREIGN_CHARACTERS = 500

/**
 * Text that came from outside, made safe for a message: control and invisible characters are escaped (none reaches a
 * terminal) and at most `max` characters (default 500) are kept.
 */
export function quoteForeign(text: string, max: number = MAX_FOREIGN_CHARACTERS): string {
  const cut = text.length > max ? `${text.slice(0, max)}… (${text.length} characters)` : text
  return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => {
    const point = character.codePointAt(0) ?? 0
    return `\\u{${point.toString(16)}}`
  })
}
