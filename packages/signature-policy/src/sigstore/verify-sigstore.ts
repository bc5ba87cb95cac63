import { ImageError, type SigstoreSignature } from '@crossdock/core'
import type { SigstoreTrust, VerifiedSigstoreSignature, VerifySigstoreOptions } from './trust.ts'

/**
 * Verifies a sigstore signature, as a cosign payload with annotations or as a bundle: who signed, over which manifest. Which
 * name it may vouch for is for the caller to judge.
 *
 * Throws `REJECTED_BY_POLICY`, saying which check failed, and `INVALID_DATA` if the trust itself is unusable: a key that cannot be
 * read trusts nobody.
 */
export async function verifySigstoreSignature(
  signature: SigstoreSignature,
  trust: SigstoreTrust,
  options: VerifySigstoreOptions,
): Promise<VerifiedSigstoreSignature> {
  throw new ImageError('UNSUPPORTED', `${signature.mediaType} ${trust.kind} ${options.digest}`)
}
