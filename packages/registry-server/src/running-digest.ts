import { createHasher, type Digest, type DigestAlgorithm, type Hasher } from '@crossdock/core'

/** The digest of a growing upload: computed on the way, and from the kept bytes where that was not possible. */
export interface RunningDigest {
  update(bytes: Uint8Array): void
  /** The bytes so far are no longer the ones that were hashed. */
  forget(): void
  readonly digest: (algorithm: DigestAlgorithm) => Promise<Digest>
}

/** `reread` yields all bytes kept so far. `expected` is the algorithm to hash with on the way, if there is one. */
export function runningDigest(
  reread: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  expected?: DigestAlgorithm,
): RunningDigest {
  let hasher: Hasher | undefined = expected && createHasher(expected)
  return {
    update: (bytes) => hasher?.update(bytes),
    forget: () => void (hasher = undefined),
    digest: async (algorithm) => {
      const running = hasher
      hasher = undefined // a hash can be ended once
      if (running?.algorithm === algorithm) return running.digest()
      const again = createHasher(algorithm)
      for await (const bytes of reread()) again.update(bytes)
      return again.digest()
    },
  }
}
