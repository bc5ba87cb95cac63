import type { SignedEntity, TrustMaterial } from '@sigstore/verify'
import type { PublicKey } from '../keys/public-key.ts'
import { rejected } from '../rejection.ts'
import type { SigstoreLogEvidence } from '../trust.ts'
import { checkEntrySigner, logAuthorities, logEvidence } from './log-inclusion.ts'

export interface ExpectedSigner {
  readonly key: PublicKey
  /** DER of the certificate or key, as the log must have recorded it. */
  readonly signer: Uint8Array
  /** Undefined if no log is asked for; what a bundle says of logs does not count then. */
  readonly logKeys?: readonly PublicKey[] | undefined
}

/**
 * Checks that the key made the signature, and that a trusted log recorded it: every entry that the bundle has must hold, by its signed
 * promise, its inclusion proof, or both if it has both. Throws `REJECTED_BY_POLICY`, and what the verifying library throws.
 */
export async function verifySigned(
  entity: SignedEntity,
  { key, signer, logKeys }: ExpectedSigner,
): Promise<readonly SigstoreLogEvidence[]> {
  const { Verifier } = await import('@sigstore/verify')
  const tlogEntries = logKeys === undefined ? [] : entity.tlogEntries
  if (logKeys !== undefined && tlogEntries.length === 0) throw rejected('the bundle has no entry of a log')
  const trust: TrustMaterial = {
    certificateAuthorities: [],
    timestampAuthorities: [],
    ctlogs: [],
    tlogs: logAuthorities(logKeys ?? [], tlogEntries),
    // Certificates are followed elsewhere: of the library's checks only these two are about the policy's own keys.
    publicKey: () => ({ publicKey: key.key, validFor: () => true }),
  }
  const thresholds = { ctlogThreshold: 0, timestampThreshold: 0, tlogThreshold: tlogEntries.length }
  new Verifier(trust, thresholds).verify({
    signature: entity.signature,
    key: { $case: 'public-key', hint: '' },
    timestamps: [],
    tlogEntries,
  })
  for (const entry of tlogEntries) checkEntrySigner(entry, signer)
  return tlogEntries.map(logEvidence)
}
