import type * as Crypto from 'node:crypto'
import { type Digest, type DigestAlgorithm, type Hasher, parseDigest } from '@crossdock/core'

/** A hash that can be asked on the way. */
export interface RunningDigest extends Hasher {
  /** Of what came so far; may be called at any time, and more may come afterwards. */
  digest(): Digest
}

export function createRunningDigest(algorithm: DigestAlgorithm): RunningDigest {
  const { createHash } = process.getBuiltinModule('node:crypto') satisfies typeof Crypto
  const running = createHash(algorithm)
  return {
    algorithm,
    update: (bytes) => void running.update(bytes),
    digest: () => parseDigest(`${algorithm}:${running.copy().digest('hex')}`),
  }
}
