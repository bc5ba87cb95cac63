import type { Judgement, RequirementJudgement, SignatureJudgement } from '@crossdock/signature-policy'
import { formatTable } from './table.ts'

/** A judgement as a tree for people. */
export function formatJudgement(judgement: Judgement): string {
  const { image, instance, digest, policy = 'none: the built-in default accepts everything', requirements } = judgement
  const head = formatTable([
    ['image', image],
    ...(instance === undefined ? [] : [['instance', instance]]),
    ...(digest === undefined ? [] : [['digest', digest]]),
    ['policy', policy],
    ['scope', scopeText(judgement)],
  ])
  const tree = requirements.flatMap((requirement, index) => requirementLines(requirement, index + 1))
  const lines = [...tree, `${judgement.outcome}: ${judgement.reason}`]
  return `${head}\n${lines.map((line) => `${line}\n`).join('')}`
}

function scopeText({ scope: { transport, scope, lookedFor } }: Judgement): string {
  const before = (scope === undefined ? lookedFor : lookedFor.slice(0, -1)).map((text) => JSON.stringify(text))
  const others = before.length === 0 ? '' : `, nothing is said of ${before.join(', ')}`
  if (scope === undefined) return `default${others}`
  return `${transport} ${JSON.stringify(scope)}${others}`
}

function requirementLines(
  { type, rule, outcome, reason, signatures }: RequirementJudgement,
  number: number,
): readonly string[] {
  return [
    `${mark(outcome)} requirement ${number}, ${type}: ${rule}`,
    ...signatures.flatMap(signatureLines),
    ...(signatures.length === 0 ? [`    ${reason}`] : []),
  ]
}

function signatureLines({ number, format, outcome, reason, evidence }: SignatureJudgement): readonly string[] {
  const facts = Object.entries({
    identity: evidence?.identity,
    digest: evidence?.digest,
    issuer: evidence?.sigstore?.signer.oidcIssuer,
    'recorded at': evidence?.sigstore?.log?.time?.toISOString(),
  })
  return [
    `    ${mark(outcome)} signature ${number}, ${format}: ${reason}`,
    ...facts.flatMap(([name, value]) => (value === undefined ? [] : [`        ${name}  ${value}`])),
  ]
}

function mark(outcome: Judgement['outcome']): string {
  return outcome === 'accepted' ? '+' : '-'
}
