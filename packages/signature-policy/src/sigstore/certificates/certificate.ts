import { X509Certificate } from 'node:crypto'
import { ImageError } from '@crossdock/core'
import type { ASN1Obj } from '@sigstore/core'
import { readPem } from '../pem.ts'

/** An X.509 certificate (RFC 5280) that nothing is known of yet. */
export interface Certificate {
  readonly x509: X509Certificate
  readonly der: Uint8Array
  /** The algorithm that its issuer signed with; see `oids.ts`. */
  readonly signatureAlgorithm: string
  /** By object identifier; none occurs twice. */
  readonly extensions: ReadonlyMap<string, CertificateExtension>
}

export interface CertificateExtension {
  readonly critical: boolean
  readonly value: Uint8Array
}

const MAX_CERTIFICATES = 64
const CONSTRUCTED_EXTENSIONS = 0x03

/** The certificates of a PEM file, at least one; blocks of other kinds are left out. Throws `INVALID_DATA` and `LIMIT_EXCEEDED`. */
export async function readCertificates(pem: Uint8Array, what: string): Promise<Certificate[]> {
  const blocks = readPem(pem, what).filter(({ label }) => label === 'CERTIFICATE')
  if (blocks.length === 0) throw new ImageError('INVALID_DATA', `${what} has no certificate in PEM form`)
  if (blocks.length > MAX_CERTIFICATES) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `${what} has ${blocks.length} certificates; at most ${MAX_CERTIFICATES} are read`,
    )
  }
  return Promise.all(blocks.map(({ bytes }) => readCertificate(bytes, what)))
}

/** One certificate in DER. Throws `INVALID_DATA`. */
export async function readCertificate(der: Uint8Array, what: string): Promise<Certificate> {
  const { ASN1Obj } = await import('@sigstore/core')
  try {
    const x509 = new X509Certificate(der)
    if (!x509.raw.equals(der)) throw new Error('it is not in DER, or something follows it')
    const [content, algorithm] = ASN1Obj.parseBuffer(x509.raw).subs
    const list = content?.subs.find(({ tag }) => tag.isContextSpecific(CONSTRUCTED_EXTENSIONS))
    return {
      x509,
      der,
      signatureAlgorithm: oid(algorithm?.subs[0]),
      extensions: readExtensions(list?.subs[0]?.subs ?? []),
    }
  } catch (cause) {
    const reason = cause instanceof Error ? `: ${cause.message}` : ''
    throw new ImageError('INVALID_DATA', `${what} has a certificate that cannot be read${reason}`, { cause })
  }
}

function readExtensions(list: readonly ASN1Obj[]): Map<string, CertificateExtension> {
  const extensions = new Map<string, CertificateExtension>()
  for (const { subs } of list) {
    const [first, second] = subs
    const value = subs.at(-1)?.value
    const name = oid(first)
    if (value === undefined || subs.length < 2) throw new Error('an extension has no value')
    if (extensions.has(name)) throw new Error('an extension occurs twice')
    extensions.set(name, { critical: subs.length === 3 && second?.toBoolean() === true, value: Uint8Array.from(value) })
  }
  return extensions
}

function oid(object: ASN1Obj | undefined): string {
  if (object?.tag.isOID() !== true) throw new Error('an object identifier is missing')
  return object.value.toString('hex')
}
