import { ImageError, quoteForeign } from '@crossdock/core'

/** A signature that does not count, and why. Text of the signature goes in through `quoteForeign`. */
export function rejected(reason: string, cause?: unknown): ImageError {
  return new ImageError('REJECTED_BY_POLICY', reason, { cause })
}

/** Whatever goes wrong with a signature while it is read means that it does not count. */
export function asRejection(error: unknown): ImageError {
  if (error instanceof ImageError) {
    return error.code === 'REJECTED_BY_POLICY' ? error : rejected(error.message, error)
  }
  const reason = error instanceof Error ? error.message : String(error)
  return rejected(`the signature cannot be checked: ${quoteForeign(reason, 200)}`, error)
}

/** No key of the policy made the signature; `unusable` says why some were not even tried. */
export function noKeySigned(keys: number, unusable: readonly string[]): ImageError {
  const total = keys + unusable.length
  const which = total === 1 ? 'the key did not make this signature' : `none of the ${total} keys made this signature`
  return rejected([which, ...unusable].join('; '))
}
