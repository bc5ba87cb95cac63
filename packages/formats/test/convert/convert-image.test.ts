import { type Descriptor, digestOf, type ManifestBytes, parseDigest, schema1Payload } from '@crossdock/core'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type ConvertedImage,
  convertImage,
  type ConvertImageOptions,
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_LAYER_TAR,
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  EMPTY_LAYER,
  EMPTY_LAYER_DIGEST,
  isSchema1Type,
  type LayerEdit,
  needsConfig,
  needsDiffIds,
  OCI_CONFIG,
  OCI_FOREIGN_LAYER_GZIP,
  OCI_FOREIGN_LAYER_TAR,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_LAYER_TAR,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
  parseAnyManifest,
  type Schema1Manifest,
} from '../../src/index.ts'
import { bytesOf, digest, IMAGE, INDEX, LAYER, manifestBytes, outcome, OUTCOMES, present } from '../documents.ts'
import recorded from '../fixtures/conversions.json' with { type: 'json' }

interface Row {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly manifest: string
  readonly config?: string
  readonly layers?: readonly { readonly digest: string; readonly size: number; readonly compression: string }[]
  readonly diffIds?: readonly string[]
}

interface ConvertedRow extends Row {
  readonly written: string
  readonly digest: string
  readonly writtenConfig?: string
}

const ROWS: readonly ConvertedRow[] = recorded.images
/** One is refused by what is asked for and not by what the image is: it has its own test below. */
const REFUSED: readonly Row[] = recorded.refused.filter(({ name }) => name !== 'layers in zstd, within v2s2')

function textOf({ bytes }: { readonly bytes: Uint8Array }): string {
  return new TextDecoder().decode(bytes)
}

function editOf(layer: NonNullable<Row['layers']>[number]): LayerEdit {
  const compression = layer.compression as 'none' | 'gzip' | 'zstd'
  return { digest: parseDigest(layer.digest), size: layer.size, compression }
}

/** Only what is said to be needed is given. */
function convert(row: Row): ConvertedImage {
  const options: ConvertImageOptions = {
    to: row.to,
    config: row.config !== undefined && needsConfig(row.from, row.to) ? bytesOf(row.config) : undefined,
    layers: row.layers?.map(editOf),
    diffIds: needsDiffIds(row.from || DOCKER_SCHEMA1, row.to) ? row.diffIds?.map((id) => parseDigest(id)) : undefined,
  }
  return convertImage(manifestBytes(row.manifest, row.from), options)
}

/** The config that the image has afterwards. */
function configAfter(row: ConvertedRow, { blobs }: ConvertedImage): string | undefined {
  const made = blobs.find(({ descriptor }) => [OCI_CONFIG, DOCKER_CONFIG].includes(descriptor.mediaType))
  if (made !== undefined) return textOf(made)
  return isSchema1Type(row.to) ? undefined : row.config
}

test.each(ROWS)('as skopeo: $name', (row) => {
  const converted = convert(row)
  expect(configAfter(row, converted)).toBe(row.writtenConfig)
  const [ours, theirs] = [converted.manifest.bytes, bytesOf(row.written)].map((bytes) =>
    textOf({ bytes: schema1Payload(bytes) }),
  )
  expect(ours).toBe(theirs)
  expect(converted.manifest.digest).toBe(row.digest)
  expect(converted.manifest.mediaType).toBe(row.to)
})

test.each(ROWS)('what is written can be read, and all that it needs is there: $name', (row) => {
  const { manifest, blobs } = convert(row)
  const parsed = parseAnyManifest(manifest)
  for (const { descriptor, bytes } of blobs) {
    expect(digestOf(bytes)).toBe(descriptor.digest)
    expect(bytes.byteLength).toBe(descriptor.size)
  }
  const made = new Set<string>(blobs.map(({ descriptor }) => descriptor.digest))
  const empty = parsed.kind === 'schema1' && parsed.layers.some(({ history }) => history.emptyLayer)
  expect(made.has(EMPTY_LAYER_DIGEST)).toBe(empty)
})

test.each(REFUSED)('refused as by skopeo: $name', (row) => {
  expect(['UNSUPPORTED', 'INVALID_DATA']).toContain(outcome(() => convert(row)))
})

test('the recorded refusals have the code that says whose fault it is', () => {
  const codes = Object.fromEntries(REFUSED.map((row) => [row.name, outcome(() => convert(row))]))
  expect(codes).toEqual({
    'no history, to v2s1': 'UNSUPPORTED',
    'more history than layers, to v2s1': 'UNSUPPORTED',
    'a time that is none, to oci': 'INVALID_DATA',
    'a field of the wrong type, to v2s1': 'INVALID_DATA',
    'an unknown Docker layer, to oci': 'UNSUPPORTED',
    'zstd, to v2s2': 'UNSUPPORTED',
    'zstd, to v2s1': 'UNSUPPORTED',
    'an artifact, to v2s2': 'UNSUPPORTED',
    'an artifact, to v2s1': 'UNSUPPORTED',
    'an encrypted layer, to v2s2': 'UNSUPPORTED',
    'an unknown layer, to v2s2': 'UNSUPPORTED',
    'fewer history entries than layers, to v2s2': 'INVALID_DATA',
    'a broken chain, to v2s2': 'INVALID_DATA',
  })
})

const CONFIG_BYTES = bytesOf({ os: 'linux', architecture: 'amd64', history: [{ created_by: 'x' }] })
const OWN = { mediaType: OCI_CONFIG, digest: digestOf(CONFIG_BYTES), size: CONFIG_BYTES.byteLength }
const oci = (changes: object) => manifestBytes({ ...IMAGE, config: OWN, ...changes })
const DOCKER = { schemaVersion: 2, mediaType: DOCKER_MANIFEST, config: { ...OWN, mediaType: DOCKER_CONFIG } }
const docker = (layers: readonly object[]) => manifestBytes({ ...DOCKER, layers })

test.each<[string, () => ConvertedImage, string, string]>([
  [
    'an index',
    () => convertImage(manifestBytes(INDEX), { to: DOCKER_MANIFEST }),
    'UNSUPPORTED',
    'convertIndex takes it',
  ],
  ['an image to an index', () => convertImage(oci({}), { to: OCI_INDEX }), 'UNSUPPORTED', 'cannot be converted to'],
  ['an image to anything', () => convertImage(oci({}), { to: 'x/y\u001b' }), 'UNSUPPORTED', '"x/y\\u{1b}"'],
  ['without its config', () => convertImage(docker([]), { to: OCI_MANIFEST }), 'INVALID_DATA', 'without its config'],
  [
    'with another config',
    () => convertImage(docker([]), { to: OCI_MANIFEST, config: bytesOf('{}') }),
    'DIGEST_MISMATCH',
    `should be ${OWN.digest}`,
  ],
  [
    'one layer instead of two',
    () => convertImage(oci({ layers: [LAYER, LAYER] }), { to: OCI_MANIFEST, layers: [LAYER] }),
    'INVALID_DATA',
    'has 2 layers, but 1 were given',
  ],
  [
    'zstd within Docker',
    () =>
      convertImage(docker([{ ...LAYER, mediaType: DOCKER_LAYER_GZIP }]), {
        to: DOCKER_MANIFEST,
        layers: [{ digest: digest('2'), size: 1, compression: 'zstd' }],
      }),
    'UNSUPPORTED',
    'cannot be written with compression zstd',
  ],
  [
    'zstd from OCI to Docker',
    () =>
      convertImage(oci({}), {
        to: DOCKER_MANIFEST,
        layers: [{ digest: digest('2'), size: 1, compression: 'zstd' }],
      }),
    'UNSUPPORTED',
    'Docker manifests need gzip',
  ],
  [
    'a layer more than the history has',
    () =>
      convertImage(
        docker([1, 2].map((size) => ({ mediaType: DOCKER_LAYER_GZIP, digest: digest(String(size)), size }))),
        {
          to: DOCKER_SCHEMA1,
          config: CONFIG_BYTES,
        },
      ),
    'UNSUPPORTED',
    'has 2 layers, but its history tells of 1',
  ],
  [
    'a field in another case',
    () => {
      const config = bytesOf({ os: 'linux', Config: { Cmd: ['x'] } })
      const own = { ...DOCKER.config, digest: digestOf(config), size: config.byteLength }
      return convertImage(manifestBytes({ ...DOCKER, config: own, layers: [] }), { to: OCI_MANIFEST, config })
    },
    'INVALID_DATA',
    'ambiguous: "Config" is "config"',
  ],
])('refused: %s', (_, run, code, message) => {
  expect(run).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
})

const SCHEMA1_ID = 'a'.repeat(64)
const SCHEMA1 = {
  schemaVersion: 1,
  name: 'a/b',
  tag: 't',
  architecture: 'amd64',
  fsLayers: [{ blobSum: digest('1') }],
  history: [{ v1Compatibility: JSON.stringify({ id: SCHEMA1_ID, created: '2024-01-01T00:00:00Z', os: 'linux' }) }],
}

test('schema 1 cannot do without sizes and diff IDs, each for each layer', () => {
  const source = manifestBytes(SCHEMA1, DOCKER_SCHEMA1)
  const layers = [{ digest: digest('1'), size: 5 }]
  const diffIds = [digest('d')]
  for (const options of [{}, { layers }, { diffIds }, { layers: [], diffIds }, { layers, diffIds: [] }]) {
    expect(outcome(() => convertImage(source, { to: OCI_MANIFEST, ...options }))).toBe('INVALID_DATA')
  }
  expect(convertImage(source, { to: OCI_MANIFEST, layers, diffIds }).lost).toEqual(['the name "a/b:t" in the manifest'])
})

test('schema 1 changes its name, loses its signatures, and stays as it is otherwise', () => {
  const source = manifestBytes(SCHEMA1, DOCKER_SCHEMA1)
  expect(convertImage(source, { to: DOCKER_SCHEMA1, name: 'a/b', tag: 't' })).toEqual({
    manifest: source,
    blobs: [],
    lost: [],
  })
  const renamed = convertImage(source, { to: DOCKER_SCHEMA1, name: 'c', tag: '' })
  expect(parseAnyManifest(renamed.manifest)).toMatchObject({ name: 'c', tag: '', architecture: 'amd64' })
  const edited = convertImage(source, { to: DOCKER_SCHEMA1, layers: [{ digest: digest('2'), size: 1 }] })
  expect(parseAnyManifest(edited.manifest)).toMatchObject({ name: 'a/b', layers: [{ digest: digest('2') }] })

  const row = ROWS.find(({ to }) => to === DOCKER_SCHEMA1_SIGNED)
  const signed = manifestBytes(row?.written ?? '', DOCKER_SCHEMA1_SIGNED)
  expect(convertImage(signed, { to: DOCKER_SCHEMA1_SIGNED }).manifest).toBe(signed)
  const unsigned = convertImage(signed, { to: DOCKER_SCHEMA1 })
  expect(unsigned.manifest.digest).toBe(row?.digest)
  expect(unsigned.lost).toEqual(['the signatures in the manifest'])
  expect(convertImage(unsigned.manifest, { to: DOCKER_SCHEMA1_SIGNED }).manifest.digest).toBe(row?.digest)
  const anew = convertImage(signed, { to: DOCKER_SCHEMA1_SIGNED, tag: 'x' })
  expect(anew.lost).toEqual(['the signatures in the manifest'])
  expect(parseAnyManifest(anew.manifest)).toMatchObject({ mediaType: DOCKER_SCHEMA1_SIGNED, tag: 'x' })
})

test('a name is written into schema 1, with the empty layer', () => {
  const config = bytesOf({ os: 'linux', architecture: 'arm64', history: [{ empty_layer: true }] })
  const own = { ...OWN, digest: digestOf(config), size: config.byteLength }
  const source = manifestBytes({ ...IMAGE, config: own, layers: [] })
  const { manifest, blobs } = convertImage(source, { to: DOCKER_SCHEMA1, config, name: 'team/app', tag: 'v1' })
  expect(parseAnyManifest(manifest)).toMatchObject({ name: 'team/app', tag: 'v1', architecture: 'arm64' })
  expect(blobs).toEqual([
    { descriptor: { mediaType: DOCKER_LAYER_GZIP, digest: EMPTY_LAYER_DIGEST, size: 32 }, bytes: EMPTY_LAYER },
  ])
  expect(digestOf(EMPTY_LAYER)).toBe(EMPTY_LAYER_DIGEST)
})

test('a registry gets from skopeo what is written here, but for signatures', () => {
  const tar = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef'
  const config = bytesOf(
    '{"os": "linux", "architecture": "amd64", "history": [{"created_by": "x"}], ' +
      `"rootfs": {"type": "layers", "diff_ids": ["${tar}"]}}`,
  )
  const layer = 'sha256:deb230b21e0d7ef6a0a2d65a19599d4251b5f08888a5155882fbef2ef71e1e11'
  const own = { ...DOCKER.config, digest: digestOf(config), size: config.byteLength }
  const source = manifestBytes({
    ...DOCKER,
    config: own,
    layers: [{ ...LAYER, mediaType: DOCKER_LAYER_GZIP, digest: layer }],
  })
  const { manifest } = convertImage(source, { to: DOCKER_SCHEMA1, config, name: 'team/app', tag: 'v1' })
  // Docker-Content-Digest of docker-registry 2.8.3 after a copy to HOST/team/app:v1.
  expect(manifest.digest).toBe('sha256:58a237dfa9db1d900416366e4f63b37d4b36200f9eb676a1c20a916f64c71750')
})

test('nothing to change gives the very same bytes', () => {
  const source = oci({ unknown: [1] })
  for (const options of [{}, { layers: [LAYER] }, { layers: [{ ...LAYER, compression: 'none' as const }] }]) {
    expect(convertImage(source, { to: OCI_MANIFEST, ...options }).manifest).toBe(source)
  }
})

test('what a manifest claims of a layer stays as long as no layer has changed', () => {
  const layers = [{ ...LAYER, mediaType: DOCKER_LAYER_GZIP }]
  const plain = [{ ...LAYER, compression: 'none' as const }]
  const { manifest } = convertImage(docker(layers), { to: OCI_MANIFEST, config: CONFIG_BYTES, layers: plain })
  expect(parseAnyManifest(manifest)).toMatchObject({ layers: [LAYER] })
})

test('a layer that stays keeps annotations and URLs if its own descriptor is given', () => {
  const stays: Descriptor = {
    mediaType: OCI_FOREIGN_LAYER_GZIP,
    digest: digest('3'),
    size: 3,
    urls: ['https://example.com/3'],
    annotations: { a: 'b' },
  }
  const source = oci({ layers: [{ ...LAYER, annotations: { gone: 'x' }, urls: ['https://example.com/1'] }, stays] })
  const changed: LayerEdit = { digest: digest('2'), size: 9, compression: 'zstd' }
  const { manifest, lost } = convertImage(source, { to: OCI_MANIFEST, layers: [changed, stays] })
  expect(parseAnyManifest(manifest)).toMatchObject({
    layers: [{ mediaType: OCI_LAYER_ZSTD, digest: digest('2'), size: 9 }, stays],
  })
  expect(lost).toEqual(['the annotations of 1 layers that have changed', 'the URLs of 1 layers'])
  const kept = { ...changed, annotations: { own: 'y' }, urls: ['https://example.com/2'] }
  expect(convertImage(source, { to: OCI_MANIFEST, layers: [kept, stays] }).lost).toEqual([])
})

test('what is lost is told', () => {
  const subject = { mediaType: OCI_MANIFEST, digest: digest('5'), size: 3 }
  const layers = [{ ...LAYER, annotations: { a: 'b' } }]
  const source = oci({ annotations: { 'a\u001b': 'b', c: 'd' }, subject, artifactType: 'application/x.y', layers })
  const told = [
    'the annotations of the manifest: a\\u{1b}, c',
    'the annotations of 1 of its blobs',
    `its subject ${digest('5')}: it is no referrer any more`,
    'its artifact type "application/x.y"',
  ]
  expect(convertImage(source, { to: DOCKER_MANIFEST }).lost).toEqual(told)
  expect(convertImage(source, { to: DOCKER_SCHEMA1, config: CONFIG_BYTES }).lost).toEqual([
    ...told,
    'the media types and sizes of the layers, and their diff IDs',
  ])
  const full = ROWS.find(({ name }) => name === 'a Docker image with every field, to oci')
  expect(full === undefined ? [] : convert(full).lost).toEqual([
    'fields of the config: container, container_config, docker_version, unknown, comment, config.Hostname, ' +
      'config.Healthcheck, config.Image, config.Shell',
  ])
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`key${index}`, '']))
  expect(convertImage(oci({ annotations: many }), { to: DOCKER_MANIFEST }).lost[0]).toMatch(/key11 and 8 more$/)
})

const SIZES = fc.integer({ min: 0, max: 2 ** 50 })
const DIGESTS = fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes) => digestOf(bytes))
const layersOf = (...types: readonly string[]) =>
  fc.uniqueArray(fc.record({ mediaType: fc.constantFrom(...types), digest: DIGESTS, size: SIZES }), {
    selector: (layer) => layer.digest,
    maxLength: 5,
  })

function stepsOf(manifest: ManifestBytes): Schema1Manifest['layers'] {
  const parsed = parseAnyManifest(manifest)
  if (parsed.kind !== 'schema1') throw new Error(`is ${parsed.kind}`)
  return parsed.layers
}

test('OCI to Docker and back keeps the layers and what a config of OCI says', () => {
  const config = fc
    .record({
      architecture: fc.string(),
      os: fc.string(),
      created: fc.constantFrom('2024-01-01T00:00:00Z', '2024-01-01T00:00:00.5+01:00'),
      config: fc.record({
        Env: fc.array(fc.string(), { minLength: 1 }),
        Labels: fc.dictionary(fc.string(), fc.string(), { minKeys: 1 }),
      }),
      rootfs: fc.record({ type: fc.constant('layers'), diff_ids: fc.array(DIGESTS) }),
    })
    .map((value) => bytesOf(value))
  const layers = layersOf(OCI_LAYER_TAR, OCI_LAYER_GZIP, OCI_FOREIGN_LAYER_TAR, OCI_FOREIGN_LAYER_GZIP)
  fc.assert(
    fc.property(config, layers, (bytes, own) => {
      const source = oci({
        config: { ...OWN, digest: digestOf(bytes), size: bytes.byteLength },
        layers: own,
      })
      const there = convertImage(source, { to: DOCKER_MANIFEST })
      expect(there.lost).toEqual([])
      const back = convertImage(there.manifest, { to: OCI_MANIFEST, config: bytes })
      expect(back.lost).toEqual([])
      expect(parseAnyManifest(back.manifest)).toMatchObject({ layers: own })
      const written: unknown = JSON.parse(textOf(present(back.blobs[0])))
      expect(written).toEqual(JSON.parse(textOf({ bytes })))
      // Once in OCI's own spelling it stays there.
      const again = convertImage(back.manifest, { to: DOCKER_MANIFEST })
      const same = convertImage(again.manifest, { to: OCI_MANIFEST, config: back.blobs[0]?.bytes })
      expect(same.manifest.digest).toBe(back.manifest.digest)
    }),
  )
})

test('schema 2 to schema 1 and back keeps layers, history and the config’s own fields', () => {
  const steps = fc.array(
    fc.record({
      created: fc.constantFrom('2024-01-01T00:00:00Z', '2023-12-31T23:59:59.25Z'),
      created_by: fc.string({ minLength: 1 }),
      comment: fc.string({ minLength: 1 }),
      empty_layer: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  )
  fc.assert(
    fc.property(
      steps,
      fc.dictionary(fc.constantFrom('zeta', 'own', '__proto__', 'a<b'), fc.jsonValue()),
      (told, more) => {
        // Schema 1 says "no files" by being silent, and in its topmost step keeps the command in the config alone.
        const history = told.map(({ empty_layer, ...rest }) => (empty_layer ? { ...rest, empty_layer } : rest))
        const files = told.filter((step) => !step.empty_layer).length
        const diffIds = Array.from({ length: files }, (_, index) => digestOf(Uint8Array.of(index)))
        const layers = diffIds.map((_, index) => ({
          mediaType: DOCKER_LAYER_GZIP,
          digest: digestOf(Uint8Array.of(index, 1)),
          size: index,
        }))
        const document = {
          ...more,
          architecture: 'amd64',
          os: 'linux',
          rootfs: { type: 'layers', diff_ids: diffIds },
          history,
        }
        const config = bytesOf(document)
        const own = { ...DOCKER.config, digest: digestOf(config), size: config.byteLength }
        const there = convertImage(manifestBytes({ ...DOCKER, config: own, layers }), { to: DOCKER_SCHEMA1, config })
        const steps1 = stepsOf(there.manifest)
        const edits = steps1.map(({ digest: blob }) => ({
          digest: blob,
          size: layers.find((layer) => layer.digest === blob)?.size ?? EMPTY_LAYER.byteLength,
        }))
        const ids = steps1.map(
          ({ digest: blob }) => diffIds[layers.findIndex((layer) => layer.digest === blob)] ?? digest('0'),
        )
        const back = convertImage(there.manifest, { to: DOCKER_MANIFEST, layers: edits, diffIds: ids })
        expect(parseAnyManifest(back.manifest)).toMatchObject({ layers })
        const written = JSON.parse(textOf(present(back.blobs[0]))) as typeof document
        expect({ ...written, history: [] }).toEqual({
          // As JSON has it: there is one zero.
          ...(JSON.parse(textOf({ bytes: config })) as typeof document),
          history: [],
          ...(files === 0 && { rootfs: { type: 'layers' } }),
        })
        expect(written.history.slice(0, -1)).toEqual(history.slice(0, -1))
      },
    ),
    { numRuns: 50 },
  )
})

test('what a layer has become on the way decides its type', () => {
  const types = layersOf(DOCKER_LAYER_TAR, DOCKER_LAYER_GZIP)
  fc.assert(
    fc.property(types, fc.constantFrom('none', 'gzip'), (own, compression) => {
      const edits = own.map((layer) => ({ ...layer, digest: digestOf(bytesOf(layer.digest)), compression }))
      const options = { config: CONFIG_BYTES, layers: edits }
      const converted = parseAnyManifest(convertImage(docker(own), { to: OCI_MANIFEST, ...options }).manifest)
      const type = compression === 'none' ? OCI_LAYER_TAR : OCI_LAYER_GZIP
      expect(converted).toMatchObject({
        layers: edits.map(({ digest: made, size }) => ({ mediaType: type, digest: made, size })),
      })
    }),
  )
})

test('whatever a config holds, nothing but an ImageError is thrown', () => {
  const keys = fc.constantFrom(
    'created',
    'history',
    'rootfs',
    'config',
    'os',
    'os.features',
    'docker_version',
    '__proto__',
  )
  const inner = fc.dictionary(
    fc.constantFrom('created', 'Cmd', 'Labels', 'diff_ids', 'empty_layer', 'Tty'),
    fc.jsonValue(),
  )
  const values = fc.oneof(fc.jsonValue(), inner, fc.array(inner, { maxLength: 3 }))
  fc.assert(
    fc.property(fc.dictionary(keys, values, { noNullPrototype: true }), (document) => {
      const config = bytesOf(document)
      const own = { ...DOCKER.config, digest: digestOf(config), size: config.byteLength }
      for (const to of [OCI_MANIFEST, DOCKER_SCHEMA1]) {
        const source = manifestBytes({ ...DOCKER, config: own, layers: [] })
        expect(OUTCOMES).toContain(outcome(() => convertImage(source, { to, config })))
      }
      const v1Compatibility = JSON.stringify({ ...document, id: SCHEMA1_ID })
      const schema1 = manifestBytes({ ...SCHEMA1, history: [{ v1Compatibility }] }, DOCKER_SCHEMA1)
      const layers = [{ digest: digest('1'), size: 5 }]
      const options = { to: OCI_MANIFEST, layers, diffIds: [digest('d')] }
      expect(OUTCOMES).toContain(outcome(() => convertImage(schema1, options)))
    }),
  )
})
