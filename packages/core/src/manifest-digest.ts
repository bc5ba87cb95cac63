import type { Digest, DigestAlgorithm } from './digest.ts'
import { digestOf } from './node-crypto.ts'
import { schema1Payload } from './schema1-payload.ts'

/**
 * The digest that names a manifest or index: that of its bytes, but for a signed Docker schema 1 manifest, which is named by
 * what its signatures cover, so that it keeps its name when it is signed anew. Default algorithm: sha256.
 *
 * Throws `INVALID_DATA` for signatures that contradict the document, and `LIMIT_EXCEEDED` beyond `MAX_MANIFEST_BYTES`.
 */
export function manifestDigest(bytes: Uint8Array, algorithm?: DigestAlgorithm): Digest {
  return digestOf(schema1Payload(bytes), algorithm)
}
