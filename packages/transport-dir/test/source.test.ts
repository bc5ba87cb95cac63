import { execFileSync } from 'node:child_process'
import { appendFile, cp, mkdir, readdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, digestOf, type ImageSource, MAX_MANIFEST_BYTES, type Signature } from '@crossdock/core'
import { blobsOf, parseManifest } from '@crossdock/formats'
import { rootDescriptor, testImage, testIndex, writeImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { dirTransport } from '../src/index.ts'
import { fileName, readImage } from './content.ts'
import { temporaryFolder } from './temporary-folder.ts'

const dir = dirTransport()

describe('opening', () => {
  it.each([
    ['nothing-there', undefined],
    ['empty', (path: string) => mkdir(path)],
    ['blobs-alone', async (path: string) => [await mkdir(path), await writeFile(join(path, 'version'), V1_1)]],
  ])('%s is NOT_FOUND', async (name, make) => {
    const folder = join(await temporaryFolder(), name)
    await make?.(folder)
    await expect(dir.parseReference(folder).openSource()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(name),
    })
  })

  it('a file is INVALID_DATA', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, 'mine')
    await expect(dir.parseReference(file).openSource()).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })

  it.each([undefined, V1_1, 'Directory Transport Version: 1.1', 'Directory Transport Version: 1.2\r\n'])(
    'takes the version %j',
    async (text) => {
      const { folder, image } = await written()
      await rm(join(folder, 'version'))
      if (text !== undefined) await writeFile(join(folder, 'version'), text)
      expect(await readImage(folder)).toBe(image.root.digest)
    },
  )

  it.each([
    ['Directory Transport Version: 1.3\n', 'UNSUPPORTED', '1.3'],
    ['Directory Transport Version: 1.0\n', 'UNSUPPORTED', '1.0'],
    ['Directory Transport Version: 2.1\n', 'UNSUPPORTED', '2.1'],
    ['Directory Transport Version: 1.10\n', 'UNSUPPORTED', '1.10'],
    ['Directory Transport Version: 999999999.999999999\n', 'UNSUPPORTED', '999999999'],
    ['Directory Transport Version: 1\n', 'INVALID_DATA', 'does not say'],
    ['directory transport version: 1.1\n', 'INVALID_DATA', 'does not say'],
    ['Directory Transport Version: 1.1\n1.1', 'INVALID_DATA', 'does not say'],
    ['0.1.0\n', 'INVALID_DATA', 'does not say'],
    ['', 'INVALID_DATA', 'does not say'],
    ['x'.repeat(2000), 'LIMIT_EXCEEDED', '1024'],
  ])('refuses the version %j', async (text, code, word) => {
    const { folder } = await written()
    await writeFile(join(folder, 'version'), text)
    const refusal = { code, message: expect.stringContaining(word) }
    await expect(dir.parseReference(folder).openSource()).rejects.toMatchObject(refusal)
    await expect(dir.parseReference(folder).openDestination()).rejects.toMatchObject(refusal)
  })

  it('is done under no signal that is aborted already', async () => {
    const { folder, image } = await written()
    const signal = AbortSignal.abort('stop')
    await expect(dir.parseReference(folder).openSource({ signal })).rejects.toBe('stop')
    await using source = await dir.parseReference(folder).openSource()
    await expect(source.getManifest(undefined, { signal })).rejects.toBe('stop')
    await expect(source.getSignatures(undefined, { signal })).rejects.toBe('stop')
    await expect(source.getBlob(image.blobs[0]!.descriptor, { signal })).rejects.toBe('stop')
  })
})

describe('manifests', () => {
  it.each([
    ['nothing', ''],
    ['no JSON at all', 'no JSON at all'],
    ['schema 1', '{"schemaVersion":1}'],
    ['another type', '{"schemaVersion":2,"mediaType":"x/y"}'],
    ['deep', '['.repeat(100_000)],
  ])('are given without a look into them: %s', async (_what, text) => {
    const { folder } = await written()
    await writeFile(join(folder, 'manifest.json'), text)
    await using source = await dir.parseReference(folder).openSource()
    const { bytes, mediaType, digest } = await source.getManifest()
    expect(Buffer.from(bytes).toString()).toBe(text)
    expect(mediaType).toBe('')
    expect(digest).toBe(digestOf(Buffer.from(text)))
  })

  it('are the same after another image was written', async () => {
    const { folder, image } = await written()
    await using source = await dir.parseReference(folder).openSource()
    await writeImage(dir.parseReference(folder), testImage({ seed: 'other' }))
    expect((await source.getManifest()).digest).toBe(image.root.digest)
  })

  it('are found by digest, the top by that of any algorithm', async () => {
    const folder = await temporaryFolder()
    const image = testIndex()
    await writeImage(dir.parseReference(folder), image)
    await using source = await dir.parseReference(folder).openSource()
    for (const { digest, bytes } of image.manifests) {
      expect(await source.getManifest(digest)).toMatchObject({ digest, bytes: Buffer.from(bytes) })
    }
    const other = digestOf(image.root.bytes, 'sha512')
    expect(await source.getManifest(other)).toMatchObject({ digest: other, bytes: Buffer.from(image.root.bytes) })
    const [blob] = image.blobs
    await expect(source.getManifest(blob!.descriptor.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(source.getManifest(digestOf(new Uint8Array(1), 'sha512'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it.each([
    ['a byte more', (path: string) => appendFile(path, ' ')],
    ['a byte less', (path: string) => truncate(path, 10)],
    ['nothing', (path: string) => truncate(path, 0)],
  ])('under a digest are refused with %s', async (_what, damage) => {
    const folder = await temporaryFolder()
    const image = testIndex()
    await writeImage(dir.parseReference(folder), image)
    const { digest } = image.manifests[0]!
    await damage(join(folder, `${fileName(digest)}.manifest.json`))
    await using source = await dir.parseReference(folder).openSource()
    await expect(source.getManifest(digest)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(digest),
    })
  })

  it('are not read over 4 MiB', async () => {
    const folder = await temporaryFolder()
    const image = testIndex()
    await writeImage(dir.parseReference(folder), image)
    const { digest } = image.manifests[0]!
    await truncate(join(folder, `${fileName(digest)}.manifest.json`), MAX_MANIFEST_BYTES + 1)
    {
      await using source = await dir.parseReference(folder).openSource()
      await expect(source.getManifest(digest)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    }
    await truncate(join(folder, 'manifest.json'), MAX_MANIFEST_BYTES + 1)
    await expect(dir.parseReference(folder).openSource()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})

describe('blobs', () => {
  it('that are missing or of another size are refused before a byte is read', async () => {
    const { folder, image } = await written()
    const { descriptor } = image.blobs[0]!
    await using source = await dir.parseReference(folder).openSource()
    for (const size of [0, descriptor.size - 1, 2 ** 52]) {
      await expect(source.getBlob({ ...descriptor, size })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    }
    await rm(join(folder, fileName(descriptor.digest)))
    await expect(source.getBlob(descriptor)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('signatures', () => {
  it('are those whose numbers follow each other', async () => {
    const { folder } = await written()
    for (const number of [1, 2, 4]) await writeFile(join(folder, `signature-${number}`), Buffer.of(0x90, number))
    await using source = await dir.parseReference(folder).openSource()
    expect(await source.getSignatures()).toEqual([1, 2].map((number) => simple(number)))
  })

  it('of an instance are its own', async () => {
    const folder = await temporaryFolder()
    const image = testIndex()
    await writeImage(dir.parseReference(folder), image)
    const [first, second] = image.manifests
    await writeFile(join(folder, 'signature-1'), Buffer.of(0x90, 1))
    await writeFile(join(folder, `${fileName(first!.digest)}.signature-1`), Buffer.of(0x90, 2))
    await using source = await dir.parseReference(folder).openSource()
    expect(await source.getSignatures()).toEqual([simple(1)])
    expect(await source.getSignatures(image.root.digest)).toEqual([simple(1)])
    expect(await source.getSignatures(digestOf(image.root.bytes, 'sha512'))).toEqual([simple(1)])
    expect(await source.getSignatures(first!.digest)).toEqual([simple(2)])
    expect(await source.getSignatures(second!.digest)).toEqual([])
  })

  it('are refused when they are none, too large or too many', async () => {
    const { folder } = await written()
    await using source = await dir.parseReference(folder).openSource()
    const first = join(folder, 'signature-1')
    await writeFile(first, 'no signature')
    const read = (): Promise<readonly Signature[]> => source.getSignatures()
    await expect(read()).rejects.toMatchObject({ code: 'INVALID_DATA', message: expect.stringContaining(first) })
    await writeFile(first, Buffer.of(0x90))
    await truncate(first, 4 * 1024 * 1024 + 1)
    await expect(read()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    for (let number = 1; number <= 128; number++) await writeFile(join(folder, `signature-${number}`), Buffer.of(0x90))
    expect(await read()).toHaveLength(128)
    await writeFile(join(folder, 'signature-129'), Buffer.of(0x90))
    await expect(read()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})

describe.skipIf(process.platform === 'win32')('special files', () => {
  it.each([
    ['a pipe', (path: string) => execFileSync('sh', ['-c', 'mkfifo "$0"', path])],
    ['a folder', (path: string) => mkdir(path)],
    ['a link to a device', (path: string) => symlink('/dev/zero', path)],
    ['a link to itself', (path: string) => symlink(path, path)],
    ['a link to the file', (path: string) => symlink(`${path}.aside`, path)],
  ])('%s in place of a file is refused at once', async (_what, plant) => {
    const folder = await temporaryFolder()
    const image = testIndex()
    await writeImage(dir.parseReference(folder), image)
    await writeFile(join(folder, 'signature-1'), Buffer.of(0x90))
    const read = async (): Promise<void> => {
      await using source = await dir.parseReference(folder).openSource()
      await readAll(source, (await source.getManifest()).digest)
      await source.getSignatures()
    }
    const names = (await readdir(folder)).filter((name) => name !== '.crossdock')
    expect(names).toHaveLength(9)
    for (const name of names) {
      const path = join(folder, name)
      await rename(path, `${path}.aside`)
      await plant(path)
      await expect(read()).rejects.toMatchObject({ code: 'INVALID_DATA', message: expect.stringContaining(path) })
      await rm(path, { recursive: true })
      await rename(`${path}.aside`, path)
    }
    await read()
  })

  it('the folder itself may be a link', async () => {
    const { folder, image } = await written()
    const link = join(await temporaryFolder(), 'link')
    await symlink(folder, link)
    expect(await readImage(link)).toBe(image.root.digest)
  })
})

it('reads a folder that was copied without our own files', async () => {
  const { folder, image } = await written()
  const copied = join(await temporaryFolder(), 'copied')
  await cp(folder, copied, { recursive: true, filter: (path) => !path.includes('.crossdock') })
  expect(await readImage(copied)).toBe(image.root.digest)
  await using destination = await dir.parseReference(copied).openDestination()
  expect(await destination.hasManifest?.(rootDescriptor(image))).toBe(true)
})

const V1_1 = 'Directory Transport Version: 1.1\n'

async function written() {
  const folder = await temporaryFolder()
  const image = testImage()
  await writeImage(dir.parseReference(folder), image)
  return { folder, image }
}

function simple(second: number): Signature {
  return { format: 'simple', bytes: Buffer.of(0x90, second) }
}

async function readAll(source: ImageSource, digest: Digest): Promise<void> {
  const manifest = parseManifest(await source.getManifest(digest))
  if (manifest.kind === 'index') for (const child of manifest.manifests) await readAll(source, child.digest)
  for (const blob of blobsOf(manifest)) await (await source.getBlob(blob))[Symbol.asyncDispose]()
}
