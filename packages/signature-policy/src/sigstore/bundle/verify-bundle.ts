import { createHash } from 'node:crypto'
import type { Digest } from '@crossdock/core'
import type { Bundle } from '@sigstore/bundle'
import type { SignedEntity } from '@sigstore/verify'
import { type Certificate, readCertificate } from '../certificates/certificate.ts'
import {
  fulcioSigner,
  pkiSigner,
  type SignerCertificates,
  type TrustedSigner,
} from '../certificates/trusted-certificate.ts'
import { requireJudgedDigest } from '../judged-digest.ts'
import { usableKey } from '../keys/public-key.ts'
import type { LoadedFulcio, LoadedKeys, LoadedPki, LoadedTrust } from '../loaded-trust.ts'
import { noKeySigned, rejected } from '../rejection.ts'
import type { SigstoreLogEvidence, VerifiedSigstoreSignature, VerifySigstoreOptions } from '../trust.ts'
import { readBundle } from './read-bundle.ts'
import { signedImageDigest, STATEMENT_TYPE } from './image-statement.ts'
import { verifySigned } from './verify-signed.ts'

const BUNDLE_TYPE = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.\d+\+json|\+json;version=0\.\d+)$/

export function isBundleType(mediaType: string): boolean {
  return BUNDLE_TYPE.test(mediaType)
}

/**
 * Verifies a bundle: an in-toto statement in a DSSE envelope, as `cosign sign` writes since version 3, or a signature of the
 * manifest's own bytes. A bundle names no image, only a digest. Nothing signed is parsed before its signature held.
 */
export async function verifyBundle(
  bytes: Uint8Array,
  trust: LoadedTrust,
  options: VerifySigstoreOptions,
): Promise<VerifiedSigstoreSignature> {
  const bundle = await readBundle(bytes)
  const { toSignedEntity } = await import('@sigstore/verify')
  const signed = signedContent(bundle, options)
  const entity = toSignedEntity(bundle, Buffer.from(signed.artifact))
  const { signer, log } = await findSigner({ bundle, entity, now: options.now }, trust)
  const digest = signed.digest()
  requireJudgedDigest(digest, options)
  return { digest, evidence: { form: 'bundle', signer: signer.evidence, log } }
}

interface SignedContent {
  readonly artifact: Uint8Array
  /** To be asked once the signature has been verified. */
  readonly digest: () => Digest
}

function signedContent({ content }: Bundle, { digest, manifest }: VerifySigstoreOptions): SignedContent {
  if (content.$case === 'dsseEnvelope') {
    const { payload, payloadType } = content.dsseEnvelope
    if (payloadType !== STATEMENT_TYPE) throw rejected('the envelope does not hold an in-toto statement')
    return { artifact: payload, digest: () => signedImageDigest(payload, digest) }
  }
  if (manifest === undefined) throw rejected('the bundle signs the manifest itself, whose bytes are not at hand')
  if (!content.messageSignature.messageDigest.digest.equals(createHash('sha256').update(manifest).digest())) {
    throw rejected(`the bundle signs something else than the manifest ${digest}`)
  }
  return { artifact: manifest, digest: () => digest }
}

interface Claim {
  readonly bundle: Bundle
  readonly entity: SignedEntity
  readonly now: Date
}

interface FoundSigner {
  readonly signer: TrustedSigner
  readonly log?: SigstoreLogEvidence | undefined
}

async function findSigner(claim: Claim, trust: LoadedTrust): Promise<FoundSigner> {
  if (trust.kind === 'keys') return keyHolder(claim, trust)
  const certificates = await signerCertificates(claim.bundle)
  return trust.kind === 'fulcio' ? fulcioSubject(claim, trust, certificates) : pkiSubject(claim, trust, certificates)
}

async function keyHolder({ entity }: Claim, { keys, unusable, logKeys }: LoadedKeys): Promise<FoundSigner> {
  if (entity.key.$case !== 'public-key')
    throw rejected('it is signed with a certificate, and the policy asks for a key')
  const key = keys.find((candidate) => entity.signature.verifySignature(candidate.key))
  if (key === undefined) throw noKeySigned(keys.length, unusable)
  const [log] = await verifySigned(entity, { key, signer: key.der, logKeys })
  return { signer: { key, evidence: { kind: 'key', fingerprint: key.fingerprint } }, log }
}

async function fulcioSubject(
  { entity }: Claim,
  trust: LoadedFulcio,
  certificates: SignerCertificates,
): Promise<FoundSigner> {
  const { leaf } = certificates
  const key = usableKey(leaf.x509.publicKey, "the key of the signer's certificate")
  const logs = await verifySigned(entity, { key, signer: leaf.der, logKeys: trust.logKeys })
  const [log, ...others] = logs.filter(({ time }) => time !== undefined)
  if (log?.time === undefined) {
    throw rejected('no trusted log says when it was signed; time stamps of other authorities are not supported')
  }
  for (const { time } of others) if (time !== undefined) await fulcioSigner(certificates, trust, time)
  return { signer: await fulcioSigner(certificates, trust, log.time), log }
}

async function pkiSubject(
  { entity, now }: Claim,
  trust: LoadedPki,
  certificates: SignerCertificates,
): Promise<FoundSigner> {
  const signer = await pkiSigner(certificates, trust, now)
  await verifySigned(entity, { key: signer.key, signer: certificates.leaf.der })
  return { signer }
}

async function signerCertificates({ verificationMaterial }: Bundle): Promise<SignerCertificates> {
  const { content } = verificationMaterial
  if (content.$case === 'publicKey') throw rejected('it is signed with a key, and the policy asks for a certificate')
  const found = content.$case === 'certificate' ? [content.certificate] : content.x509CertificateChain.certificates
  const [leaf, ...intermediates] = await Promise.all(found.map(({ rawBytes }) => fromBundle(rawBytes)))
  if (leaf === undefined) throw rejected('the bundle has no certificate')
  return { leaf, intermediates }
}

function fromBundle(der: Uint8Array): Promise<Certificate> {
  return readCertificate(Buffer.from(der), 'the bundle')
}
