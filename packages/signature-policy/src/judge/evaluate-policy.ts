import { imageName, type UnparsedImage } from '@crossdock/core'
import { chooseRequirements } from '../policy/choose-requirements.ts'
import type { Policy, PolicyRequirement } from '../policy/policy.ts'
import { judgeAppcSignedBy } from './appc-signed-by.ts'
import type { Judgement, RequirementJudgement } from './judgement.ts'
import { type JudgeOptions, resolveJudgeOptions } from './options.ts'
import { refusal, type RequirementOutcome } from './requirement-outcome.ts'
import { ruleText } from './rule-text.ts'
import { judgeSignedBy } from './signed-by.ts'
import { judgeSigstoreSigned } from './sigstore-signed.ts'
import type { Subject } from './subject.ts'
import { realVerifiers, type Verifiers } from './verifiers.ts'

/**
 * Judges an image: all requirements of the scope that it falls into have to hold. Nothing of the image is parsed; manifest and
 * signatures are read only if a requirement has to know them. What cannot be found out is refused: a key that cannot be read, a
 * signature that nobody can check.
 *
 * Throws what the source throws when manifest or signatures cannot be fetched, never for a rejection.
 */
export function evaluatePolicy(policy: Policy, image: UnparsedImage, options: JudgeOptions = {}): Promise<Judgement> {
  return judgeWith(realVerifiers, { policy, image, options })
}

interface Case {
  readonly policy: Policy
  readonly image: UnparsedImage
  readonly options: JudgeOptions
}

/** The same with the cryptography handed in. */
export async function judgeWith(verifiers: Verifiers, { policy, image, options }: Case): Promise<Judgement> {
  const { requirements, scope } = chooseRequirements(policy, image.reference)
  const subject = { image, verifiers, options: resolveJudgeOptions(options) }
  const judged: RequirementJudgement[] = []
  for (const requirement of requirements) judged.push(await judgeRequirement(requirement, subject))
  const wasRead = judged.some(({ signatures }) => signatures.length > 0)
  return {
    ...verdict(judged, options),
    image: imageName(image.reference),
    instance: image.instance,
    digest: wasRead ? (await image.manifest(options)).digest : undefined,
    policy: policy.file,
    scope,
    requirements: judged,
  }
}

function verdict(
  judged: readonly RequirementJudgement[],
  { requireSigned = false }: JudgeOptions,
): Pick<Judgement, 'outcome' | 'reason'> {
  const failed = judged.find(({ outcome }) => outcome === 'rejected')
  if (failed !== undefined) return { outcome: 'rejected', reason: failed.reason }
  const verified = judged.findLast(({ verifies }) => verifies)
  if (verified !== undefined) return { outcome: 'accepted', reason: verified.reason }
  if (!requireSigned) return { outcome: 'accepted', reason: 'nothing is asked of it' }
  const reason = 'a signature is required, and the policy asks for none of this image: no requirement verifies one'
  return { outcome: 'rejected', reason }
}

async function judgeRequirement(requirement: PolicyRequirement, subject: Subject): Promise<RequirementJudgement> {
  const verifies = ['signedBy', 'sigstoreSigned', 'appcSignedBy'].includes(requirement.type)
  return { type: requirement.type, rule: ruleText(requirement), verifies, ...(await outcomeOf(requirement, subject)) }
}

/** What the policy names and cannot be used, an unreadable key above all, fails the requirement. */
async function outcomeOf(requirement: PolicyRequirement, subject: Subject): Promise<RequirementOutcome> {
  switch (requirement.type) {
    case 'insecureAcceptAnything':
      return { outcome: 'accepted', reason: 'anything is accepted', signatures: [] }
    case 'reject':
      return refusal('the policy rejects every image of this scope')
    case 'signedBaseLayer':
      return refusal('signedBaseLayer is fulfilled by no image: nobody ever defined how it is checked')
    case 'signedBy':
      return judgeSignedBy(requirement, subject)
    case 'sigstoreSigned':
      return judgeSigstoreSigned(requirement, subject)
    default:
      return judgeAppcSignedBy(requirement, subject)
  }
}
