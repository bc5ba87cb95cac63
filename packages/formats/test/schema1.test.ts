import { digestOf, MAX_MANIFEST_BYTES, type ManifestBytes } from '@crossdock/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  OCI_MANIFEST,
  parseAnyManifest,
  parseManifest,
  type Schema1Manifest,
  schema1Payload,
} from '../src/index.ts'
import { bytesOf, digest, IMAGE, INDEX, manifestBytes, outcome, OUTCOMES } from './documents.ts'
import signed from './fixtures/schema1-signed.json' with { type: 'json' }

function step(id: string, more: object = {}): { readonly v1Compatibility: string } {
  return { v1Compatibility: JSON.stringify({ id: id.repeat(64), created: '2024-01-01T00:00:00Z', ...more }) }
}

/** Top first, as the format has it. */
const DOCUMENT = {
  schemaVersion: 1,
  name: 'team/app',
  tag: 'v1',
  architecture: 'amd64',
  fsLayers: [{ blobSum: digest('3') }, { blobSum: digest('2') }, { blobSum: digest('1') }],
  history: [
    step('c', { parent: 'b'.repeat(64), author: 'me', comment: 'why', container_config: { Cmd: ['a', 'b'] } }),
    step('b', { parent: 'a'.repeat(64), throwaway: true }),
    step('a'),
  ],
}

function parse(document: unknown, mediaType = DOCKER_SCHEMA1): Schema1Manifest {
  const parsed = parseAnyManifest(manifestBytes(document, mediaType))
  if (parsed.kind !== 'schema1') throw new Error(`is ${parsed.kind}`)
  return parsed
}

test('a schema 1 manifest is read from the base up', () => {
  expect(parse(DOCUMENT)).toEqual({
    kind: 'schema1',
    mediaType: DOCKER_SCHEMA1,
    name: 'team/app',
    tag: 'v1',
    architecture: 'amd64',
    layers: [
      {
        digest: digest('1'),
        v1Compatibility: step('a').v1Compatibility,
        history: { created: '2024-01-01T00:00:00Z', emptyLayer: false },
      },
      {
        digest: digest('2'),
        v1Compatibility: DOCUMENT.history[1]?.v1Compatibility,
        history: { created: '2024-01-01T00:00:00Z', emptyLayer: true },
      },
      {
        digest: digest('3'),
        v1Compatibility: DOCUMENT.history[0]?.v1Compatibility,
        history: { created: '2024-01-01T00:00:00Z', author: 'me', comment: 'why', createdBy: 'a b', emptyLayer: false },
      },
    ],
  })
})

test('name, tag and architecture may be missing, and words of a command null', () => {
  const { fsLayers, history } = DOCUMENT
  expect(parse({ schemaVersion: 1, fsLayers, history, name: null })).toMatchObject({
    name: '',
    tag: '',
    architecture: '',
  })
  const odd = { ...DOCUMENT, fsLayers: [fsLayers[0]], history: [step('a', { container_config: { Cmd: ['x', null] } })] }
  expect(parse(odd).layers[0]?.history.createdBy).toBe('x ')
})

test.each([
  [{ schemaVersion: 2 }, 'schemaVersion: must be the number 1'],
  [{ mediaType: OCI_MANIFEST }, `is a Docker schema 1 manifest, but is said to be "${OCI_MANIFEST}"`],
  [{ layers: [] }, 'ambiguous: as a Docker schema 1 manifest it may not have "layers"'],
  [{ config: null, manifests: null }, 'may not have "config", "manifests"'],
  [{ FsLayers: [] }, 'ambiguous: "FsLayers" is "fsLayers"'],
  [{ fsLayers: {} }, 'fsLayers: must be an array, but is an object'],
  [{ fsLayers: [], history: [] }, 'has no layers'],
  [{ history: [step('a')] }, 'has 3 fsLayers, but 1 entries of history'],
  [{ fsLayers: [{}, {}, {}] }, 'fsLayers[0].blobSum: is missing'],
  [{ fsLayers: [{ blobSum: '../x' }, {}, {}] }, 'fsLayers[0].blobSum: invalid digest "../x"'],
  [{ fsLayers: [{ BlobSum: digest('1') }, {}, {}] }, 'fsLayers[0]: ambiguous: "BlobSum"'],
  [{ history: [1, 2, 3] }, 'history[0]: must be an object'],
  [{ history: [{}, {}, {}] }, 'history[0].v1Compatibility: must be a string, but is missing'],
  [
    { history: [{ v1Compatibility: '{' }, step('b'), step('a')] },
    'history[0].v1Compatibility is not one JSON document',
  ],
  [{ history: [{ v1Compatibility: '[]' }, step('b'), step('a')] }, 'history[0].v1Compatibility: must be an object'],
  [{ history: [step('x'), step('b'), step('a')] }, 'history[0].v1Compatibility.id: must be 64 lower-case hexadecimal'],
  [{ history: [step('c', { ID: 'd' }), step('b'), step('a')] }, 'ambiguous: "ID" is "id"'],
  [{ history: [step('c', { throwaway: 'yes' }), step('b'), step('a')] }, 'throwaway: must be true or false'],
  [
    { history: [step('c', { container_config: { Cmd: 'x' } }), step('b'), step('a')] },
    'container_config.Cmd: must be an array',
  ],
  [
    { history: [step('c', { parent: 'a'.repeat(64) }), step('b'), step('a')] },
    'the parent of the history\'s entry 0 must be "bbbb',
  ],
  [
    { history: [step('a', { parent: 'b'.repeat(64) }), step('b', { parent: 'a'.repeat(64) }), step('a')] },
    'more than once',
  ],
  [{ tag: 1 }, 'tag: must be a string, but is a number'],
])('%j is refused by name', (changes, message) => {
  expect(() => parse({ ...DOCUMENT, ...changes })).toThrow(
    expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining(message) }),
  )
})

test('of entries with one ID in a row the lowest counts', () => {
  const { fsLayers } = DOCUMENT
  const history = [step('b', { parent: 'a'.repeat(64) }), step('b', { parent: 'a'.repeat(64) }), step('a')]
  expect(parse({ ...DOCUMENT, fsLayers, history }).layers.map((layer) => layer.digest)).toEqual([
    digest('1'),
    digest('2'),
  ])
})

test.each([[''], ['application/json'], ['text/plain; charset=utf-8']])(
  'given as "%s" the document decides',
  (given) => {
    expect(parse(DOCUMENT, given).mediaType).toBe(DOCKER_SCHEMA1)
    expect(parseAnyManifest(manifestBytes(IMAGE, given)).kind).toBe('image')
    expect(parseAnyManifest(manifestBytes(INDEX, given)).kind).toBe('index')
  },
)

test('other types are read as parseManifest reads them, which leaves schema 1 out', () => {
  expect(parseAnyManifest(manifestBytes(IMAGE, OCI_MANIFEST))).toEqual(
    parseManifest(manifestBytes(IMAGE, OCI_MANIFEST)),
  )
  expect(outcome(() => parseAnyManifest(manifestBytes(DOCUMENT, OCI_MANIFEST)))).toBe('UNSUPPORTED')
  expect(outcome(() => parseAnyManifest(manifestBytes(IMAGE, DOCKER_SCHEMA1)))).toBe('INVALID_DATA')
  expect(outcome(() => parseManifest(manifestBytes(DOCUMENT, DOCKER_SCHEMA1)))).toBe('UNSUPPORTED')
})

test('a descriptor’s promise holds for schema 1 too, of which both types are used for one another', () => {
  const manifest = manifestBytes(DOCUMENT, DOCKER_SCHEMA1)
  const descriptor = { mediaType: DOCKER_SCHEMA1_SIGNED, digest: manifest.digest, size: manifest.bytes.byteLength }
  expect(parseAnyManifest(manifest, { descriptor }).kind).toBe('schema1')
  for (const lie of [{ size: 1 }, { mediaType: OCI_MANIFEST }]) {
    expect(outcome(() => parseAnyManifest(manifest, { descriptor: { ...descriptor, ...lie } }))).toBe('INVALID_DATA')
  }
})

test('the digest of a signed manifest is that of its payload', () => {
  const bytes = bytesOf(signed.document)
  expect(digestOf(schema1Payload(bytes))).toBe(signed.digest)
  expect(parse(signed.document, DOCKER_SCHEMA1_SIGNED)).toMatchObject({
    mediaType: DOCKER_SCHEMA1_SIGNED,
    name: 'mitr/busybox',
    layers: [{}, {}, {}],
  })
  // The type that it was given as does not matter.
  expect(parse(signed.document, DOCKER_SCHEMA1).mediaType).toBe(DOCKER_SCHEMA1_SIGNED)
})

test('what has no signatures is its own payload', () => {
  for (const document of [DOCUMENT, { ...DOCUMENT, signatures: null }]) {
    const bytes = bytesOf(document)
    expect(schema1Payload(bytes)).toBe(bytes)
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
  const head = JSON.stringify(DOCUMENT).slice(0, -1)
  const header = base64(JSON.stringify({ formatLength: length(head.length), formatTail: base64(tail), time: '' }))
  const signatures = (headers ?? [header]).map((one) => ({ header: {}, signature: 'x', protected: one }))
  return `${head}${between}"signatures": ${JSON.stringify(signatures)}${after}`
}

function headerOf(formatLength: unknown, formatTail: unknown): string {
  return base64(JSON.stringify({ formatLength, formatTail }))
}

const HEAD = JSON.stringify(DOCUMENT).length - 1

test('the head may have any bytes, and several signatures may agree', () => {
  expect(new TextDecoder().decode(schema1Payload(bytesOf(sign())))).toBe(`${JSON.stringify(DOCUMENT).slice(0, -1)}\n}`)
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
  ['no tail', { headers: [headerOf(HEAD, undefined)] }, 'formatTail: must be a string, but is missing'],
  ['a header that is no base64url', { headers: ['a'] }, 'protected: is not base64url'],
  ['a header that is no JSON', { headers: [base64('{')] }, 'protected is not one JSON document'],
  ['a header that is no object', { headers: [base64('[]')] }, 'protected: must be an object'],
])('%s: refused', (_, signing, message) => {
  expect(() => schema1Payload(bytesOf(sign(signing)))).toThrow(
    expect.objectContaining({ code: 'INVALID_DATA', message: expect.stringContaining(message) }),
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
      expect(OUTCOMES).toContain(outcome(() => (payload = schema1Payload(bytes))))
      expect(payload === undefined || payload === bytes || payload.length < bytes.length).toBe(true)
      const manifest: ManifestBytes = { bytes, mediaType: DOCKER_SCHEMA1_SIGNED, digest: digestOf(bytes) }
      expect(OUTCOMES).toContain(outcome(() => parseAnyManifest(manifest)))
    }),
    { numRuns: 300 },
  )
})
