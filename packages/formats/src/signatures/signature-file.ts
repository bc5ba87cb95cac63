import { ImageError, type Signature, type SigstoreSignature } from '@crossdock/core'
import { decodeBase64, encodeBase64 } from '../base64.ts'
import { goMap, goObject, goString } from '../go-text.ts'
import { isObject, member, parseJsonDocument } from '../json.ts'
import { MAX_SIGNATURE_BYTES } from './limits.ts'

const SIMPLE = 'simple-signing'
const SIGSTORE = 'sigstore-json'

/**
 * First bytes of OpenPGP messages (RFC 9580, section 4.2): a one-pass signature, a signature or compressed data, in the old
 * and in the new form of packet headers. A simple signature that begins with one needs no name of its format.
 */
const OPENPGP: ReadonlySet<number> = new Set([
  0x90, 0x91, 0x92, 0x93, 0xc4, 0x88, 0x89, 0x8a, 0x8b, 0xc2, 0xa0, 0xa1, 0xa2, 0xa3, 0xc8,
])

/**
 * What the file of a signature holds: OpenPGP as it is, other formats behind a NUL, the format's name and a line feed. Throws
 * `LIMIT_EXCEEDED` beyond `MAX_SIGNATURE_BYTES`.
 */
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
  const head = new TextEncoder().encode(`\0${format}\n`)
  const bytes = new Uint8Array(head.byteLength + data.byteLength)
  bytes.set(head)
  bytes.set(data, head.byteLength)
  return bytes
}

/** As skopeo has it, so that a signature has the same bytes whoever wrote it. */
function sigstoreJson({ mediaType, bytes, annotations }: SigstoreSignature): string {
  const texts = Object.entries(annotations).map(([name, value]) => [name, goString(value)] as const)
  return goObject([
    ['mimeType', goString(mediaType)],
    ['payload', goString(encodeBase64(bytes))],
    ['annotations', goMap(texts)],
  ])
}

/**
 * Reads the file of a signature; `what` begins the message of what is wrong. Throws `INVALID_DATA` for what is no signature,
 * `UNSUPPORTED` for one of an unknown format.
 */
export function decodeSignature(bytes: Uint8Array, what: string): Signature {
  const [first] = bytes
  if (first === undefined) throw invalid(what, 'should be a signature, but it is empty')
  if (OPENPGP.has(first)) return { format: 'simple', bytes }
  const { format, data } = cutFormat(bytes, what)
  if (format === SIMPLE) return { format: 'simple', bytes: data }
  if (format === SIGSTORE) return decodeSigstore(data, what)
  throw new ImageError('UNSUPPORTED', `${what} is a signature of the format "${format}", which is not known`)
}

// Longer than every name there is, so that not much is looked through.
const FORMAT = /^\0([\x21-\x7e]{1,100})\n/

function cutFormat(bytes: Uint8Array, what: string): { readonly format: string; readonly data: Uint8Array } {
  const [head, format] = FORMAT.exec(String.fromCharCode(...bytes.subarray(0, 102))) ?? []
  if (head !== undefined && format !== undefined) return { format, data: bytes.subarray(head.length) }
  throw invalid(what, 'is no signature: it begins neither as OpenPGP does nor with the name of a format')
}

function decodeSigstore(data: Uint8Array, what: string): SigstoreSignature {
  const document = parseJsonDocument(data, { what, maxBytes: MAX_SIGNATURE_BYTES })
  const fail = (rule: string): ImageError => invalid(what, `is no sigstore signature: ${rule}`)
  if (!isObject(document)) throw fail('it must hold a JSON object')
  const mediaType = member(document, 'mimeType')
  const payload = member(document, 'payload')
  const annotations = member(document, 'annotations') ?? {}
  if (typeof mediaType !== 'string') throw fail('"mimeType" must be a text')
  const bytes = typeof payload === 'string' ? decodeBase64(payload) : undefined
  if (bytes === undefined) throw fail('"payload" must be base64')
  if (!isObject(annotations) || !areTexts(annotations)) throw fail('"annotations" must be an object of texts')
  return { format: 'sigstore', mediaType, bytes, annotations }
}

function areTexts(value: object): value is Readonly<Record<string, string>> {
  return Object.values(value).every((item) => typeof item === 'string')
}

function invalid(what: string, problem: string): ImageError {
  return new ImageError('INVALID_DATA', `${what} ${problem}`)
}
