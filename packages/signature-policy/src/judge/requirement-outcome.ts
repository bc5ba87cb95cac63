import type { RequirementJudgement } from './judgement.ts'

/** What judging one requirement comes to. */
export type RequirementOutcome = Pick<RequirementJudgement, 'outcome' | 'reason' | 'signatures'>

/** The requirement does not hold, and no signature had to be looked at for that. */
export function refusal(reason: string): RequirementOutcome {
  return { outcome: 'rejected', reason, signatures: [] }
}
