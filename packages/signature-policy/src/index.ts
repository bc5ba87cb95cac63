export { verifySigstoreSignature } from './sigstore/verify-sigstore.ts'
export type {
  FulcioTrust,
  PkiTrust,
  SigstoreEvidence,
  SigstoreKeyTrust,
  SigstoreLogEvidence,
  SigstoreSignerEvidence,
  SigstoreTrust,
  VerifiedSigstoreSignature,
  VerifySigstoreOptions,
} from './sigstore/trust.ts'
export { sigstoreSigner } from './sigstore/sigstore-signer.ts'
export type { SigstoreSignerOptions } from './sigstore/sigstore-signer.ts'
export { generateSigstoreKey } from './sigstore/generate-key.ts'
export type { SigstoreKeyPair } from './sigstore/generate-key.ts'
