import type { SigstoreSignature } from '@crossdock/core'
import type { SigstoreSigned, SigstoreTrustSources } from '../policy/policy.ts'
import type { SigstoreEvidence, SigstoreTrust } from '../sigstore/trust.ts'
import { judgeSignatures, type SignatureFinding } from './judge-signatures.ts'
import { loaded, readKey, readKeys } from './key-material.ts'
import type { ResolvedJudgeOptions } from './options.ts'
import { refusal, type RequirementOutcome } from './requirement-outcome.ts'
import { digestProblem } from './signed-by.ts'
import { identityProblem } from './signed-identity.ts'
import { readManifest, type Subject } from './subject.ts'

/** A requirement `sigstoreSigned`: a sigstore signature that its roots vouch for, for this manifest and this name. */
export async function judgeSigstoreSigned(requirement: SigstoreSigned, subject: Subject): Promise<RequirementOutcome> {
  const { options } = subject
  const trust = await loaded(options, () => readTrust(requirement.trust, options))
  if ('problem' in trust) return refusal(trust.problem)
  return judgeSignatures(subject, {
    format: 'sigstore',
    called: 'sigstore signature',
    check: (signature) => checkSignature(signature, { requirement, trust: trust.value, subject }),
  })
}

async function readTrust(sources: SigstoreTrustSources, options: ResolvedJudgeOptions): Promise<SigstoreTrust> {
  if (sources.kind === 'keys') {
    const rekorKeys = await readKeys(sources.rekorKeys, options)
    const keys = await readKeys(sources.keys, options)
    return { kind: 'keys', keys, rekorKeys: rekorKeys.length === 0 ? undefined : rekorKeys }
  }
  if (sources.kind === 'fulcio') {
    const rekorKeys = await readKeys(sources.rekorKeys, options)
    return { ...sources, ca: await readKey(sources.ca, options), rekorKeys }
  }
  const { roots, intermediates, ...subjects } = sources
  return {
    ...subjects,
    roots: await readKey(roots, options),
    intermediates: intermediates === undefined ? undefined : await readKey(intermediates, options),
  }
}

interface SigstoreCheck {
  readonly requirement: SigstoreSigned
  readonly trust: SigstoreTrust
  readonly subject: Subject
}

async function checkSignature(
  signature: SigstoreSignature,
  { requirement, trust, subject }: SigstoreCheck,
): Promise<SignatureFinding> {
  const { verifySigstoreSignature } = await subject.verifiers.sigstore()
  const manifest = await readManifest(subject)
  const verified = await verifySigstoreSignature(signature, trust, {
    now: subject.options.now(),
    digest: manifest.digest,
    manifest: manifest.bytes,
  })
  const { digest, dockerReference } = verified
  const evidence = {
    signer: signerText(verified.evidence),
    digest,
    identity: dockerReference,
    sigstore: verified.evidence,
  }
  const problem =
    digestProblem(digest, manifest) ??
    identityProblem(requirement.signedIdentity, {
      image: subject.image.reference.dockerReference,
      signed: dockerReference,
    })
  return { evidence, problem }
}

function signerText({ signer: { kind, fingerprint, subjects = [] } }: SigstoreEvidence): string {
  return kind === 'certificate' && subjects.length > 0 ? subjects.join(', ') : `the key ${fingerprint}`
}
