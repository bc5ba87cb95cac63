import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { bytesAccess, indexTar, readTar } from '@crossdock/archive'
import { bytesBody, type ImageReference, type ProgressEvent } from '@crossdock/core'
import { testImage, type TestImage, type TestImageOptions } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { aciTransport } from '../../src/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { aciBytes, aciFile, APP, LINUX, textFile } from './archives.ts'
import { bytesOf } from '../read-image.ts'

const transport = aciTransport()

async function newFile(name = 'new.aci'): Promise<string> {
  return join(await temporaryFolder(), name)
}

/** Writes an image and returns what was said. */
async function write(reference: ImageReference, { blobs, root }: TestImage): Promise<readonly string[]> {
  const notes: string[] = []
  const onProgress = (event: ProgressEvent): void => void (event.type === 'note' && notes.push(event.message))
  await using destination = await reference.openDestination!()
  for (const { bytes, descriptor } of blobs) await destination.putBlob(bytesBody(bytes), descriptor)
  await destination.putManifest(root)
  await destination.commit({ onProgress })
  return notes
}

/** Everything that a source gives, as an image to write. */
async function imageIn(reference: ImageReference): Promise<TestImage> {
  await using source = await reference.openSource!()
  const root = await source.getManifest()
  const { config, layers } = JSON.parse(Buffer.from(root.bytes).toString())
  const blobs = []
  for (const descriptor of [config, ...layers]) {
    blobs.push({ descriptor, bytes: await bytesOf(await source.getBlob(descriptor)) })
  }
  return { root, manifests: [root], blobs }
}

async function manifestIn(path: string): Promise<Record<string, unknown>> {
  for await (const { entry, content } of readTar(bytesBody(await readFile(path)).open())) {
    expect(entry.path).toBe('manifest')
    return JSON.parse((await bytesOf(content)).toString())
  }
  throw new Error('this is empty')
}

describe('an image that is written', () => {
  it('is an archive with its manifest first', async () => {
    const path = await newFile()
    const notes = await write(transport.parseReference(path), testImage())
    const { entries } = await indexTar(bytesAccess(await readFile(path)))
    expect(entries.map((entry) => entry.path)).toStrictEqual(['manifest', 'rootfs/', 'rootfs/file-0', 'rootfs/file-1'])
    expect(await manifestIn(path)).toMatchObject({ name: 'new', labels: LINUX, app: { user: '0', group: '0' } })
    expect(notes).toStrictEqual([expect.stringMatching(/ is the App Container Image new, sha512-[0-9a-f]{128}$/)])
    expect((await stat(path)).mode & 0o777).toBe(0o644 & ~process.umask())
  })

  it('is called what the reference says', async () => {
    const path = await newFile()
    await write(transport.parseReference(`${path}:example.com/app:1.0`), testImage())
    const labels = [{ name: 'version', value: '1.0' }, ...LINUX]
    expect(await manifestIn(path)).toMatchObject({ name: 'example.com/app', labels })
  })

  it.each([
    ['My App.aci', 'my_app'],
    ['app', 'app'],
    ['.aci', 'image'],
  ])('is called after %s without a name', async (file, name) => {
    const path = await newFile(file)
    await write(transport.parseReference(path), testImage())
    expect(await manifestIn(path)).toMatchObject({ name })
  })

  it('is the same archive, written again or of Docker documents', async () => {
    const [one, other, docker] = [await newFile(), await newFile(), await newFile()]
    await write(transport.parseReference(one), testImage())
    await write(transport.parseReference(other), testImage())
    await write(transport.parseReference(docker), testImage({ format: 'docker' }))
    expect(await readFile(other)).toStrictEqual(await readFile(one))
    expect(await readFile(docker)).toStrictEqual(await readFile(one))
  })
})

describe('there and back', () => {
  it('gives an archive of ours again, byte for byte', async () => {
    const [first, second] = [await newFile('first.aci'), await newFile('second.aci')]
    await write(transport.parseReference(`${first}:example.com/app:1`), testImage())
    await write(transport.parseReference(second), await imageIn(transport.parseReference(first)))
    expect(await readFile(second)).toStrictEqual(await readFile(first))
  })

  it('keeps the manifest of an archive of others, what OCI has no place for included', async () => {
    const isolators = [{ name: 'os/linux/no-new-privileges', value: true }]
    const manifest = { labels: [...LINUX, { name: 'env', value: 'canary' }], app: { ...APP, isolators } }
    const path = await aciFile(manifest, [
      textFile('b'),
      textFile('a', 'a'),
      { path: 'c', type: 'hardlink', linkName: 'rootfs/a' },
    ])
    const [second, third] = [await newFile(), await newFile()]
    await write(transport.parseReference(second), await imageIn(transport.parseReference(path)))
    expect(await manifestIn(second)).toMatchObject({ name: 'example.com/app', ...manifest })
    await write(transport.parseReference(third), await imageIn(transport.parseReference(second)))
    expect(await readFile(third)).toStrictEqual(await readFile(second))
  })
})

async function refused(options: TestImageOptions): Promise<unknown> {
  const path = await newFile()
  const outcome = await write(transport.parseReference(path), testImage(options)).catch((reason: unknown) => reason)
  expect(await readdir(dirname(path))).toStrictEqual([])
  return outcome
}

describe('what is refused', () => {
  it('are platforms without a name', async () => {
    expect(await refused({ platform: { os: 'linux', architecture: 'riscv64' } })).toMatchObject({ code: 'UNSUPPORTED' })
  })

  it('are packed layers', async () => {
    expect(await refused({ compression: 'gzip' })).toMatchObject({ code: 'INVALID_DATA' })
  })

  it('are manifests whose blobs were not put', async () => {
    await using destination = await transport.parseReference(await newFile()).openDestination()
    const { root, blobs } = testImage()
    await expect(destination.putManifest(root)).rejects.toMatchObject({
      code: 'INVALID_DATA',
      missing: expect.arrayContaining(blobs.map(({ descriptor }) => descriptor.digest)),
    })
    await expect(destination.commit()).rejects.toThrow('there is nothing to commit')
  })

  it('are other bytes than announced', async () => {
    await using destination = await transport.parseReference(await newFile()).openDestination()
    const [{ descriptor }] = testImage().blobs.toReversed() as [TestImage['blobs'][number]]
    const putting = destination.putBlob(bytesBody(new Uint8Array(descriptor.size)), descriptor)
    await expect(putting).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  it('is to write when it is written', async () => {
    const path = await newFile()
    const { blobs, root } = testImage()
    await using destination = await transport.parseReference(path).openDestination()
    for (const { bytes, descriptor } of blobs) await destination.putBlob(bytesBody(bytes), descriptor)
    await destination.putManifest(root)
    await destination.commit()
    await expect(destination.commit()).rejects.toMatchObject({ code: 'CONFLICT' })
  })
})

describe('without a commit', () => {
  it('the file stays what it was, and nothing is beside it', async () => {
    const tmpDir = await temporaryFolder()
    const path = await newFile()
    const before = await aciBytes({ app: APP }, [])
    await writeFile(path, before)
    const destination = await aciTransport({ tmpDir }).parseReference(path).openDestination()
    for (const { bytes, descriptor } of testImage().blobs) await destination.putBlob(bytesBody(bytes), descriptor)
    await destination.putManifest(testImage().root)
    await destination[Symbol.asyncDispose]()
    expect(await readFile(path)).toStrictEqual(before)
    expect([await readdir(dirname(path)), await readdir(tmpDir)]).toStrictEqual([['new.aci'], []])
  })

  it('an abort leaves it so, too', async () => {
    const path = await newFile()
    const { blobs, root } = testImage()
    await using destination = await transport.parseReference(path).openDestination()
    for (const { bytes, descriptor } of blobs) await destination.putBlob(bytesBody(bytes), descriptor)
    await destination.putManifest(root)
    const reason = new Error('enough')
    await expect(destination.commit({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await readdir(dirname(path))).toStrictEqual([])
  })
})
