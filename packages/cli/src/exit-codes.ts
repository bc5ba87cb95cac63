import type { ImageErrorCode } from '@crossdock/core'

/** What the command's exit code tells; 128 + n stands for the signal n. */
export const EXIT = {
  done: 0,
  failure: 1,
  notFound: 2,
  denied: 3,
  refused: 4,
  integrity: 5,
  network: 6,
  disk: 7,
  usage: 64,
} as const

const BY_CODE: Readonly<Record<ImageErrorCode, number>> = {
  INVALID_REFERENCE: EXIT.usage,
  UNKNOWN_TRANSPORT: EXIT.usage,
  DUPLICATE_TRANSPORT: EXIT.failure,
  CONTRACT_MISMATCH: EXIT.failure,
  NOT_FOUND: EXIT.notFound,
  UNAUTHENTICATED: EXIT.denied,
  FORBIDDEN: EXIT.denied,
  RATE_LIMITED: EXIT.network,
  UNAVAILABLE: EXIT.network,
  DIGEST_MISMATCH: EXIT.integrity,
  LIMIT_EXCEEDED: EXIT.failure,
  INVALID_DATA: EXIT.integrity,
  UNSUPPORTED: EXIT.failure,
  REJECTED_BY_POLICY: EXIT.refused,
  CONFLICT: EXIT.failure,
  IO: EXIT.disk,
}

export function exitCodeOf(code: ImageErrorCode): number {
  return BY_CODE[code]
}
