import { ImageError } from './errors.ts'
import { MAX_MANIFEST_BYTES } from './limits.ts'

const WHERE = 'schema 1 manifest: signatures'
/** More signatures than this stand in no manifest: each is looked at. */
const MAX_SIGNATURES = 100
const BASE64URL = /^[A-Za-z0-9_-]*$/
/** What stands behind the signed head: the signatures, and nothing else. */
const BEHIND_HEAD = /^[ \t\r\n]*,[ \t\r\n]*"signatures"[ \t\r\n]*:(.*)\}[ \t\r\n]*$/s
const CLOSING_BRACE = /^[ \t\r\n]*\}[ \t\r\n]*$/

/**
 * What the signatures of a Docker schema 1 manifest are for, and what its digest is computed from: the document as it was
 * before they were put in. Everything else, manifest or not, comes back as it is.
 *
 * Every signature says in its `protected` header how much of the document was there and what followed it (libtrust, "pretty
 * signature"). All have to say the same, and the document may have nothing else besides: what a signature does not cover would
 * be read by some programs and not by others. Signatures are not verified: their keys say nothing of who made the image.
 *
 * Throws `INVALID_DATA`, and `LIMIT_EXCEEDED` beyond `MAX_MANIFEST_BYTES`.
 */
export function schema1Payload(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `a manifest has ${bytes.byteLength} bytes; at most ${MAX_MANIFEST_BYTES} are read`,
    )
  }
  const signatures = signaturesOf(bytes)
  if (signatures === undefined) return bytes
  const { head, tail } = readFormat(signatures, bytes.byteLength)
  const payload = new Uint8Array(head + tail.length)
  payload.set(bytes.subarray(0, head))
  payload.set(tail, head)
  checkIsWhole(payload, bytes.subarray(head))
  return payload
}

type Members = Readonly<Record<string, unknown>>

function signaturesOf(bytes: Uint8Array): unknown {
  // Nearly every manifest has none: that is told without reading it.
  if (!new TextDecoder('latin1').decode(bytes).includes('"signatures"')) return undefined
  const document = parseObject(bytes)
  return document?.['schemaVersion'] === 1 ? (document['signatures'] ?? undefined) : undefined
}

/** The head, the signatures and a closing brace are the whole document, and the head is one without them. */
function checkIsWhole(payload: Uint8Array, rest: Uint8Array): void {
  const behind = BEHIND_HEAD.exec(new TextDecoder().decode(rest))
  const signed = parseObject(payload)
  if (behind === null || signed === undefined) {
    throw invalid(WHERE, 'the document has more than its first bytes, which are signed, and the signatures')
  }
  if (Object.hasOwn(signed, 'signatures') || parseJson(behind[1] ?? '') === undefined) {
    throw invalid(WHERE, 'must be the last field')
  }
}

/** What every protected header says: the length of the document's head in bytes, and the bytes that ended it. */
interface Format {
  readonly head: number
  readonly tail: Uint8Array
}

function readFormat(signatures: unknown, length: number): Format {
  if (!Array.isArray(signatures)) throw invalid(WHERE, 'must be an array')
  if (signatures.length > MAX_SIGNATURES) {
    const message = `${WHERE}: there are ${signatures.length}; at most ${MAX_SIGNATURES} are read`
    throw new ImageError('LIMIT_EXCEEDED', message)
  }
  const [first, ...others] = signatures.map((signature: unknown, index) =>
    readProtected(asMembers(signature)?.['protected'], { where: `${WHERE}[${index}].protected`, length }),
  )
  if (first === undefined) throw invalid(WHERE, 'is empty')
  if (others.some(({ head, tail }) => head !== first.head || !isEqual(tail, first.tail))) {
    throw invalid(WHERE, 'the protected headers contradict each other')
  }
  return first
}

function readProtected(text: unknown, { where, length }: { readonly where: string; readonly length: number }): Format {
  const header = parseObject(decodeBase64Url(text, where))
  if (header === undefined) throw invalid(where, 'is not one JSON object')
  const { formatLength: head, formatTail } = header
  if (typeof head !== 'number' || !Number.isSafeInteger(head) || head < 1 || head > length) {
    throw invalid(`${where}.formatLength`, `must be an integer from 1 to the document's ${length} bytes`)
  }
  const tail = decodeBase64Url(formatTail, `${where}.formatTail`)
  if (!CLOSING_BRACE.test(new TextDecoder().decode(tail))) {
    throw invalid(`${where}.formatTail`, 'must be the closing brace of the document')
  }
  return { head, tail }
}

function decodeBase64Url(text: unknown, where: string): Uint8Array {
  if (typeof text !== 'string') throw invalid(where, 'must be a string')
  if (!BASE64URL.test(text) || text.length % 4 === 1) throw invalid(where, 'is not base64url without padding')
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

/** Undefined for what is no JSON object. */
function parseObject(bytes: Uint8Array): Members | undefined {
  try {
    return asMembers(parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)))
  } catch {
    return undefined
  }
}

/** Undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function asMembers(value: unknown): Members | undefined {
  return isMembers(value) ? value : undefined
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}

function invalid(where: string, problem: string): ImageError {
  return new ImageError('INVALID_DATA', `${where}: ${problem}`)
}
