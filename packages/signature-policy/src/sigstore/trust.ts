import type { Digest } from '@crossdock/core'

/**
 * Whose sigstore signatures count: holders of keys, people and machines that a Fulcio instance vouches for, or holders of
 * certificates of a PKI of one's own. All bytes are the content of PEM files.
 */
export type SigstoreTrust = SigstoreKeyTrust | FulcioTrust | PkiTrust

/** Any of the keys suffices. Of each file the first key counts, as elsewhere in the field. */
export interface SigstoreKeyTrust {
  readonly kind: 'keys'
  readonly keys: readonly Uint8Array[]
  /** If given, one of these logs must have recorded the signature. */
  readonly rekorKeys?: readonly Uint8Array[] | undefined
}

/** A certificate that the CA issued to this subject, and a log that says it was valid when it signed. */
export interface FulcioTrust {
  readonly kind: 'fulcio'
  /** Roots, and intermediates if there are some that signatures do not bring along. */
  readonly ca: Uint8Array
  readonly oidcIssuer: string
  /** One of the two at least; both must hold if both are given. */
  readonly subjectEmail?: string | undefined
  /** The exact URI of a workload: `https://github.com/OWNER/REPOSITORY/.github/workflows/FILE@REF`. */
  readonly subjectURI?: string | undefined
  readonly rekorKeys: readonly Uint8Array[]
}

/** A certificate for code signing that leads to one of the roots and is valid now. */
export interface PkiTrust {
  readonly kind: 'pki'
  readonly roots: Uint8Array
  readonly intermediates?: Uint8Array | undefined
  /** One of the two at least; both must hold if both are given. */
  readonly subjectEmail?: string | undefined
  readonly subjectHostname?: string | undefined
}

export interface VerifySigstoreOptions {
  readonly now: Date
  /** Of the manifest that is judged. */
  readonly digest: Digest
  /**
   * The bytes of that manifest. Needed for bundles that sign the manifest itself, and for signatures that name it by another
   * algorithm than `digest` does; both are refused without.
   */
  readonly manifest?: Uint8Array | undefined
}

/** A signature that was made by whom the trust names, over the manifest that is judged. */
export interface VerifiedSigstoreSignature {
  readonly digest: Digest
  /** The name that the signer vouches for, as it was signed: not parsed. Bundles name none. */
  readonly dockerReference?: string | undefined
  readonly evidence: SigstoreEvidence
}

/** What made a signature count, for people and records. */
export interface SigstoreEvidence {
  readonly form: 'payload' | 'bundle'
  readonly signer: SigstoreSignerEvidence
  /** The log that recorded the signature, if the trust asks for one. */
  readonly log?: SigstoreLogEvidence | undefined
  /** What the signer adds; not checked by anybody. */
  readonly creator?: string | undefined
  readonly timestamp?: number | undefined
}

export interface SigstoreSignerEvidence {
  readonly kind: 'key' | 'certificate'
  /** `SHA256:` and the hash of the public key (its SubjectPublicKeyInfo) in hexadecimal. */
  readonly fingerprint: string
  /** E-mail addresses, URIs and host names of the certificate. */
  readonly subjects?: readonly string[] | undefined
  readonly oidcIssuer?: string | undefined
}

export interface SigstoreLogEvidence {
  readonly index: number
  /** Absent if the log promises no time. */
  readonly time?: Date | undefined
}
