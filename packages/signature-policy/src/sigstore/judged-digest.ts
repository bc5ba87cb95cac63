import { type Digest, digestAlgorithm, manifestDigest } from '@crossdock/core'
import { rejected } from './rejection.ts'
import type { VerifySigstoreOptions } from './trust.ts'

/** Checks that a digest that was signed is that of the manifest that is judged. Throws `REJECTED_BY_POLICY`. */
export function requireJudgedDigest(signed: Digest, { digest, manifest }: VerifySigstoreOptions): void {
  if (signed === digest) return
  const algorithm = digestAlgorithm(signed)
  if (algorithm !== digestAlgorithm(digest) && manifest !== undefined) {
    if (signed === manifestDigest(manifest, algorithm)) return
  }
  throw rejected(`the signature is for ${signed}, but the manifest is ${digest}`)
}
