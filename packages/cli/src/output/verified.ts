import type { Judgement, SignatureEvidence } from '@crossdock/signature-policy'
import { formatTable } from './table.ts'

/** Who signed what was accepted, a block for each manifest. */
export function formatVerified(judgements: readonly Judgement[]): string {
  return judgements
    .map((judgement) => {
      const { image, instance, digest, requirements } = judgement
      const signers = requirements
        .flatMap(({ signatures }) => signatures)
        .flatMap(({ outcome, evidence }) => (outcome === 'accepted' && evidence !== undefined ? [evidence] : []))
      return formatTable([
        ['image', image],
        ...(instance === undefined ? [] : [['instance', instance]]),
        ...(digest === undefined || instance !== undefined ? [] : [['digest', digest]]),
        ...signers.flatMap(signerRows),
      ])
    })
    .join('\n')
}

function signerRows({ signer, identity, sigstore }: SignatureEvidence): readonly (readonly string[])[] {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['signed by', signer],
    ['signed as', identity],
    ['issuer', sigstore?.signer.oidcIssuer],
    ['recorded at', sigstore?.log?.time?.toISOString()],
  ]
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
}
