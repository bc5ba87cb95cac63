import { rejected } from '../rejection.ts'
import type { Certificate } from './certificate.ts'
import { readDer } from './extension-values.ts'
import { ISSUER_V1, ISSUER_V2 } from './oids.ts'

/** UTF8String, PrintableString and IA5String */
const TEXT_TAGS: ReadonlySet<number> = new Set([0x0c, 0x13, 0x16])

/**
 * Who told Fulcio who the signer is. Of the two extensions that say so one suffices; if there are both, they must agree (Fulcio, "OID
 * information"). Throws `REJECTED_BY_POLICY` and `INVALID_DATA`.
 */
export async function fulcioIssuer({ extensions }: Certificate): Promise<string> {
  const first = extensions.get(ISSUER_V1)
  const second = extensions.get(ISSUER_V2)
  const bare = first && Buffer.from(first.value).toString('utf8')
  const wrapped = second && (await textOf(second.value))
  const issuer = wrapped ?? bare
  if (issuer === undefined) throw rejected("the signer's certificate does not say which OIDC issuer it relies on")
  if (bare !== undefined && bare !== issuer) {
    throw rejected("the signer's certificate names two OIDC issuers that differ")
  }
  return issuer
}

async function textOf(der: Uint8Array): Promise<string> {
  const { tag, value } = await readDer(der, "the OIDC issuer in the signer's certificate")
  if (!tag.isUniversal() || !TEXT_TAGS.has(tag.number))
    throw rejected("the OIDC issuer in the signer's certificate is not text")
  return value.toString('utf8')
}
