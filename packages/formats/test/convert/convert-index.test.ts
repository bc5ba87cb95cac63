import { type Descriptor, type Digest, parseDigest } from '@crossdock/core'
import { expect, test } from 'vitest'
import {
  convertIndex,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  hostPlatform,
  OCI_INDEX,
  OCI_MANIFEST,
  parseManifest,
  ZSTD_INSTANCE,
} from '../../src/index.ts'
import { CHILD, digest, IMAGE, INDEX, manifestBytes } from '../documents.ts'
import recorded from '../fixtures/conversions.json' with { type: 'json' }

type Instances = ReadonlyMap<Digest, Pick<Descriptor, 'mediaType' | 'digest' | 'size'>>

function instancesOf(row: (typeof recorded.indexes)[number]): Instances {
  return new Map(
    Object.entries(row.instances).map(([old, now]) => [parseDigest(old), { ...now, digest: parseDigest(now.digest) }]),
  )
}

test.each(recorded.indexes)('as skopeo: $name', (row) => {
  const source = manifestBytes(row.manifest)
  const platform = { os: 'linux', architecture: 'amd64' }
  const { manifest } = convertIndex(source, { to: row.to, instances: instancesOf(row), platform })
  expect(new TextDecoder().decode(manifest.bytes)).toBe(row.written)
  expect(manifest.digest).toBe(row.digest)
  expect(parseManifest(manifest)).toMatchObject({ kind: 'index', mediaType: row.to })
})

const LIST = {
  schemaVersion: 2,
  mediaType: DOCKER_MANIFEST_LIST,
  manifests: [
    { ...CHILD, mediaType: DOCKER_MANIFEST, platform: { os: 'linux', architecture: 'amd64', features: ['sse4'] } },
  ],
}

test('nothing to change gives the very same bytes', () => {
  const own = { mediaType: CHILD.mediaType, digest: CHILD.digest, size: CHILD.size }
  for (const source of [manifestBytes({ ...INDEX, unknown: 1 }), manifestBytes({ ...LIST, unknown: 1 })]) {
    const to = parseManifest(source).mediaType
    const type = to === OCI_INDEX ? OCI_MANIFEST : DOCKER_MANIFEST
    expect(convertIndex(source, { to }).manifest).toBe(source)
    const instances = new Map([[CHILD.digest, { ...own, mediaType: type }]])
    expect(convertIndex(source, { to, instances }).manifest).toBe(source)
    expect(convertIndex(source, { to, instances: new Map([[digest('f'), own]]) }).manifest).toBe(source)
  }
})

test('every entry of a digest is replaced, and an index says that an instance is in zstd', () => {
  const index = manifestBytes({ ...INDEX, manifests: [CHILD, { ...CHILD, annotations: { a: 'b' } }] })
  const now = { mediaType: OCI_MANIFEST, digest: digest('b'), size: 9, annotations: { [ZSTD_INSTANCE]: 'true' } }
  const { manifest } = convertIndex(index, { to: OCI_INDEX, instances: new Map([[CHILD.digest, now]]) })
  expect(parseManifest(manifest)).toMatchObject({
    manifests: [
      { ...now, platform: CHILD.platform },
      { ...now, annotations: { a: 'b', [ZSTD_INSTANCE]: 'true' } },
    ],
  })
  // A list has no place for it.
  const list = convertIndex(manifestBytes(LIST), { to: OCI_INDEX, instances: new Map([[CHILD.digest, now]]) })
  expect(new TextDecoder().decode(list.manifest.bytes)).not.toContain('annotations')
  const same = { ...now, mediaType: DOCKER_MANIFEST, digest: CHILD.digest, size: CHILD.size }
  const kept = convertIndex(manifestBytes(LIST), {
    to: DOCKER_MANIFEST_LIST,
    instances: new Map([[CHILD.digest, same]]),
  })
  expect(kept.manifest).toEqual(manifestBytes(LIST, ''))
})

test('a list needs a platform for each entry: that of this machine if nothing else is said', () => {
  const source = manifestBytes({ ...INDEX, manifests: [{ ...CHILD, platform: undefined }] })
  const { manifest } = convertIndex(source, { to: DOCKER_MANIFEST_LIST })
  expect(parseManifest(manifest)).toMatchObject({ manifests: [{ platform: hostPlatform() }] })
  const arm = { os: 'linux', architecture: 'arm', variant: 'v7' }
  expect(parseManifest(convertIndex(source, { to: DOCKER_MANIFEST_LIST, platform: arm }).manifest)).toMatchObject({
    manifests: [{ platform: arm }],
  })
})

test('what is lost is told', () => {
  const subject = { mediaType: OCI_MANIFEST, digest: digest('5'), size: 3 }
  const manifests = [
    { ...CHILD, annotations: { a: 'b' } },
    { ...CHILD, digest: digest('b'), platform: undefined },
  ]
  const index = { ...INDEX, annotations: { a: 'b' }, subject, artifactType: 'a/b', manifests }
  const platform = { os: 'linux', architecture: 'arm' }
  expect(convertIndex(manifestBytes(index), { to: DOCKER_MANIFEST_LIST, platform }).lost).toEqual([
    'the annotations of the index',
    'the annotations of 1 of its entries',
    `its subject ${digest('5')}: it is no referrer any more`,
    'its artifact type "a/b"',
    'that 1 of its entries say no platform: they say linux/arm now',
  ])
  expect(convertIndex(manifestBytes(LIST), { to: OCI_INDEX }).lost).toEqual([
    'the CPU features that its entries ask for',
  ])
})

test.each([
  [
    'an index in an index',
    { ...INDEX, manifests: [{ ...CHILD, mediaType: OCI_INDEX }] },
    DOCKER_MANIFEST_LIST,
    OCI_INDEX,
  ],
  ['an artifact', { ...INDEX, manifests: [{ ...CHILD, artifactType: 'a/b' }] }, DOCKER_MANIFEST_LIST, 'a/b'],
  ['a blob', { ...LIST, manifests: [{ ...CHILD, mediaType: 'a/b' }] }, OCI_INDEX, 'a/b'],
  ['no index', IMAGE, OCI_INDEX, 'convertImage takes it'],
  ['an index to an image', INDEX, OCI_MANIFEST, 'cannot become'],
])('refused: %s', (_, document, to, message) => {
  expect(() => convertIndex(manifestBytes(document), { to })).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining(message) }),
  )
})
