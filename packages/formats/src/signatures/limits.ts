import { type Descriptor, ImageError } from '@crossdock/core'

/** The most bytes of one signature, as a file, a layer or an entry of a list. */
export const MAX_SIGNATURE_BYTES: number = 4 * 1024 * 1024

/** The most signatures of one manifest where each is a file of its own (containers-registries.d(5), "lookaside"). */
export const MAX_SIGNATURES = 128

/** The most signatures of one manifest that are layers of one document: whoever signs every night has that many after years. */
const MAX_ATTACHED_SIGNATURES = 1000

/** The most bytes of all signatures that are layers of one document. */
const MAX_ATTACHED_BYTES = 32 * 1024 * 1024

/** Throws `LIMIT_EXCEEDED` if these layers are more, or larger, than signatures are. */
export function checkSignatureLayers(layers: readonly Descriptor[], what: string): void {
  if (layers.length > MAX_ATTACHED_SIGNATURES) {
    throw tooMuch(`${what} holds ${layers.length} signatures; at most ${MAX_ATTACHED_SIGNATURES} are read`)
  }
  const large = layers.find(({ size }) => size > MAX_SIGNATURE_BYTES)
  if (large !== undefined) {
    throw tooMuch(`${what} holds a signature of ${large.size} bytes; at most ${MAX_SIGNATURE_BYTES} are read`)
  }
  const total = layers.reduce((sum, { size }) => sum + size, 0)
  if (total > MAX_ATTACHED_BYTES) {
    throw tooMuch(`${what} holds signatures of ${total} bytes in all; at most ${MAX_ATTACHED_BYTES} are read`)
  }
}

function tooMuch(message: string): ImageError {
  return new ImageError('LIMIT_EXCEEDED', message)
}
