import { type Digest, digestAlgorithm } from './digest.ts'
import { ImageError, quoteForeign } from './errors.ts'
import { MAX_MANIFEST_BYTES } from './limits.ts'
import { manifestDigest } from './manifest-digest.ts'
import { digestOf } from './node-crypto.ts'
import type { ManifestBytes } from './source.ts'

export interface CheckManifestOptions {
  /** What it was announced as. */
  readonly digest: Digest
  /** Media types that are taken. Default: all, signed schema 1 manifests by what their signatures cover. */
  readonly types?: readonly string[]
  /** What takes them, for messages: `an image layout`. */
  readonly what: string
}

/**
 * What every destination asks of a manifest before it keeps it. Throws `UNSUPPORTED` for another type, `LIMIT_EXCEEDED` beyond
 * `MAX_MANIFEST_BYTES`, and `DIGEST_MISMATCH` if the bytes are not those of the digest.
 */
export function checkManifest({ bytes, mediaType }: ManifestBytes, options: CheckManifestOptions): void {
  const { types, digest, what } = options
  if (types?.includes(mediaType) === false) {
    throw new ImageError(
      'UNSUPPORTED',
      `${what} takes manifests of the types ${types.join(', ')}, not "${quoteForeign(mediaType, 100)}"`,
    )
  }
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new ImageError('LIMIT_EXCEEDED', `the manifest ${digest} is larger than ${MAX_MANIFEST_BYTES} bytes`)
  }
  const algorithm = digestAlgorithm(digest)
  const actual = types === undefined ? manifestDigest(bytes, algorithm) : digestOf(bytes, algorithm)
  if (actual === digest) return
  throw new ImageError('DIGEST_MISMATCH', `the manifest should be ${digest}, but its bytes are ${actual}`)
}
