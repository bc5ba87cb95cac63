import { ImageError, MAX_MANIFEST_BYTES } from '@crossdock/core'
import { asPlace, fieldPath, invalid, optionalList, type Place, requiredString } from './fields.ts'
import { member, parseJsonDocument } from './json.ts'
import { isSpace, type JsonMember, type JsonMembers, readJsonMembers } from './json-members.ts'

const WHAT = 'schema 1 manifest'
/** More signatures than this stand in no manifest: each is looked at. */
const MAX_SIGNATURES = 100
const BASE64URL = /^[A-Za-z0-9_-]*$/

/**
 * What the signatures of a Docker schema 1 manifest are for, and what its digest is computed from: the document as it was
 * before they were put in. A manifest without signatures comes back as it is.
 *
 * Every signature says in its `protected` header how much of the document was there and what followed it (libtrust, "pretty
 * signature"). All have to say the same, and the document may have nothing else besides: what a signature does not cover would
 * be read by some programs and not by others. Signatures are not verified: their keys say nothing of who made the image.
 *
 * Throws `INVALID_DATA`, and `LIMIT_EXCEEDED` beyond `MAX_MANIFEST_BYTES`.
 */
export function schema1Payload(bytes: Uint8Array): Uint8Array {
  const document = readJsonMembers(bytes, { what: WHAT, maxBytes: MAX_MANIFEST_BYTES })
  const signatures = optionalList({ object: document.value, where: `${WHAT}:` }, 'signatures', asPlace)
  if (signatures === undefined) return bytes
  const where = `${WHAT}: signatures`
  const fields = document.members.filter(({ key }) => key === 'signatures')
  const last = document.members.at(-1)
  if (fields.length !== 1 || last === undefined || last !== fields[0]) throw invalid(where, 'must be the last field')
  const { head, tail } = readFormat(signatures, { where, length: bytes.length })
  if (!isWhatIsAround(document, last, head)) {
    throw invalid(where, `the document has more than its first ${head} bytes and the signatures`)
  }
  const payload = new Uint8Array(head + tail.length)
  payload.set(bytes.subarray(0, head))
  payload.set(tail, head)
  return payload
}

/** What every protected header says: the length of the document's head in bytes, and the bytes that ended it. */
interface Format {
  readonly head: number
  readonly tail: Uint8Array
}

function readFormat(
  signatures: readonly Place[],
  { where, length }: { readonly where: string; readonly length: number },
): Format {
  if (signatures.length > MAX_SIGNATURES) {
    throw new ImageError(
      'LIMIT_EXCEEDED',
      `${where}: there are ${signatures.length}; at most ${MAX_SIGNATURES} are read`,
    )
  }
  const [first, ...others] = signatures.map((signature) => readProtected(signature, length))
  if (first === undefined) throw invalid(where, 'is empty')
  if (others.some(({ head, tail }) => head !== first.head || !isEqual(tail, first.tail))) {
    throw invalid(where, 'the protected headers contradict each other')
  }
  return first
}

function readProtected(signature: Place, length: number): Format {
  const where = fieldPath(signature.where, 'protected')
  const header = decodeBase64Url(requiredString(signature, 'protected'), where)
  const place = asPlace(parseJsonDocument(header, { what: where, maxBytes: MAX_MANIFEST_BYTES }), where)
  const head = member(place.object, 'formatLength')
  if (typeof head !== 'number' || !Number.isSafeInteger(head) || head < 1 || head > length) {
    throw invalid(fieldPath(where, 'formatLength'), `must be an integer from 1 to the document's ${length} bytes`)
  }
  const tail = decodeBase64Url(requiredString(place, 'formatTail'), fieldPath(where, 'formatTail'))
  if (withoutSpace(tail) !== '}') {
    throw invalid(fieldPath(where, 'formatTail'), 'must be the closing brace of the document')
  }
  return { head, tail }
}

/** Between the head and the signatures stands a comma, and behind them the closing brace. */
function isWhatIsAround({ bytes }: JsonMembers, signatures: JsonMember, head: number): boolean {
  const between = withoutSpace(bytes.subarray(head, signatures.keyStart))
  return head < signatures.keyStart && between === ',' && withoutSpace(bytes.subarray(signatures.valueEnd)) === '}'
}

function withoutSpace(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.filter((byte) => !isSpace(byte)))
}

function decodeBase64Url(text: string, where: string): Uint8Array {
  if (!BASE64URL.test(text) || text.length % 4 === 1) throw invalid(where, 'is not base64url without padding')
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}
