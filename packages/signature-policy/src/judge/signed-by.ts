import { type Digest, digestAlgorithm, type ManifestBytes, manifestDigest, type SimpleSignature } from '@crossdock/core'
import type { SignedBy } from '../policy/policy.ts'
import { judgeSignatures, type SignatureFinding } from './judge-signatures.ts'
import { loaded, readKeys } from './key-material.ts'
import { refusal, type RequirementOutcome } from './requirement-outcome.ts'
import { identityProblem } from './signed-identity.ts'
import { readManifest, type Subject } from './subject.ts'

/** A requirement `signedBy`: a simple signature by one of its keys, for this manifest and this name, checked in that order. */
export async function judgeSignedBy(requirement: SignedBy, subject: Subject): Promise<RequirementOutcome> {
  const { keyType, keys } = requirement
  if (keyType !== 'GPGKeys')
    return refusal(`signatures by ${keyType} cannot be checked by anybody; the keyType for OpenPGP is GPGKeys`)
  if (keys.length === 0) return refusal('the policy names no key, so that no signature can be good')
  const keyRings = await loaded(subject.options, () => readKeys(keys, subject.options))
  if ('problem' in keyRings) return refusal(keyRings.problem)
  const verifier = { ...requirement, keyRings: keyRings.value }
  return judgeSignatures(subject, {
    format: 'simple',
    called: 'simple signature',
    check: (signature) => checkSignature(signature, { verifier, subject }),
  })
}

interface SimpleCheck {
  readonly verifier: SignedBy & { readonly keyRings: readonly Uint8Array[] }
  readonly subject: Subject
}

async function checkSignature(
  signature: SimpleSignature,
  { verifier, subject }: SimpleCheck,
): Promise<SignatureFinding> {
  const { verifySimpleSignature, parseSimplePayload } = await subject.verifiers.simple()
  const { payload, fingerprint } = await verifySimpleSignature(signature.bytes, {
    keyRings: verifier.keyRings,
    now: subject.options.now(),
  })
  const { digest, dockerReference } = parseSimplePayload(payload)
  const evidence = { signer: `the key ${fingerprint}`, fingerprint, digest, identity: dockerReference }
  const manifest = await readManifest(subject)
  const problem =
    digestProblem(digest, manifest) ??
    identityProblem(verifier.signedIdentity, {
      image: subject.image.reference.dockerReference,
      signed: dockerReference,
    })
  return { evidence, problem }
}

/** Why a signature for this digest is not one for the manifest, as what is said of the signature; undefined if it is. */
export function digestProblem(signed: Digest, manifest: ManifestBytes): string | undefined {
  const actual = manifestDigest(manifest.bytes, digestAlgorithm(signed))
  return actual === signed ? undefined : `is for the manifest ${signed}, and this one is ${actual}`
}
