import {
  type Digest,
  digestAlgorithm,
  digestOf,
  ImageError,
  type ManifestBytes,
  MAX_MANIFEST_BYTES,
  quoteForeign,
} from '@crossdock/core'

export interface CheckManifestOptions {
  readonly types: readonly string[]
  readonly digest: Digest
  /** What is written, for messages: `a docker archive`. */
  readonly what: string
}

/** Throws `UNSUPPORTED` for another type, `LIMIT_EXCEEDED`, and `DIGEST_MISMATCH` if the bytes are not those of the digest. */
export function checkManifest({ bytes, mediaType }: ManifestBytes, options: CheckManifestOptions): void {
  const { types, digest, what } = options
  if (!types.includes(mediaType)) {
    throw new ImageError(
      'UNSUPPORTED',
      `${what} takes manifests of type ${types.join(', ')}, not "${quoteForeign(mediaType, 100)}"`,
    )
  }
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new ImageError('LIMIT_EXCEEDED', `the manifest ${digest} is larger than ${MAX_MANIFEST_BYTES} bytes`)
  }
  const actual = digestOf(bytes, digestAlgorithm(digest))
  if (actual === digest) return
  throw new ImageError('DIGEST_MISMATCH', `the manifest should be ${digest}, but its bytes are ${actual}`)
}
