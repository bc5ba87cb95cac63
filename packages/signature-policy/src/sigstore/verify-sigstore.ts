import { quoteForeign, type SigstoreSignature } from '@crossdock/core'
import { loadTrust } from './loaded-trust.ts'
import { SIGSTORE_PAYLOAD_TYPE } from './payload.ts'
import { asRejection, rejected } from './rejection.ts'
import type { SigstoreTrust, VerifiedSigstoreSignature, VerifySigstoreOptions } from './trust.ts'

/**
 * Verifies a sigstore signature, as a cosign payload with annotations or as a bundle: who signed, over which manifest. Which
 * name it may vouch for is for the caller to judge.
 *
 * Throws `REJECTED_BY_POLICY`, saying which check failed, and `INVALID_DATA` or `LIMIT_EXCEEDED` if the trust itself is unusable: a key
 * that cannot be read trusts nobody.
 */
export async function verifySigstoreSignature(
  signature: SigstoreSignature,
  trust: SigstoreTrust,
  options: VerifySigstoreOptions,
): Promise<VerifiedSigstoreSignature> {
  const loaded = await loadTrust(trust)
  try {
    if (signature.mediaType === SIGSTORE_PAYLOAD_TYPE) {
      const { verifyPayload } = await import('./verify-payload.ts')
      return await verifyPayload(signature, loaded, options)
    }
    const { isBundleType, verifyBundle } = await import('./bundle/verify-bundle.ts')
    if (isBundleType(signature.mediaType)) return await verifyBundle(signature.bytes, loaded, options)
    throw rejected(`"${quoteForeign(signature.mediaType, 100)}" is not a kind of signature that is known`)
  } catch (error) {
    throw asRejection(error)
  }
}
