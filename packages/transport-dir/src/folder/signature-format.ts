import { pathError, quotePath } from '@crossdock/blob-files'
import { ImageError, type Signature, type SigstoreSignature } from '@crossdock/core'
import { isObject, member, parseJsonDocument } from '@crossdock/formats'

/** The most bytes of the file of one signature. */
export const MAX_SIGNATURE_BYTES: number = 4 * 1024 * 1024

const SIMPLE = 'simple-signing'
const SIGSTORE = 'sigstore-json'

/**
 * First bytes of OpenPGP messages (RFC 9580, section 4.2): a one-pass signature, a signature or compressed data, in the old
 * and in the new form of packet headers. A simple signature that begins with one needs no name of its format.
 */
const OPENPGP: ReadonlySet<number> = new Set([
  0x90, 0x91, 0x92, 0x93, 0xc4, 0x88, 0x89, 0x8a, 0x8b, 0xc2, 0xa0, 0xa1, 0xa2, 0xa3, 0xc8,
])

/** What the file of a signature holds: OpenPGP as it is, other formats behind a NUL, the format's name and a line feed. */
export function encodeSignature(signature: Signature): Uint8Array {
  const bytes = encode(signature)
  if (bytes.byteLength <= MAX_SIGNATURE_BYTES) return bytes
  throw new ImageError(
    'LIMIT_EXCEEDED',
    `a signature takes ${bytes.byteLength} bytes; at most ${MAX_SIGNATURE_BYTES} are kept`,
  )
}

function encode(signature: Signature): Uint8Array {
  if (signature.format === 'sigstore') return tagged(SIGSTORE, new TextEncoder().encode(sigstoreJson(signature)))
  return OPENPGP.has(signature.bytes[0] ?? 0) ? signature.bytes : tagged(SIMPLE, signature.bytes)
}

function tagged(format: string, data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`\0${format}\n`), data])
}

/** Names sorted and some characters escaped, as skopeo has it, so that a signature has the same bytes whoever wrote it. */
function sigstoreJson({ mediaType, bytes, annotations }: SigstoreSignature): string {
  const members = Object.entries(annotations)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  const payload = Buffer.from(bytes).toString('base64')
  const text = `{"mimeType":${JSON.stringify(mediaType)},"payload":"${payload}","annotations":{${members.join(',')}}}`
  return text.replaceAll(/[<>&\u2028\u2029]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Throws `INVALID_DATA` for what is no signature, `UNSUPPORTED` for one of an unknown format. */
export function decodeSignature(bytes: Uint8Array, path: string): Signature {
  const [first] = bytes
  if (first === undefined) throw pathError('INVALID_DATA', path, 'should be a signature, but it is empty')
  if (OPENPGP.has(first)) return { format: 'simple', bytes }
  const { format, data } = cutFormat(bytes, path)
  if (format === SIMPLE) return { format: 'simple', bytes: data }
  if (format === SIGSTORE) return decodeSigstore(data, path)
  throw pathError('UNSUPPORTED', path, `is a signature of the format "${format}", which is not known`)
}

// Longer than every name there is, so that not much is looked through.
const FORMAT = /^\0([\x21-\x7e]{1,100})\n/

function cutFormat(bytes: Uint8Array, path: string): { readonly format: string; readonly data: Uint8Array } {
  const [head, format] = FORMAT.exec(Buffer.from(bytes.subarray(0, 102)).toString('latin1')) ?? []
  if (head !== undefined && format !== undefined) return { format, data: bytes.subarray(head.length) }
  throw pathError(
    'INVALID_DATA',
    path,
    'is no signature: it begins neither as OpenPGP does nor with the name of a format',
  )
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

function decodeSigstore(data: Uint8Array, path: string): SigstoreSignature {
  const document = parseJsonDocument(data, { what: quotePath(path), maxBytes: MAX_SIGNATURE_BYTES })
  const fail = (rule: string): ImageError => pathError('INVALID_DATA', path, `is no sigstore signature: ${rule}`)
  if (!isObject(document)) throw fail('it must hold a JSON object')
  const mediaType = member(document, 'mimeType')
  const payload = member(document, 'payload')
  const annotations = member(document, 'annotations') ?? {}
  if (typeof mediaType !== 'string') throw fail('"mimeType" must be a text')
  if (typeof payload !== 'string' || payload.length % 4 > 0 || !BASE64.test(payload))
    throw fail('"payload" must be base64')
  if (!isObject(annotations) || !areTexts(annotations)) throw fail('"annotations" must be an object of texts')
  return { format: 'sigstore', mediaType, bytes: Buffer.from(payload, 'base64'), annotations }
}

function areTexts(value: object): value is Readonly<Record<string, string>> {
  return Object.values(value).every((item) => typeof item === 'string')
}
