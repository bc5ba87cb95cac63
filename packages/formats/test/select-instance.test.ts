import type { Descriptor } from '@crossdock/core'
import { expect, test } from 'vitest'
import {
  type ImageIndex,
  parseManifest,
  parsePlatform,
  parsePlatformPattern,
  selectInstance,
  selectInstances,
} from '../src/index.ts'
import { runnableVariants } from '../src/platform-variants.ts'
import { digest, manifestBytes, outcome } from './documents.ts'
import choices from './fixtures/instance-choices.json' with { type: 'json' }
import matcher from './fixtures/platform-matcher.json' with { type: 'json' }

const DOCKER = 'application/vnd.docker.distribution.manifest.v2+json'
const OCI = 'application/vnd.oci.image.manifest.v1+json'

/** Entries as `architecture[/variant] digest [zstd]`, all linux; `-` for one without platform. */
function entries(mediaType: string, rows: readonly string[]): readonly object[] {
  return rows.map((row) => {
    const [platform = '', hex = '', zstd] = row.split(' ')
    const [architecture, variant] = platform.split('/')
    return {
      mediaType,
      size: 500,
      digest: `sha256:${hex.length === 1 ? hex.repeat(64) : hex}`,
      ...(architecture !== '-' && {
        platform: { os: 'linux', architecture, ...(variant !== undefined && { variant }) },
      }),
      ...(zstd !== undefined && { annotations: { 'io.github.containers.compression.zstd': 'true' } }),
    }
  })
}

function index(manifests: readonly object[], mediaType = 'application/vnd.oci.image.index.v1+json'): ImageIndex {
  const parsed = parseManifest(manifestBytes({ schemaVersion: 2, mediaType, manifests }))
  if (parsed.kind !== 'index') throw new Error('not an index')
  return parsed
}

const LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
const AMD64 = '59eec8837a4d942cc19a52b8c09ea75121acc38114a2c68b98983ce9356b8610'
const ARM_V6 = 'f365626a556e58189fc21d099fc64603db0f440bff07f77c740989515c544a39'
const ARM_ODD = 'bcf9771c0b505e68c65440474179592ffdfa98790eb54ffbf129969c5e429990'
const ARM = 'c84b0a3a07b628bc4d62e5047d0f8dff80f7c00979e1e28a821a033ecda8fe53'

/** The indexes that the choices are about, in the order of their entries. */
const INDEXES: Readonly<Record<string, ImageIndex>> = {
  'schema2list.json': index(
    entries(DOCKER, [
      'amd64 030fcb92e1487b18c974784dcc110a93147c9fc402188370fbfd17efabffc6af',
      's390x e5aa1b0a24620228b75382997a0977f609b3ca3a95533dafdef84c74cc8df642',
      'arm/v7 b5dbad4bdb4444d919294afe49a095c23e86782f98cdf0aa286198ddb814b50b',
      'arm64 dc472a59fb006797aa2a6bfb54cc9c57959bb0a6d11fadaa608df8c16dea39cf',
    ]),
    LIST,
  ),
  'schema2list-variants.json': index(
    entries(DOCKER, [`amd64 ${AMD64}`, `arm/v6 ${ARM_V6}`, `arm/unrecognized-present ${ARM_ODD}`, `arm ${ARM}`]),
    LIST,
  ),
  'oci1index.json': index(
    entries(OCI, [
      'ppc64le e692418e4cbaf90ca69d05a66403747baa33ee08806650b51fab815ad7fc331f',
      'amd64 5b0bcabd1ed22e9fb1310cf6c2dec7cdef19f0ad69efa1f392e94a4333501270',
    ]),
  ),
  'oci1.index.zstd-selection.json': index(
    entries(OCI, ['amd64 a', 'amd64 b zstd', 'arm64 c', 'arm64 d', 's390x e', 'amd64 0 zstd']),
  ),
  'ocilist-variants.json': index(
    entries(OCI, [
      `amd64 ${AMD64}`,
      'arm/v7 e',
      'arm/v6 d',
      `arm/v6 ${ARM_V6} zstd`,
      `arm/unrecognized-present ${ARM_ODD}`,
      `arm ${ARM}`,
    ]),
  ),
  'oci1.index.zstd-selection2.json': index(
    entries(OCI, [
      'amd64 a',
      'amd64 b',
      'amd64 c zstd',
      'arm64 1c98002b30a71b08ab175915ce7c8fb8da9e9b502ae082d6f0c572bac9dee324 zstd',
      '- c76757bb6006babdd8464dbf2f1157fdfa6fead0bc6f84f15816a32d6f68f706',
      '- f2f5f52a2cf2c51d4cac6df0545f751c0adc3f3427eb47c59fcb32894503e18f zstd',
      '- 4612d27c6875f1dd3c28869dfd33c7be24f838261403cfb7940b76b6fd6ea4e2',
      'arm64 6dc14a60d2ba724646cfbf5fccbb9a618a5978a64a352e060b17caf5e005da9d',
      'amd64 d',
      'amd64 e zstd',
    ]),
  ),
}

test.each(choices)(
  '$list for $architecture "$variant", $prefer preferred',
  ({ list, architecture, variant, prefer, chosen: expected }) => {
    const found = INDEXES[list]
    if (found === undefined) throw new Error(`no such index: ${list}`)
    const options = { prefer: prefer === 'gzip' ? ('gzip' as const) : ('zstd' as const) }
    const choose = () => selectInstance(found, { os: 'linux', architecture, variant }, options).digest
    expect(outcome(choose) === 'NOT_FOUND' ? null : choose()).toBe(expected)
  },
)

const wanted = (matcher.TestWantedPlatforms[0]?.rows ?? []).map((row) => ({
  architecture: row.ctx.ArchitectureChoice,
  variant: 'VariantChoice' in row.ctx ? row.ctx.VariantChoice : undefined,
  expected: row.expected.map(({ Variant }) => Variant),
}))

test.each(wanted)('$architecture "$variant" runs $expected', ({ architecture, variant, expected }) => {
  expect(runnableVariants({ os: 'linux', architecture, variant })).toEqual(expected)
})

test.each([
  ['amd64', 'v3', ['v3', 'v2', '']],
  ['arm64', 'v8.2', ['v8.2', 'v8.1', 'v8', '']],
  ['arm64', 'v9', ['v9', 'v8.5', 'v8.4', 'v8.3', 'v8.2', 'v8.1', 'v8', '']],
  ['arm', 'v4', ['v4', '']],
  ['riscv64', 'rva20u64', ['rva20u64', '']],
])('%s %s runs %j', (architecture, variant, expected) => {
  expect(runnableVariants({ os: 'linux', architecture, variant })).toEqual(expected)
})

function child(character: string, platform: string | undefined, more: object = {}): Descriptor {
  return {
    mediaType: OCI,
    size: 500,
    digest: digest(character),
    ...(platform !== undefined && { platform: parsePlatform(platform) }),
    ...more,
  }
}

function attestation(character: string, about: string): Descriptor {
  return child(character, 'unknown/unknown', {
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': digest(about) },
  })
}

const BUILT = index([
  child('a', 'linux/amd64'),
  child('b', 'linux/arm64/v8'),
  child('c', 'linux/arm/v6'),
  child('d', 'windows(10.0.17763)/amd64'),
  child('e', 'windows(10.0.20348)/amd64'),
  attestation('1', 'a'),
  attestation('2', 'b'),
  attestation('3', '9'),
])

function chosen(found: ImageIndex, ...patterns: readonly string[]): string {
  return selectInstances(
    found,
    patterns.map((text) => parsePlatformPattern(text)),
  )
    .map(({ digest: name }) => name.slice(-1))
    .join('')
}

test('attestations come along with what they are about, and with nothing else', () => {
  expect(chosen(BUILT, 'linux/amd64')).toBe('a1')
  expect(chosen(BUILT, 'linux/arm64', 'linux/amd64', 'linux/amd64')).toBe('ab12')
  expect(chosen(BUILT, 'linux/*')).toBe('abc12')
  expect(chosen(BUILT, '*')).toBe('abcde12')
  expect(chosen(BUILT, '*/amd64')).toBe('ade1')
  expect(chosen(BUILT, 'windows/amd64')).toBe('de')
})

test('an attestation is known by its annotation, whatever its platform', () => {
  const odd = { ...attestation('1', '9'), platform: parsePlatform('linux/amd64') }
  const bare = child('2', undefined, { annotations: odd.annotations })
  expect(chosen(index([child('a', 'linux/amd64'), odd, bare]), '*')).toBe('a')
  expect(chosen(index([child('a', 'linux/amd64'), odd, bare]), 'linux/amd64')).toBe('a')
})

test('the better variant counts for more than the compression', () => {
  const zstd = { annotations: { 'io.github.containers.compression.zstd': 'true' } }
  const found = index([child('a', 'linux/arm/v6', zstd), child('b', 'linux/arm/v7')])
  expect(selectInstance(found, parsePlatform('linux/arm/v7')).digest).toBe(digest('b'))
})

test('a pattern for one platform takes the nearest instance that runs there', () => {
  expect(chosen(BUILT, 'linux/arm/v7')).toBe('c')
  expect(chosen(index([child('a', 'linux/arm/v6'), child('b', 'linux/arm/v7')]), 'linux/arm/v7')).toBe('b')
  expect(chosen(index([child('a', undefined)]), 'linux/arm/v7')).toBe('a')
})

test('a pattern that matches nothing is named, with what there is', () => {
  expect(() => chosen(BUILT, 'linux/amd64', 'linux/s390x')).toThrow(
    'the index has no image for linux/s390x; available: linux/amd64, linux/arm64/v8, linux/arm/v6, ' +
      'windows(10.0.17763)/amd64, windows(10.0.20348)/amd64',
  )
  expect(() => chosen(BUILT, 'freebsd/*')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  expect(() => selectInstance(BUILT, parsePlatform('linux/riscv64'))).toThrow(
    /no image for linux\/riscv64; available: linux\/amd64, /,
  )
  expect(() => selectInstance(index([]), parsePlatform('linux/amd64'))).toThrow(/none of its entries names a platform/)
  const many = index(Array.from({ length: 100 }, (_, number) => child('a', `linux/cpu${number}`)))
  expect(() => selectInstance(many, parsePlatform('linux/amd64'))).toThrow(/linux\/cpu39 and 60 more$/)
})

test('an entry without platform is the last resort; attestations, artifacts and unknown types never are', () => {
  const nested = child('b', undefined, { mediaType: 'application/vnd.oci.image.index.v1+json' })
  const platform = parsePlatform('linux/s390x')
  expect(selectInstance(index([attestation('1', 'a'), nested, child('c', 'linux/s390x')]), platform).digest).toBe(
    digest('c'),
  )
  expect(selectInstance(index([attestation('1', 'a'), child('a', 'linux/amd64'), nested]), platform).digest).toBe(
    digest('b'),
  )
  for (const never of [
    attestation('1', 'a'),
    child('a', 'unknown/unknown'),
    child('a', undefined, { artifactType: 'application/vnd.acme.sbom' }),
    child('a', undefined, { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }),
    child('a', 'linux/s390x', { mediaType: 'application/customized.manifest+json' }),
  ]) {
    expect(() => selectInstance(index([never]), platform)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
  }
  expect(() => selectInstance(index([child('a', 'unknown/unknown')]), parsePlatform('unknown/unknown'))).toThrow(
    /no image/,
  )
})

test('other names of a platform in the index are understood, and an empty platform is none', () => {
  const raw = index([
    { ...child('a', undefined), platform: { os: 'Linux', architecture: 'aarch64' } },
    { ...child('b', undefined), platform: { os: '', architecture: '' } },
  ])
  expect(selectInstance(raw, parsePlatform('linux/arm64')).digest).toBe(digest('a'))
  expect(selectInstance(raw, parsePlatform('linux/s390x')).digest).toBe(digest('b'))
})
