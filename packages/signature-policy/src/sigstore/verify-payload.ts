import { ImageError, type SigstoreSignature } from '@crossdock/core'
import {
  CERTIFICATE_ANNOTATION,
  CHAIN_ANNOTATION,
  findAnnotation,
  LOG_ANNOTATION,
  requireAnnotation,
  SIGNATURE_ANNOTATION,
} from './annotations.ts'
import { type Certificate, readCertificates } from './certificates/certificate.ts'
import {
  fulcioSigner,
  pkiSigner,
  type SignerCertificates,
  type TrustedSigner,
} from './certificates/trusted-certificate.ts'
import { requireJudgedDigest } from './judged-digest.ts'
import { keyVerifies } from './keys/public-key.ts'
import type { LoadedFulcio, LoadedKeys, LoadedTrust } from './loaded-trust.ts'
import type { RecordedSignature } from './log/log-entry.ts'
import { verifySignedEntryTimestamp } from './log/signed-entry-timestamp.ts'
import { MAX_SIGSTORE_PAYLOAD_BYTES, parseSigstorePayload } from './payload.ts'
import { noKeySigned, rejected } from './rejection.ts'
import { requireBase64 } from './strict-base64.ts'
import type { SigstoreLogEvidence, VerifiedSigstoreSignature, VerifySigstoreOptions } from './trust.ts'

/** Verifies a payload of cosign's with its annotations (cosign, SIGNATURE_SPEC.md). Nothing is parsed before its signature held. */
export async function verifyPayload(
  signature: SigstoreSignature,
  trust: LoadedTrust,
  options: VerifySigstoreOptions,
): Promise<VerifiedSigstoreSignature> {
  if (signature.bytes.byteLength > MAX_SIGSTORE_PAYLOAD_BYTES) {
    throw new ImageError('LIMIT_EXCEEDED', `the signed payload has more than ${MAX_SIGSTORE_PAYLOAD_BYTES} bytes`)
  }
  const bytes = requireBase64(requireAnnotation(signature, SIGNATURE_ANNOTATION), 'the signature')
  const { signer, log } = await findSigner({ signature, bytes, now: options.now }, trust)
  if (!keyVerifies(signer.key, signature.bytes, bytes))
    throw rejected("the key of the signer's certificate did not make this signature")
  const { digest, dockerReference, ...claims } = parseSigstorePayload(signature.bytes)
  requireJudgedDigest(digest, options)
  return { digest, dockerReference, evidence: { form: 'payload', signer: signer.evidence, log, ...claims } }
}

interface Claim {
  readonly signature: SigstoreSignature
  /** The signature proper. */
  readonly bytes: Uint8Array
  readonly now: Date
}

interface FoundSigner {
  readonly signer: TrustedSigner
  readonly log?: SigstoreLogEvidence | undefined
}

async function findSigner(claim: Claim, trust: LoadedTrust): Promise<FoundSigner> {
  if (trust.kind === 'keys') return keyHolder(claim, trust)
  const certificates = await readSignerCertificates(claim.signature)
  if (trust.kind === 'fulcio') return fulcioSubject(claim, trust, certificates)
  return { signer: await pkiSigner(certificates, trust, claim.now) }
}

function keyHolder(claim: Claim, { keys, unusable, logKeys }: LoadedKeys): FoundSigner {
  const key = keys.find((candidate) => keyVerifies(candidate, claim.signature.bytes, claim.bytes))
  if (key === undefined) throw noKeySigned(keys.length, unusable)
  const log =
    logKeys &&
    verifySignedEntryTimestamp(requireAnnotation(claim.signature, LOG_ANNOTATION), logKeys, recorded(claim, key.der))
  return { signer: { key, evidence: { kind: 'key', fingerprint: key.fingerprint } }, log }
}

async function fulcioSubject(
  claim: Claim,
  trust: LoadedFulcio,
  certificates: SignerCertificates,
): Promise<FoundSigner> {
  const promise = requireAnnotation(claim.signature, LOG_ANNOTATION)
  const log = verifySignedEntryTimestamp(promise, trust.logKeys, recorded(claim, certificates.leaf.der))
  return { signer: await fulcioSigner(certificates, trust, log.time), log }
}

function recorded({ signature, bytes }: Claim, signer: Uint8Array): RecordedSignature {
  return { signer, signature: bytes, payload: signature.bytes }
}

async function readSignerCertificates(signature: SigstoreSignature): Promise<SignerCertificates> {
  const own = Buffer.from(requireAnnotation(signature, CERTIFICATE_ANNOTATION))
  const [leaf, ...others] = await readCertificates(own, "the signer's certificate")
  if (leaf === undefined || others.length > 0) throw rejected('the signature has several certificates of its signer')
  const chain = findAnnotation(signature, CHAIN_ANNOTATION)
  return { leaf, intermediates: await readChain(chain) }
}

/** As cosign writes it: up to the root, which it helps nobody to read here. Roots come from the policy. */
async function readChain(chain: string | undefined): Promise<readonly Certificate[]> {
  if (chain === undefined || chain === '') return []
  return (await readCertificates(Buffer.from(chain), "the chain of the signer's certificate")).slice(0, -1)
}
