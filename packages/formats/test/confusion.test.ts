import { expect, test } from 'vitest'
import { DOCKER_CONFIG, isIndexType, parseManifest } from '../src/index.ts'
import { CONFIG, manifestBytes, outcome, OUTCOMES } from './documents.ts'
import vectors from './fixtures/manifest-confusion-vectors.json' with { type: 'json' }

/** The vectors are fragments: what a whole document of the type needs is added, and nothing that they have is replaced. */
function complete(fragment: string, mediaType: string): string {
  if (!fragment.startsWith('{') || !fragment.endsWith('}') || fragment.includes('} {')) return fragment
  const needed = isIndexType(mediaType)
    ? { schemaVersion: 2, manifests: [] }
    : { schemaVersion: 2, config: CONFIG, layers: [] }
  const own = JSON.parse(fragment) as Record<string, unknown>
  return JSON.stringify({ ...needed, ...own, ...(isEmptyObject(own['config']) && { config: CONFIG }) })
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** What is judged otherwise here, in both directions. */
function deviation({ Doc, MT }: { readonly Doc: string; readonly MT: string }): 'accepted' | 'refused' | undefined {
  if (Doc === '{"config":null}' || Doc === '{"manifests":null}') return 'refused' // a needed field must be there
  // A document that says to be another type than it was given as is refused, not only one of the other kind.
  if (Doc.startsWith('{"mediaType"') && Doc !== `{"mediaType":"${MT}"}`) return 'refused'
  return undefined
}

test.each(vectors)('$Doc given as $MT', (row) => {
  const expected = deviation(row) ?? (row.Result === 'ok' ? 'accepted' : 'refused')
  const read = () => parseManifest(manifestBytes(complete(row.Doc, row.MT), row.MT))
  expect(outcome(read) === 'accepted' ? 'accepted' : 'refused').toBe(expected)
  expect(OUTCOMES).toContain(outcome(read))
})

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
const BOTH = { schemaVersion: 2, config: CONFIG, layers: [], manifests: [] }

test('a mixed document is refused whatever it is given as, and the message names the fields', () => {
  for (const given of [OCI_MANIFEST, 'application/vnd.docker.distribution.manifest.v2+json']) {
    expect(() => parseManifest(manifestBytes(BOTH, given))).toThrow(
      /may not have "manifests" besides "config", "layers"/,
    )
  }
  for (const given of [OCI_INDEX, '', 'application/json']) {
    expect(() => parseManifest(manifestBytes(BOTH, given))).toThrow(
      /may not have "config", "layers" besides "manifests"/,
    )
  }
})

test.each([['fsLayers'], ['history'], ['manifests']])('an image manifest with "%s" is ambiguous', (key) => {
  const document = { schemaVersion: 2, config: CONFIG, layers: [], [key]: null }
  expect(() => parseManifest(manifestBytes(document, OCI_MANIFEST))).toThrow(new RegExp(`"${key}"`))
})

test('what a server says wins over the shape, and must agree with the document', () => {
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }
  expect(parseManifest(manifestBytes(index, `${OCI_INDEX}; charset=utf-8`)).kind).toBe('index')
  expect(() => parseManifest(manifestBytes(index, OCI_MANIFEST))).toThrow(
    `mediaType: the document says "${OCI_INDEX}", but it was given as "${OCI_MANIFEST}"`,
  )
})

test.each([[''], ['application/json'], ['text/plain; charset=utf-8'], ['application/octet-stream']])(
  'given as "%s" the document decides',
  (given) => {
    expect(
      parseManifest(manifestBytes({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }, given)).mediaType,
    ).toBe(OCI_INDEX)
    expect(parseManifest(manifestBytes({ schemaVersion: 2, manifests: [] }, given)).mediaType).toBe(OCI_INDEX)
    expect(parseManifest(manifestBytes({ schemaVersion: 2, config: CONFIG, layers: [] }, given)).mediaType).toBe(
      OCI_MANIFEST,
    )
    const docker = { schemaVersion: 2, config: { ...CONFIG, mediaType: DOCKER_CONFIG }, layers: [] }
    expect(parseManifest(manifestBytes(docker, given)).mediaType).toBe(
      'application/vnd.docker.distribution.manifest.v2+json',
    )
    expect(() => parseManifest(manifestBytes({ schemaVersion: 2 }, given))).toThrow(/neither a manifest nor an index/)
  },
)

test('types that are no manifest are unsupported, schema 1 by name', () => {
  const document = { schemaVersion: 2, config: CONFIG, layers: [] }
  expect(() => parseManifest(manifestBytes(document, 'text/html'))).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED' }),
  )
  const old = { ...document, mediaType: 'application/vnd.oci.artifact.manifest.v1+json' }
  expect(() => parseManifest(manifestBytes(old))).toThrow(/artifact\.manifest\.v1\+json"; known are/)
  for (const schema1 of [
    manifestBytes({ schemaVersion: 1, fsLayers: [], history: [] }),
    manifestBytes({ schemaVersion: 1 }, 'application/vnd.docker.distribution.manifest.v1+prettyjws'),
    manifestBytes(document, 'application/vnd.docker.distribution.manifest.v1+json'),
  ]) {
    expect(() => parseManifest(schema1)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
    expect(() => parseManifest(schema1)).toThrow(/schema 1 manifest, which is not taken here/)
  }
})

test('a descriptor is a promise about type and size', () => {
  const manifest = manifestBytes({ schemaVersion: 2, config: CONFIG, layers: [] }, OCI_MANIFEST)
  const descriptor = { mediaType: OCI_MANIFEST, digest: manifest.digest, size: manifest.bytes.byteLength }
  expect(parseManifest(manifest, { descriptor }).kind).toBe('image')
  expect(() => parseManifest(manifest, { descriptor: { ...descriptor, mediaType: OCI_INDEX } })).toThrow(
    /its descriptor says/,
  )
  expect(() => parseManifest(manifest, { descriptor: { ...descriptor, size: 1 } })).toThrow(/its descriptor says 1$/)
  // Written by no one in particular, so nothing is promised.
  expect(parseManifest(manifest, { descriptor: { ...descriptor, mediaType: 'application/json' } }).kind).toBe('image')
})
