import { expect, test } from 'vitest'
import {
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  OCI_MANIFEST,
  parseAnyManifest,
  parseManifest,
  type Schema1Manifest,
} from '../src/index.ts'
import { digest, IMAGE, INDEX, manifestBytes, outcome } from './documents.ts'
import conversions from './fixtures/conversions.json' with { type: 'json' }

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

/** As skopeo writes them. */
const SIGNED = conversions.images.filter(({ to }) => to === DOCKER_SCHEMA1_SIGNED)

test.each(SIGNED)(
  'of a signed one the payload is read, whatever it was given as: $name',
  ({ written, digest: known }) => {
    const manifest = manifestBytes(written, DOCKER_SCHEMA1)
    expect(manifest.digest).toBe(known)
    expect(parse(written, DOCKER_SCHEMA1).mediaType).toBe(DOCKER_SCHEMA1_SIGNED)
    expect(parse(written, DOCKER_SCHEMA1_SIGNED)).toEqual(parse(written, ''))
  },
)

test('signatures that only some programs see are refused', () => {
  const text = JSON.stringify({ ...DOCUMENT, signatures: [] }).replace('"signatures"', '"\\u0073ignatures"')
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
})
