import { ImageError } from '@crossdock/core'
import type { ASN1Obj } from '@sigstore/core'
import type { Certificate } from './certificate.ts'
import { BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, SUBJECT_ALT_NAME } from './oids.ts'

/** Whom a certificate is for (RFC 5280, 4.2.1.6); names of other kinds are left out. */
export interface SubjectNames {
  readonly emails: readonly string[]
  readonly uris: readonly string[]
  readonly hosts: readonly string[]
}

/** Tags of the choices of GeneralName. */
const EMAIL = 1
const HOST = 2
const URI = 6

export async function subjectNames(certificate: Certificate): Promise<SubjectNames> {
  const names = (await extensionValue(certificate, SUBJECT_ALT_NAME))?.subs ?? []
  const ofKind = (kind: number): string[] =>
    names.filter(({ tag }) => tag.isContextSpecific(kind)).map(({ value }) => value.toString('latin1'))
  return { emails: ofKind(EMAIL), uris: ofKind(URI), hosts: ofKind(HOST) }
}

/** What a certificate is good for (RFC 5280, 4.2.1.12), as hexadecimal object identifiers; undefined if it does not say. */
export async function extendedKeyUsages(certificate: Certificate): Promise<readonly string[] | undefined> {
  return (await extensionValue(certificate, EXTENDED_KEY_USAGE))?.subs.map(({ value }) => value.toString('hex'))
}

/** How many CA certificates may stand between this one and the last of a path (RFC 5280, 4.2.1.9). */
export async function pathLengthLimit(certificate: Certificate): Promise<number> {
  const [, limit] = (await extensionValue(certificate, BASIC_CONSTRAINTS))?.subs ?? []
  return limit === undefined ? Infinity : Number(limit.toInteger())
}

async function extensionValue({ extensions }: Certificate, name: string): Promise<ASN1Obj | undefined> {
  const extension = extensions.get(name)
  return extension === undefined ? undefined : readDer(extension.value, 'an extension of the certificate')
}

/** One value of DER and nothing behind it. Throws `INVALID_DATA`. */
export async function readDer(bytes: Uint8Array, what: string): Promise<ASN1Obj> {
  const { ASN1Obj } = await import('@sigstore/core')
  let value
  try {
    value = ASN1Obj.parseBuffer(Buffer.from(bytes))
  } catch (cause) {
    throw new ImageError('INVALID_DATA', `${what} is not DER`, { cause })
  }
  if (value.toDER().byteLength !== bytes.byteLength) {
    throw new ImageError('INVALID_DATA', `${what} has something behind its value`)
  }
  return value
}
