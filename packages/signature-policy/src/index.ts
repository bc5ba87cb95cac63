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

// Simple signing: OpenPGP
export { verifySimpleSignature } from './simple/verify-simple.ts'
export type { VerifiedMessage } from './simple/verify-simple.ts'
export type { VerifiedSigner, VerifyOptions } from './simple/verify-content.ts'
export { verifyDetachedSignature } from './simple/verify-detached.ts'
export { MAX_SIMPLE_SIGNATURE_BYTES, parseSimplePayload, writeSimplePayload } from './simple/payload.ts'
export type { SimplePayload } from './simple/payload.ts'
export { readKeyRing } from './simple/key-ring.ts'
export type { PublicKey } from './simple/key-ring.ts'
