import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { digestOf } from '@crossdock/core'
import { dockerArchiveTransport, ociArchiveTransport } from '../src/index.ts'
import { fileOf, fixture, readFixture } from './archives.ts'
import { collect, readImage } from './read-image.ts'

const docker = dockerArchiveTransport()
const oci = ociArchiveTransport()

/** What is known of the images beforehand: the digest of the config, the diff IDs. */
const LINKED = 'sha256:8897395fd26dc44ad0e2a834335b33198cb41ac4d98dfddf58eced3853fa7b17'
const TWO = [
  'sha256:2f1fd2337b813d2c17378b6458085d0955ac57ab55c4e8cd2d4160b11be582f1',
  'sha256:747b41e1076ef290b854ed6a223690c429e243a4d9f39738c5bd958fb2f4b43f',
]
const ONE_CONFIG = 'sha256:6e0b05049ed9c17d02e1a55e80d6599dbfcce7f4f4b022e3c673e685789c470e'
const TWO_CONFIG = 'sha256:1a61910efd8eb5b19e4e53de621e59a8d13e1efd61a3a3256ce90306f6cd6976'

describe('docker archives that others wrote', () => {
  it.each([
    ['linuxkit-v1.tar', TWO_CONFIG, TWO, 'gzip'],
    ['linuxkit-v1.tar:one:1', TWO_CONFIG, TWO, 'gzip'],
    ['skopeo-1.9-docker-archive.tar', TWO_CONFIG, TWO, 'plain'],
    ['skopeo-1.22-docker-archive.tar:app:1', TWO_CONFIG, TWO, 'plain'],
    ['test_link.tar:bazel/v1/tarball:test_image_1', ONE_CONFIG, [LINKED], 'plain'],
    [
      'test_link.tar:bazel/v1/tarball:test_image_3',
      'sha256:d4c9adacde69c3d92446e0484cea29493e9fd573cf0c8febfc700d80c46697a4',
      [LINKED, 'sha256:6b617a2706576ed038acdc3aa668cac62010386a5a3d227d83aada32085c9f29'],
      'plain',
    ],
    ['test_bundle.tar:test_image_1', ONE_CONFIG, [LINKED], 'plain'],
    ['test_bundle.tar:@1', ONE_CONFIG, [LINKED], 'plain'],
    [
      'hello-world-v25.tar',
      'sha256:ee301c921b8aadc002973b2e0c3da17d701dcd994b606769a7e6eaa100b81d44',
      ['sha256:12660636fe55438cc3ae7424da7ac56e845cdb52493ff9cf949c47a7f57f8b43'],
      'plain',
    ],
  ])('%s is read, its layers as their diff IDs say', async (name, config, diffIds, kept) => {
    const image = await readImage(docker.parseReference(fixture(name)))
    expect(image.parsed.config.digest).toBe(config)
    expect(image.diffIds).toEqual(diffIds)
    const unpacked = image.layers.map((bytes) => (kept === 'gzip' ? gunzipSync(bytes) : bytes))
    expect(unpacked.map((bytes) => digestOf(bytes))).toEqual(diffIds)
    expect(image.parsed.layers.map(({ mediaType }) => mediaType.endsWith('gzip'))).toEqual(
      diffIds.map(() => kept === 'gzip'),
    )
    expect(image.rangeReads).toBe(true)
  })

  it.each([
    ['test_link.tar', ['bazel/v1/tarball:test_image_1', 'bazel/v1/tarball:test_image_3']],
    ['test_bundle.tar:test_image_1', ['test_image_2', 'test_image_1']],
    // The second name of that archive has a digest: no image can be named so here.
    ['containerd-export-index-amd64.tar', ['multi:1']],
    ['hello-world-v25.tar', []],
  ])('%s lists its names', async (name, names) => {
    expect(await collect(docker.parseReference(fixture(name)).tags())).toEqual(names)
  })

  it.each([
    ['test_link.tar', 'CONFLICT', /holds 2 images; choose one: "bazel.*test_image_1" \(@0\), .*\(@1\)/],
    ['test_link.tar:nobody', 'NOT_FOUND', /no image named docker.io\/library\/nobody:latest; it holds "bazel/],
    ['test_link.tar:@2', 'NOT_FOUND', /places are @0 to @1/],
    ['null_manifest.tar', 'INVALID_DATA', /manifest.json must be a list of images, but is null/],
    ['no_manifest.tar', 'INVALID_DATA', /has no "manifest.json"/],
    ['linuxkit-v1-truncated.tar', 'INVALID_DATA', /has no "manifest.json"/],
    ['before-manifest.tar', 'INVALID_DATA', /has no "manifest.json"/],
    ['linuxkit-oci.tar', 'INVALID_DATA', /read it as oci-archive:/],
    ['README.md', 'INVALID_DATA', /README.md/],
    ['absent.tar', 'NOT_FOUND', /absent.tar.*no such file/],
    ['', 'INVALID_DATA', /a folder/],
  ])('%s is refused with %s', async (name, code, message) => {
    await expect(docker.parseReference(fixture(name)).openSource()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  it.each([
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
  ])('packed as a whole with %s is read', async (_, pack) => {
    const file = await fileOf(pack(await readFixture('linuxkit-v1.tar')))
    expect((await readImage(docker.parseReference(file))).diffIds).toEqual(TWO)
  })
})

describe('OCI archives that others wrote', () => {
  it.each(['skopeo-1.22-oci-archive.tar:app:1', 'skopeo-1.9-oci-archive.tar:app', 'skopeo-1.9-oci-archive.tar'])(
    '%s is read',
    async (name) => {
      expect((await readImage(oci.parseReference(fixture(name)))).diffIds).toEqual(TWO)
    },
  )

  it.each([
    ['linuxkit-oci-index.tar', 'sha256:44add32cd9a92d771a36daa8486fbf06ecb566724efc5bdd09a3549bd10b6dfc', 3],
    ['containerd-export-index-all.tar:1', 'sha256:ea28b3fa62ec433cc414c550b8069fbae018cec84871fc36d1d405032f333d00', 3],
    ['containerd-export-index-amd64.tar', 'sha256:ea28b3fa62ec433cc414c550b8069fbae018cec84871fc36d1d405032f333d00', 3],
  ])('%s holds an index', async (name, digest, count) => {
    await using source = await oci.parseReference(fixture(name)).openSource()
    const manifest = await source.getManifest()
    expect(manifest.digest).toBe(digest)
    const { manifests } = JSON.parse(Buffer.from(manifest.bytes).toString()) as { manifests: unknown[] }
    expect(manifests).toHaveLength(count)
  })

  it('an image of an index is read by its digest', async () => {
    const digest = 'sha256:22834f9226fa5e26f47d291a4539b514775b9ec1fbd7a5c57f0b53b35daabe17'
    const image = await readImage(oci.parseReference(`${fixture('linuxkit-oci-index.tar')}@${digest}`))
    expect(image.manifest.digest).toBe(digest)
  })

  it('an archive that is both is read as either', async () => {
    const file = fixture('containerd-export-index-all.tar')
    await using source = await oci.parseReference(file).openSource()
    expect((await source.getManifest()).mediaType).toBe('application/vnd.oci.image.index.v1+json')
    await using other = await docker.parseReference(file).openSource()
    expect((await other.getManifest()).mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json')
  })

  it.each([
    ['linuxkit-v1.tar', 'INVALID_DATA', /read it as docker-archive:/],
    ['hello-world-v25.tar', 'NOT_FOUND', /lists no image/],
    ['containerd-export-index-all.tar:2', 'NOT_FOUND', /no image named "2"; it lists: "1"/],
    ['containerd-export-index-all.tar:@1', 'NOT_FOUND', /the places are @0 to @0/],
  ])('%s is refused with %s', async (name, code, message) => {
    await expect(oci.parseReference(fixture(name)).openSource()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  it('packed as a whole is read', async () => {
    const bytes = await readFile(fixture('skopeo-1.22-oci-archive.tar'))
    for (const packed of [gzipSync(bytes), zstdCompressSync(bytes)]) {
      expect((await readImage(oci.parseReference(await fileOf(packed)))).diffIds).toEqual(TWO)
    }
  })
})
