import type * as Crypto from 'node:crypto'
import { type Digest, type DigestAlgorithm, parseDigest } from './digest.ts'

/** A running digest. */
export interface Hasher {
  readonly algorithm: DigestAlgorithm
  update(bytes: Uint8Array): void
  /** Ends the hash; may be called once. */
  digest(): Digest
}

/** Loaded when something is hashed: it is large, and many calls of the command hash nothing. */
const crypto = (): typeof Crypto => process.getBuiltinModule('node:crypto')

/** The only place where hashing touches the runtime; everything else goes through here. */
export function createHasher(algorithm: DigestAlgorithm): Hasher {
  const running = crypto().createHash(algorithm)
  return {
    algorithm,
    update: (bytes) => void running.update(bytes),
    digest: () => parseDigest(`${algorithm}:${running.digest('hex')}`),
  }
}

/** The digest of bytes in memory. Default algorithm: sha256. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return parseDigest(`${algorithm}:${crypto().hash(algorithm, bytes, 'hex')}`)
}
