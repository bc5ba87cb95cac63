import { isIP } from 'node:net'
import { type ImageError, quoteForeign } from '@crossdock/core'
import { type PublicKey, usableKey } from '../keys/public-key.ts'
import type { LoadedFulcio, LoadedPki } from '../loaded-trust.ts'
import { rejected } from '../rejection.ts'
import type { SigstoreSignerEvidence } from '../trust.ts'
import type { Certificate } from './certificate.ts'
import { certificatePath } from './certificate-path.ts'
import { extendedKeyUsages, type SubjectNames, subjectNames } from './extension-values.ts'
import { fulcioIssuer } from './fulcio-issuer.ts'

export interface SignerCertificates {
  readonly leaf: Certificate
  /** What came along with the signature. */
  readonly intermediates: readonly Certificate[]
}

export interface TrustedSigner {
  readonly key: PublicKey
  readonly evidence: SigstoreSignerEvidence
}

/** Whom Fulcio made a certificate out to, as of `at`, when the log saw the signature. Throws `REJECTED_BY_POLICY`. */
export async function fulcioSigner(
  { leaf, intermediates }: SignerCertificates,
  trust: LoadedFulcio,
  at: Date,
): Promise<TrustedSigner> {
  await certificatePath(leaf, { roots: trust.roots, intermediates, at })
  if ((await extendedKeyUsages(leaf)) === undefined) throw rejected("the signer's certificate is not for code signing")
  const issuer = await fulcioIssuer(leaf)
  if (issuer !== trust.oidcIssuer) {
    throw rejected(
      `the signer's certificate relies on the OIDC issuer "${quoteForeign(issuer, 200)}", not on "${trust.oidcIssuer}"`,
    )
  }
  const names = await subjectNames(leaf)
  requireName(trust.subjectEmail, names.emails, 'e-mail address')
  requireName(trust.subjectURI, names.uris, 'URI')
  return trusted(leaf, names, issuer)
}

/** Whom one's own CA made a certificate out to, as of `at`. Throws `REJECTED_BY_POLICY`. */
export async function pkiSigner(
  { leaf, intermediates }: SignerCertificates,
  trust: LoadedPki,
  at: Date,
): Promise<TrustedSigner> {
  const helpful = [...trust.intermediates, ...intermediates]
  await certificatePath(leaf, { roots: trust.roots, intermediates: helpful, at })
  const names = await subjectNames(leaf)
  requireName(trust.subjectEmail, names.emails, 'e-mail address')
  const { subjectHostname: host } = trust
  if (host !== undefined && !isForHost(leaf, host)) throw otherSubject(names.hosts, 'host name', host)
  return trusted(leaf, names)
}

/** The subject's common name does not count, and "*" stands for one whole label (RFC 9525, 6.3). */
function isForHost({ x509 }: Certificate, host: string): boolean {
  if (isIP(host) !== 0) return x509.checkIP(host) !== undefined
  return x509.checkHost(host, { subject: 'never', partialWildcards: false }) !== undefined
}

function requireName(wanted: string | undefined, found: readonly string[], kind: string): void {
  if (wanted !== undefined && !found.includes(wanted)) throw otherSubject(found, kind, wanted)
}

function otherSubject(found: readonly string[], kind: string, wanted: string): ImageError {
  if (found.length === 0) return rejected(`the signer's certificate has no ${kind}; it must be for "${wanted}"`)
  const names = found.slice(0, 8).map((name) => `"${quoteForeign(name, 200)}"`)
  return rejected(`the signer's certificate is for the ${kind} ${names.join(', ')}, not for "${wanted}"`)
}

function trusted(leaf: Certificate, names: SubjectNames, oidcIssuer?: string): TrustedSigner {
  const key = usableKey(leaf.x509.publicKey, "the key of the signer's certificate")
  const subjects = [...names.emails, ...names.uris, ...names.hosts]
  return { key, evidence: { kind: 'certificate', fingerprint: key.fingerprint, subjects, oidcIssuer } }
}
