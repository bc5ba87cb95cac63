export { acceptingPolicy } from './policy/policy.ts'
export type {
  AppcIdentity,
  AppcKeySource,
  AppcSignedBy,
  FulcioIdentity,
  InsecureAcceptAnything,
  KeySource,
  PkiIdentity,
  Policy,
  PolicyRequirement,
  Reject,
  SignedBaseLayer,
  SignedBy,
  SignedByKeyType,
  SignedIdentity,
  SigstoreSigned,
  SigstoreTrustSources,
} from './policy/policy.ts'
export { parsePolicy } from './policy/parse-policy.ts'
export type { ParsePolicyOptions } from './policy/parse-policy.ts'
export { chooseRequirements } from './policy/choose-requirements.ts'
export type { ChosenRequirements, PolicyScope } from './policy/choose-requirements.ts'
export { evaluatePolicy } from './judge/evaluate-policy.ts'
export { admitBy, judgementOf } from './judge/admit-by.ts'
export { identityProblem } from './judge/signed-identity.ts'
export type { IdentityClaim } from './judge/signed-identity.ts'
export type {
  Judgement,
  Outcome,
  RequirementJudgement,
  SignatureEvidence,
  SignatureJudgement,
} from './judge/judgement.ts'
export type { JudgeOptions, ReadFile, ReadFolder, SignedArchive } from './judge/options.ts'
export { appcNameProblem } from './appc/appc-name.ts'
export { addTrustedKeys, maskTrustedKey, removeTrustedKey } from './appc/edit-key-store.ts'
export type { KeyLocation } from './appc/edit-key-store.ts'
export { listTrustedKeys } from './appc/list-keys.ts'
export { keyStoreFiles } from './appc/key-store-files.ts'
export type { KeyPlace, KeyStoreContent, KeyStoreEntry, KeyStoreReader } from './appc/key-store.ts'
export { trustedKeys } from './appc/trusted-keys.ts'
export type { TrustedKeys } from './appc/trusted-keys.ts'
export { verifyArchiveSignature } from './appc/verify-archive.ts'
export type { VerifyArchiveOptions } from './appc/verify-archive.ts'
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
export { MAX_SIMPLE_SIGNATURE_BYTES, parseSimplePayload, writeSimplePayload } from './simple/payload.ts'
export type { SimplePayload } from './simple/payload.ts'
export { openPgpSigner } from './simple/openpgp-signer.ts'
export type { OpenPgpSignerOptions } from './simple/openpgp-signer.ts'
export type { SimpleSignerOptions } from './simple/simple-signer.ts'
export { gnupgSigner } from './gnupg/gnupg-signer.ts'
export type { GnupgSignerOptions } from './gnupg/gnupg-signer.ts'
export type { GnupgProgram } from './gnupg/run-gnupg.ts'
export { gnupgHome, readGnupgKeyRings } from './gnupg/public-keys.ts'
export { parseFingerprint } from './simple/fingerprint.ts'
export { readKeyRing } from './simple/key-ring.ts'
export type { PublicKey } from './simple/key-ring.ts'

// Where signatures lie
export { lookasideStorage } from './storage/lookaside.ts'
export type { LookasideConfig, LookasideOptions } from './storage/lookaside.ts'
