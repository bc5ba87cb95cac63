import { type Digest, type ImageSource, unparsedImage } from '@crossdock/core'
import { hostPlatform, MAX_INDEX_DEPTH, parsePlatform, readDocument, selectInstance } from '@crossdock/formats'
import { evaluatePolicy, type Judgement } from '@crossdock/signature-policy'
import type { Judge } from './image-judge.ts'
import type { Operation } from './invocation.ts'

/** What a copy would be told of an image, with every step on the way to that. */
export interface PolicyExplanation {
  readonly outcome: Judgement['outcome']
  readonly reason: string
  /** What the name stands for; then, if that is an index and refused, the instance in its place. */
  readonly judgements: readonly Judgement[]
}

export interface ExplainPolicyOptions {
  readonly judge: Judge
  /** `os/arch[/variant]`. Default: linux on this machine's CPU. */
  readonly platform: string | undefined
  readonly operation: Operation
}

/** Judges as a copy does: an index that is refused may list an image that is accepted. */
export async function explainPolicy(
  source: ImageSource,
  { judge, platform, operation }: ExplainPolicyOptions,
): Promise<PolicyExplanation> {
  const wanted = platform === undefined ? hostPlatform() : parsePlatform(platform)
  const judgements: Judgement[] = []
  let instance: Digest | undefined
  for (let depth = 0; depth <= MAX_INDEX_DEPTH; depth += 1) {
    const image = unparsedImage(source, instance)
    const judgement = await evaluatePolicy(judge.policy, image, { ...judge.options, ...operation })
    judgements.push(judgement)
    if (judgement.outcome === 'accepted') break
    const document = await readDocument(image, operation).catch(() => undefined)
    operation.signal.throwIfAborted()
    if (document?.parsed.kind !== 'index') break
    instance = selectInstance(document.parsed, wanted).digest
  }
  const { outcome = 'rejected', reason = '' } = judgements.at(-1) ?? {}
  return { outcome, reason, judgements }
}
