import { ImageError, quoteForeign, type SignatureFormat } from '@crossdock/core'
import type { RequirementJudgement, SignatureEvidence, SignatureJudgement } from './judgement.ts'
import { MAX_SIGNATURES, type NumberedSignature, signaturesOf, type Subject } from './subject.ts'

/** What a look at one signature came to. */
export interface SignatureFinding {
  /** What was verified, as far as that went. */
  readonly evidence?: SignatureEvidence | undefined
  /** Why the signature does not do, as what is said of it: `vouches for A, but …`; undefined if it does. */
  readonly problem?: string | undefined
}

export interface SignatureCheck<Format extends SignatureFormat> {
  readonly format: Format
  /** What such signatures are called: `simple signature`. */
  readonly called: string
  /** Throws an `ImageError` for a signature that does not hold. */
  readonly check: (signature: NumberedSignature<Format>['signature']) => Promise<SignatureFinding>
}

type SignaturesJudgement = Pick<RequirementJudgement, 'outcome' | 'reason' | 'signatures'>

/** One good signature suffices, and what else hangs on the image does no harm. None is looked at behind the first good one. */
export async function judgeSignatures<Format extends SignatureFormat>(
  subject: Subject,
  { format, called, check }: SignatureCheck<Format>,
): Promise<SignaturesJudgement> {
  const { signatures, others, problem } = await signaturesOf(subject, format)
  if (problem !== undefined) return { outcome: 'rejected', reason: problem, signatures: [] }
  const judged: SignatureJudgement[] = []
  for (const { number, signature } of signatures.slice(0, MAX_SIGNATURES)) {
    const judgement = { number, format, ...(await outcomeOf(() => check(signature), subject)) }
    judged.push(judgement)
    if (judgement.outcome === 'accepted') return { outcome: 'accepted', reason: judgement.reason, signatures: judged }
  }
  const unseen = signatures.length - judged.length
  return { outcome: 'rejected', reason: whyNone(judged, { called, others, unseen }), signatures: judged }
}

async function outcomeOf(
  check: () => Promise<SignatureFinding>,
  { options }: Subject,
): Promise<Pick<SignatureJudgement, 'outcome' | 'reason' | 'evidence'>> {
  try {
    const { evidence, problem } = await check()
    if (problem !== undefined) return { outcome: 'rejected', reason: `${signer(evidence)} ${problem}`, evidence }
    return { outcome: 'accepted', reason: `${signer(evidence)} vouches for ${vouchedFor(evidence)}`, evidence }
  } catch (error) {
    options.operation.signal?.throwIfAborted()
    // Whatever an image brings along must not be able to stop the judge; a defect of ours must.
    if (!(error instanceof ImageError)) throw error
    return { outcome: 'rejected', reason: error.message }
  }
}

function signer(evidence: SignatureEvidence | undefined): string {
  return evidence === undefined ? 'the signature' : `the signature by ${evidence.signer}`
}

function vouchedFor(evidence: SignatureEvidence | undefined): string {
  return quoteForeign(evidence?.identity ?? evidence?.digest ?? 'this image', 300)
}

function whyNone(
  judged: readonly SignatureJudgement[],
  { called, others, unseen }: { readonly called: string; readonly others: number; readonly unseen: number },
): string {
  const [only, ...more] = judged
  if (only === undefined) {
    const besides = others === 0 ? '' : `, only ${others} of another kind`
    return `a ${called} is needed, and the image has none${besides}`
  }
  if (more.length === 0) return only.reason
  const reasons = judged.map(({ number, reason }) => `${number}. ${reason}`).join('; ')
  const limit = unseen === 0 ? '' : `; the ${unseen} behind them were not looked at`
  return `none of its ${judged.length} ${called}s does: ${reasons}${limit}`
}
