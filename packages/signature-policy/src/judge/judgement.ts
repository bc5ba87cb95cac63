import type { Digest, SignatureFormat } from '@crossdock/core'
import type { PolicyRequirement } from '../policy/policy.ts'
import type { PolicyScope } from '../policy/choose-requirements.ts'
import type { SigstoreEvidence } from '../sigstore/trust.ts'

export type Outcome = 'accepted' | 'rejected'

/** Why an image may be used or not: a tree of plain data that `JSON.stringify` takes. */
export interface Judgement {
  readonly outcome: Outcome
  /** One sentence for people. */
  readonly reason: string
  /** The image's name. */
  readonly image: string
  /** The instance of an index that was judged; undefined if it was what the name stands for. */
  readonly instance?: Digest | undefined
  /** Of the manifest that was judged; undefined if no requirement had to know. */
  readonly digest?: Digest | undefined
  /** The policy's file; undefined if no file holds it. */
  readonly policy?: string | undefined
  readonly scope: PolicyScope
  readonly requirements: readonly RequirementJudgement[]
}

export interface RequirementJudgement {
  readonly type: PolicyRequirement['type']
  /** What it asks for, in words: `a simple signature by a key of /etc/pki/key.gpg`. */
  readonly rule: string
  readonly outcome: Outcome
  readonly reason: string
  /** Whether it is fulfilled by nothing but a signature that was verified. */
  readonly verifies: boolean
  /** Every signature that it looked at, up to the first that was good. */
  readonly signatures: readonly SignatureJudgement[]
}

export interface SignatureJudgement {
  /** The place among the image's signatures, from 1. */
  readonly number: number
  readonly format: SignatureFormat
  readonly outcome: Outcome
  readonly reason: string
  /** What was found out by verifying, as far as that went. Nothing in it is what a signature merely claims of itself. */
  readonly evidence?: SignatureEvidence | undefined
}

export interface SignatureEvidence {
  /** Who signed, in words: `the key 08CD…`, `someone@example.com`. */
  readonly signer: string
  /** Of the OpenPGP key that verified, in upper-case hexadecimal. */
  readonly fingerprint?: string | undefined
  /** Of the manifest that the signature is for. */
  readonly digest?: Digest | undefined
  /** The name that it vouches for. */
  readonly identity?: string | undefined
  /** What else is known of a sigstore signature: certificate subjects, log entries, times. */
  readonly sigstore?: SigstoreEvidence | undefined
}
