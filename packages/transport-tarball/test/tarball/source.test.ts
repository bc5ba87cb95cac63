import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { bytesBody, type Descriptor, type ImageSource } from '@crossdock/core'
import { hostPlatform } from '@crossdock/formats'
import { randomBytes, testArtifact } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { tarballTransport } from '../../src/index.ts'
import { openSource, type OpenOptions } from '../../src/tarball/source.ts'
import { resolveTarballOptions } from '../../src/options.ts'
import { fileOf, fixture, sha256, tarOf } from '../archives.ts'
import { bytesOf, readImage } from '../read-image.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const transport = tarballTransport()
const plain = tarOf([{ path: 'etc/motd', content: 'hello\n' }])
const other = tarOf([{ path: 'usr/', kind: '5' }])
const OCI_TAR = 'application/vnd.oci.image.layer.v1.tar'

describe('tar files as an image', () => {
  it('are its layers, from the base up, packed as they are', async () => {
    const contents = [plain, gzipSync(other), zstdCompressSync(plain)]
    const files = await Promise.all(contents.map((bytes) => fileOf(bytes, 'any-name')))
    const image = await readImage(transport.parseReference(files.join(':')))
    expect(image.layers.map((bytes, place) => bytes.equals(contents[place]!))).toEqual([true, true, true])
    expect(image.parsed.layers.map(({ mediaType }) => mediaType)).toEqual([
      OCI_TAR,
      `${OCI_TAR}+gzip`,
      `${OCI_TAR}+zstd`,
    ])
    expect(image.diffIds).toEqual([plain, other, plain].map(sha256))
    expect(image.rangeReads).toBe(true)
  })

  it('of others: a layer in zstd', async () => {
    const image = await readImage(transport.parseReference(fixture('content.tar.zst')))
    expect(image.diffIds).toEqual(['sha256:3610aa5267a210147ba6ca02cdd87610dfc08522de9c5f5015edd8ee14853fd8'])
  })

  it('make the same image wherever they lie and whenever it is made', async () => {
    const digests = new Set<string>()
    for (let round = 0; round < 3; round += 1) {
      digests.add((await readImage(transport.parseReference(await fileOf(plain, `layer-${round}`)))).manifest.digest)
    }
    expect(digests.size).toBe(1)
  })

  it('make an image for linux on this machine’s processor, with nothing else in its config', async () => {
    const image = await readImage(transport.parseReference(await fileOf(plain)))
    const rootfs = { type: 'layers', diff_ids: [sha256(plain)] }
    expect(JSON.parse(image.config.toString())).toEqual({ ...hostPlatform(), rootfs })
    expect(image.parsed.annotations).toEqual({})
  })

  it('get a config and annotations by options', async () => {
    const config = { architecture: 's390x', author: 'me', config: { Cmd: ['/bin/sh'] }, rootfs: 'is made' }
    const made = tarballTransport({ config, annotations: { 'com.example.a': 'b' } })
    const image = await readImage(made.parseReference(await fileOf(plain)))
    const rootfs = { type: 'layers', diff_ids: [sha256(plain)] }
    expect(JSON.parse(image.config.toString())).toEqual({ os: 'linux', ...config, rootfs })
    expect({ ...image.parsed.annotations }).toEqual({ 'com.example.a': 'b' })
    const bad = tarballTransport({ config: { config: { Env: 1 } } }).parseReference(await fileOf(plain))
    await expect(bad.openSource()).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining('Env'),
    })
  })

  it('twice are one blob', async () => {
    const file = await fileOf(plain)
    const image = await readImage(transport.parseReference(`${file}:${file}`))
    expect(image.diffIds).toEqual([sha256(plain), sha256(plain)])
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /is no tar archive/],
    ['text', Buffer.from('hello '.repeat(500)), /is no tar archive/],
    ['a little text', Buffer.from('hello'), /is no tar archive/],
    ['random bytes', randomBytes(5000, 'x'), /is no tar archive/],
    ['packed text', gzipSync('hello '.repeat(500)), /is no tar archive/],
    ['a packed nothing', gzipSync(''), /is no tar archive/],
    ['a packing that is cut', gzipSync(plain).subarray(0, -10), /archive.tar/],
    ['a document', testArtifact().root.bytes, /is no tar archive/],
  ])('are no image if one is %s', async (_, bytes, message) => {
    const [good, bad] = [await fileOf(plain, 'good.tar'), await fileOf(bytes)]
    await expect(transport.parseReference(`${good}:${bad}`).openSource()).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringMatching(message),
    })
  })

  it('that are missing or too large are named', async () => {
    await expect(transport.parseReference('/absent.tar').openSource()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('/absent.tar'),
    })
    const file = await fileOf(gzipSync(tarOf([{ path: 'x', content: Buffer.alloc(100_000) }])))
    await expect(
      tarballTransport({ maxUnpackedBytes: 50_000 }).parseReference(file).openSource(),
    ).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining(file),
    })
  })

  it('that became shorter are found out when they are read', async () => {
    const file = join(await temporaryFolder(), 'a.tar')
    await writeFile(file, plain)
    await using source = await transport.parseReference(file).openSource()
    await writeFile(file, other)
    const [layer] = (await manifestOf(source)).layers
    await expect(bytesOf(await source.getBlob(layer))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(file),
    })
  })
})

async function manifestOf(source: ImageSource): Promise<{ readonly layers: readonly [Descriptor] }> {
  const { bytes } = await source.getManifest()
  return JSON.parse(Buffer.from(bytes).toString()) as { layers: [Descriptor] }
}

function openStdin(bytes: Uint8Array, limit?: number): Promise<ImageSource> {
  const reference = transport.parseReference('-')
  const options = resolveTarballOptions({ maxUnpackedBytes: limit })
  const opened: OpenOptions = { reference, files: reference.files, options, stdin: () => bytesBody(bytes).open() }
  return openSource(opened)
}

describe('standard input as an image', () => {
  it.each([
    ['plain', plain, OCI_TAR],
    ['gzip', gzipSync(plain), `${OCI_TAR}+gzip`],
  ])('is read once and given as often as wanted: %s', async (_, bytes, mediaType) => {
    await using source = await openStdin(bytes)
    const { layers } = await manifestOf(source)
    expect(layers).toEqual([{ mediaType, digest: sha256(bytes), size: bytes.byteLength }])
    for (let round = 0; round < 2; round += 1) {
      expect((await bytesOf(await source.getBlob(layers[0]))).equals(bytes)).toBe(true)
    }
  })

  it('is refused beyond the limit, and if it is no tar', async () => {
    await expect(openStdin(plain, 1000)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('standard input'),
    })
    await expect(openStdin(Buffer.from('x'))).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })
})
