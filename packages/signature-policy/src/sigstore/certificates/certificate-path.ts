import { usableKey } from '../keys/public-key.ts'
import { rejected } from '../rejection.ts'
import type { Certificate } from './certificate.ts'
import { extendedKeyUsages, pathLengthLimit } from './extension-values.ts'
import { ANY_USAGE, CODE_SIGNING, NAME_CONSTRAINTS, STRONG_SIGNATURES, UNDERSTOOD } from './oids.ts'

export interface CertificatePathOptions {
  readonly roots: readonly Certificate[]
  /** Not trusted: they only help to find a way. */
  readonly intermediates: readonly Certificate[]
  /** When every certificate must have been valid. */
  readonly at: Date
}

const MAX_PATH = 8
/** Certificates that carry one name, and keys that do not fit, could make a search endless. */
const MAX_STEPS = 100

/**
 * The way from a certificate to a root (RFC 5280, section 6), for signing code. There is no revocation: certificates of this kind live for minutes,
 * or have none. Paths with name constraints are refused. Throws `REJECTED_BY_POLICY`.
 */
export async function certificatePath(
  leaf: Certificate,
  options: CertificatePathOptions,
): Promise<readonly Certificate[]> {
  const early = timeProblem(leaf, options.at)
  if (early !== undefined) throw rejected(`the signer's certificate ${early}`)
  const search: Search = { ...options, steps: 0, problem: undefined }
  const path = isOneOf(leaf, options.roots) ? [leaf] : await extendPath([leaf], search)
  if (path === undefined) {
    throw rejected(
      `the signer's certificate does not lead to a trusted CA: ${search.problem ?? 'none of the CA certificates at hand issued it'}`,
    )
  }
  for (const certificate of path) await checkExtensions(certificate)
  return path
}

interface Search extends CertificatePathOptions {
  steps: number
  problem: string | undefined
}

async function extendPath(path: readonly Certificate[], search: Search): Promise<readonly Certificate[] | undefined> {
  const last = path.at(-1)
  if (last === undefined || path.length >= MAX_PATH) return undefined
  for (const issuer of [...search.roots, ...search.intermediates]) {
    if (isOneOf(issuer, path) || !last.x509.checkIssued(issuer.x509)) continue
    if (++search.steps > MAX_STEPS) throw rejected('the certificates can be put together in too many ways')
    const problem = await issuerProblem(issuer, path, search.at)
    if (problem !== undefined) {
      search.problem = problem
      continue
    }
    const longer = [...path, issuer]
    if (isOneOf(issuer, search.roots)) return longer
    const found = await extendPath(longer, search)
    if (found !== undefined) return found
  }
  return undefined
}

async function issuerProblem(issuer: Certificate, path: readonly Certificate[], at: Date): Promise<string | undefined> {
  const last = path.at(-1)
  if (last === undefined) return 'there is no certificate'
  if (!issuer.x509.ca) return 'the certificate of its issuer is not one of a CA'
  const early = timeProblem(issuer, at)
  if (early !== undefined) return `a certificate of a CA ${early}`
  if ((await pathLengthLimit(issuer)) < path.length - 1) return 'a CA allows no such long path'
  if (!STRONG_SIGNATURES.has(last.signatureAlgorithm)) {
    return 'a certificate is signed by an algorithm that is weak or not supported'
  }
  usableKey(issuer.x509.publicKey, 'the key of a CA')
  return last.x509.verify(issuer.x509.publicKey) ? undefined : 'a certificate is not signed by the CA that it names'
}

function timeProblem({ x509 }: Certificate, at: Date): string | undefined {
  if (at < x509.validFromDate)
    return `is valid from ${x509.validFromDate.toISOString()}, not yet at ${at.toISOString()}`
  if (at > x509.validToDate) return `expired at ${x509.validToDate.toISOString()}, before ${at.toISOString()}`
  return undefined
}

async function checkExtensions(certificate: Certificate): Promise<void> {
  const { extensions } = certificate
  if (extensions.has(NAME_CONSTRAINTS)) throw rejected('a CA limits the names it may certify, which is not supported')
  for (const [name, { critical }] of extensions) {
    if (critical && !UNDERSTOOD.has(name)) {
      throw rejected(`a certificate has a critical extension that is not known (${name} in hexadecimal)`)
    }
  }
  const usages = await extendedKeyUsages(certificate)
  if (usages !== undefined && !usages.includes(CODE_SIGNING) && !usages.includes(ANY_USAGE)) {
    throw rejected('a certificate of the path is not for code signing')
  }
}

function isOneOf({ x509 }: Certificate, certificates: readonly Certificate[]): boolean {
  return certificates.some((other) => other.x509.raw.equals(x509.raw))
}
