import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { bits, type Der, integer, octets, oid, sequence, set, tagged, time, TRUE, utf8 } from './der.ts'

/** A certificate with its private key. */
export interface Issued {
  readonly name: string
  readonly key: KeyObject
  readonly publicKey: KeyObject
  readonly der: Uint8Array
  readonly pem: string
}

export interface Extension {
  readonly oid: string
  readonly critical?: boolean
  readonly value: Der
}

/** What a certificate says; everything has a default. */
export interface CertificateForm {
  readonly name?: string
  /** Default: itself. */
  readonly issuer?: Issued | undefined
  readonly from?: Date
  readonly to?: Date
  readonly extensions?: readonly Extension[]
  /** Default: ECDSA on P-256. */
  readonly keys?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
  /** What it is signed with. Default: SHA-256. */
  readonly hash?: 'sha256' | 'sha1'
  /** Instead of the issuer's key. */
  readonly signedBy?: KeyObject
}

const SIGNATURES = { sha256: '1.2.840.10045.4.3.2', sha1: '1.2.840.10045.4.1' }
const RSA_SHA256 = '1.2.840.113549.1.1.11'

const FROM: Date = new Date('2024-01-01T00:00:00Z')
const TO: Date = new Date('2034-01-01T00:00:00Z')

/** Writes an X.509 certificate (RFC 5280). */
export function issue(form: CertificateForm = {}): Issued {
  const { name = 'Test', from = FROM, to = TO, hash = 'sha256', extensions = [] } = form
  const { publicKey, privateKey } = form.keys ?? generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = form.signedBy ?? form.issuer?.key ?? privateKey
  const algorithm = sequence(oid(signer.asymmetricKeyType === 'rsa' ? RSA_SHA256 : SIGNATURES[hash]))
  const content = sequence(
    tagged(0xa0, integer(2)),
    integer(Buffer.concat([Uint8Array.of(0x40), randomBytes(8)])),
    algorithm,
    nameOf(form.issuer?.name ?? name),
    sequence(time(from), time(to)),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions.map(writeExtension))),
  )
  const signature = sign(hash, content, signer)
  const der = sequence(content, algorithm, bits(signature))
  return { name, key: privateKey, publicKey, der, pem: certificatePem(der) }
}

/** A CA: itself, or below `issuer`. */
export function authority(form: CertificateForm & { readonly pathLength?: number } = {}): Issued {
  const { pathLength, extensions = [], ...rest } = form
  const limit = pathLength === undefined ? [] : [integer(pathLength)]
  const basic = { oid: '2.5.29.19', critical: true, value: sequence(TRUE, ...limit) }
  // keyCertSign and cRLSign
  const usage = { oid: '2.5.29.15', critical: true, value: tagged(0x03, Uint8Array.of(1, 0x06)) }
  return issue({ name: 'Test CA', ...rest, extensions: [basic, usage, ...extensions] })
}

export const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

export function usageExtension(...usages: readonly string[]): Extension {
  return { oid: '2.5.29.37', value: sequence(...usages.map(oid)) }
}

export interface Names {
  readonly emails?: readonly string[]
  readonly uris?: readonly string[]
  readonly hosts?: readonly string[]
  readonly others?: readonly Der[]
}

export function namesExtension(
  { emails = [], uris = [], hosts = [], others = [] }: Names,
  critical = false,
): Extension {
  const names = [
    ...others,
    ...emails.map((text) => tagged(0x81, Buffer.from(text))),
    ...hosts.map((text) => tagged(0x82, Buffer.from(text))),
    ...uris.map((text) => tagged(0x86, Buffer.from(text))),
  ]
  return { oid: '2.5.29.17', critical, value: sequence(...names) }
}

/** An "otherName" of a kind that nobody knows. */
export const OTHER_NAME: Der = tagged(0xa0, oid('1.2.3.4'), tagged(0xa0, utf8('somebody')))

export const ISSUER = 'https://accounts.example.com'

export function issuerV1(text: string): Extension {
  return { oid: '1.3.6.1.4.1.57264.1.1', value: Buffer.from(text) }
}

export function issuerV2(text: string): Extension {
  return { oid: '1.3.6.1.4.1.57264.1.8', value: utf8(text) }
}

function writeExtension({ oid: name, critical = false, value }: Extension): Der {
  return sequence(oid(name), ...(critical ? [TRUE] : []), octets(value))
}

function nameOf(text: string): Der {
  return sequence(set(sequence(oid('2.5.4.3'), utf8(text))))
}

function certificatePem(der: Uint8Array): string {
  return pemOf('CERTIFICATE', der)
}

export function pemOf(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

export function publicPem(key: KeyObject): Uint8Array {
  return Buffer.from(key.export({ type: 'spki', format: 'pem' }))
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
