import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestOf, ImageError, manifestDigest, MAX_MANIFEST_BYTES, schema1Payload } from '../src/index.ts'
import signed from './fixtures/schema1-signed.json' with { type: 'json' }

const DOCUMENT = {
  schemaVersion: 1,
  name: 'team/app',
  tag: 'v1',
  architecture: 'amd64',
  fsLayers: [{ blobSum: digestOf(new Uint8Array()) }],
  history: [{ v1Compatibility: '{"id":"é"}' }],
}
const TEXT = JSON.stringify(DOCUMENT)

function bytesOf(document: unknown): Uint8Array {
  return new TextEncoder().encode(typeof document === 'string' ? document : JSON.stringify(document))
}

/** `accepted`, or the code of the error; whatever else is thrown is told as it is. */
function outcome(read: () => unknown): string {
  try {
    read()
    return 'accepted'
  } catch (reason) {
    return reason instanceof ImageError ? reason.code : `not an ImageError: ${String(reason)}`
  }
}

test('the digest of a signed manifest is that of its payload', () => {
  const bytes = bytesOf(signed.document)
  expect(digestOf(schema1Payload(bytes))).toBe(signed.digest)
  expect(manifestDigest(bytes)).toBe(signed.digest)
  expect(manifestDigest(bytes, 'sha512')).toBe(digestOf(schema1Payload(bytes), 'sha512'))
})

test('what has no signatures is its own payload', () => {
  for (const document of [
    DOCUMENT,
    { ...DOCUMENT, signatures: null },
    { schemaVersion: 2, signatures: [] },
    [{ schemaVersion: 1, signatures: [] }],
    '{"schemaVersion": 1, "signatures": [',
    '',
  ]) {
    const bytes = bytesOf(document)
    expect(schema1Payload(bytes)).toBe(bytes)
    expect(manifestDigest(bytes)).toBe(digestOf(bytes))
  }
})

function base64(text: string): string {
  return Buffer.from(text).toString('base64url')
}

interface Signing {
  /** Behind the document's own fields. */
  readonly tail?: string
  readonly length?: (head: number) => unknown
  readonly between?: string
  readonly after?: string
  readonly headers?: readonly string[]
}

/** A document with signatures put in, right unless something else is asked for. */
function sign({ tail = '\n}', length = (head) => head, between = ',', after = '\n}', headers }: Signing = {}): string {
  const head = TEXT.slice(0, -1)
  const header = base64(
    JSON.stringify({ formatLength: length(bytesOf(head).length), formatTail: base64(tail), time: '' }),
  )
  const signatures = (headers ?? [header]).map((one) => ({ header: {}, signature: 'x', protected: one }))
  return `${head}${between}"signatures": ${JSON.stringify(signatures)}${after}`
}

function headerOf(formatLength: unknown, formatTail: unknown): string {
  return base64(JSON.stringify({ formatLength, formatTail }))
}

const HEAD = bytesOf(DOCUMENT).length - 1

test('the head may have any bytes, and several signatures may agree', () => {
  expect(new TextDecoder().decode(schema1Payload(bytesOf(sign())))).toBe(`${TEXT.slice(0, -1)}\n}`)
  const header = headerOf(HEAD, base64('}'))
  const twice = schema1Payload(bytesOf(sign({ headers: [header, header], between: ' , ' })))
  expect(digestOf(twice)).toBe(digestOf(bytesOf(DOCUMENT)))
})

test.each<[string, Signing, string]>([
  ['no signatures', { headers: [] }, 'signatures: is empty'],
  ['two lengths', { headers: [headerOf(HEAD, base64('}')), headerOf(HEAD - 1, base64('}'))] }, 'contradict each other'],
  ['two tails', { headers: [headerOf(HEAD, base64('}')), headerOf(HEAD, base64(' }'))] }, 'contradict each other'],
  ['a length of 0', { length: () => 0 }, 'formatLength: must be an integer from 1'],
  ['a negative length', { length: () => -1 }, 'formatLength: must be an integer from 1'],
  ['a length beyond the document', { length: () => 1e9 }, 'formatLength: must be an integer from 1'],
  ['half a byte', { length: (head) => head + 0.5 }, 'formatLength: must be an integer from 1'],
  ['a length in words', { length: String }, 'formatLength: must be an integer from 1'],
  ['a shorter head', { length: (head) => head - 1 }, 'more than its first'],
  ['a head with the signatures in it', { length: (head) => head + 20 }, 'more than its first'],
  ['fields that are not signed', { between: ',"tag":"evil",' }, 'more than its first'],
  ['fields in the tail', { tail: ',"tag":"evil"}' }, 'formatTail: must be the closing brace'],
  ['fields behind the signatures', { after: ',"tag":"evil"}' }, 'signatures: must be the last field'],
  ['signatures twice', { between: ',"signatures":[],' }, 'signatures: must be the last field'],
  ['a tail that is no base64url', { headers: [headerOf(HEAD, '+/==')] }, 'formatTail: is not base64url'],
  ['no tail', { headers: [headerOf(HEAD, undefined)] }, 'formatTail: must be a string'],
  ['a header that is no base64url', { headers: ['a'] }, 'protected: is not base64url'],
  ['a header that is no JSON', { headers: [base64('{')] }, 'protected: is not one JSON object'],
  ['a header that is no object', { headers: [base64('[]')] }, 'protected: is not one JSON object'],
])('%s: refused', (_, signing, message) => {
  expect(() => schema1Payload(bytesOf(sign(signing)))).toThrow(
    expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining(message) }),
  )
})

test('signatures in what is signed are refused, too', () => {
  const head = '{"schemaVersion":1,"signatures":[],"name":"x"'
  const signatures = [{ protected: headerOf(head.length, base64('}')) }]
  expect(() => schema1Payload(bytesOf(`${head},"signatures":${JSON.stringify(signatures)}}`))).toThrow(
    expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining('must be the last field') }),
  )
})

test('numbers of signatures and bytes are limited', () => {
  const header = headerOf(HEAD, base64('}'))
  expect(outcome(() => schema1Payload(bytesOf(sign({ headers: Array<string>(101).fill(header) }))))).toBe(
    'LIMIT_EXCEEDED',
  )
  expect(outcome(() => schema1Payload(new Uint8Array(MAX_MANIFEST_BYTES + 1)))).toBe('LIMIT_EXCEEDED')
})

/** Bytes changed, left out or put in. */
function mutate(
  bytes: Uint8Array,
  changes: readonly (readonly [at: number, how: number, value: number])[],
): Uint8Array {
  const mutated = [...bytes]
  for (const [at, how, value] of changes)
    mutated.splice(at % mutated.length, how === 0 ? 0 : 1, ...(how === 2 ? [] : [value]))
  return Uint8Array.from(mutated)
}

test('whatever becomes of a signed manifest, nothing but an ImageError is thrown, and the payload has no signatures', () => {
  const documents = fc.constantFrom(
    signed.document,
    sign(),
    sign({ headers: [headerOf(HEAD, base64('}')), headerOf(HEAD, base64('}'))] }),
  )
  const byte = fc.oneof(
    fc.nat(255),
    fc.constantFrom(...'{}[]",:01'.split('').map((character) => character.charCodeAt(0))),
  )
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(2), byte), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(documents, changes, (document, edits) => {
      const bytes = mutate(bytesOf(document), edits)
      let payload: Uint8Array | undefined
      expect(['accepted', 'INVALID_DATA']).toContain(outcome(() => (payload = schema1Payload(bytes))))
      expect(payload === undefined || payload === bytes || payload.length < bytes.length).toBe(true)
    }),
    { numRuns: 300 },
  )
})
