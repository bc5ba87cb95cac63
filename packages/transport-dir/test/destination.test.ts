import { execFileSync } from 'node:child_process'
import { readlinkSync, writeFileSync } from 'node:fs'
import {
  lstat,
  mkdir,
  open as openFile,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { thisProcess } from '@crossdock/blob-files'
import {
  bytesBody,
  type Descriptor,
  digestEncoded,
  digestOf,
  type ImageDestination,
  type ManifestBytes,
  type Signature,
} from '@crossdock/core'
import {
  faultyBody,
  putImage,
  randomBytes,
  recordedBody,
  rootDescriptor,
  testArtifact,
  testBlob,
  testImage,
  type TestImage,
  testIndex,
  withReferrers,
  writeImage,
} from '@crossdock/transport-testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { dirTransport, type DirTransportOptions } from '../src/index.ts'
import { fileName, namesIn, namesOf, readImage, strayFiles } from './content.ts'
import { temporaryFolder } from './temporary-folder.ts'

const dir = dirTransport()
const POSIX = process.platform !== 'win32'

describe('a new folder', () => {
  it('is made at the first write, so that opening alone leaves nothing', async () => {
    const folder = join(await temporaryFolder(), 'not/yet/there')
    const image = testIndex()
    await using destination = await open(folder)
    expect(await destination.findBlob?.(image.blobs[0]!.descriptor)).toBeUndefined()
    expect(await destination.reuseBlob?.(image.blobs[0]!.descriptor)).toBeUndefined()
    expect(await destination.hasManifest?.(rootDescriptor(image))).toBe(false)
    await expect(stat(folder)).rejects.toThrow('ENOENT')
    await putImage(destination, image)
    await expect(stat(join(folder, 'manifest.json'))).rejects.toThrow('ENOENT')
    await destination.commit()
    expect(await namesIn(folder)).toEqual(namesOf(image))
    expect(await readFile(join(folder, 'version'), 'utf8')).toBe('Directory Transport Version: 1.1\n')
    expect((await readFile(join(folder, 'manifest.json'))).equals(image.root.bytes)).toBe(true)
    expect(await strayFiles(folder)).toEqual([])
  })

  it('may take the place of an empty one, and of one that was only begun', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, '.crossdock'))
    await writeImage(dir.parseReference(folder), testImage())
    expect(await namesIn(folder)).toEqual(namesOf(testImage()))
  })

  it.runIf(POSIX)('has files that all may read', async () => {
    const folder = await temporaryFolder()
    const previous = process.umask(0o022)
    try {
      await writeSigned(folder, testIndex(), [simple('one')])
      for (const name of await namesIn(folder)) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o644)
    } finally {
      process.umask(previous)
    }
  })

  it('is cleared of what a process that ended left half written', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, '.crossdock'))
    const pid = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).trim()
    await writeFile(join(folder, `.crossdock/new.${pid}-1-${thisProcess().place}.0123456789ab`), 'half')
    await writeImage(dir.parseReference(folder), testImage())
    expect(await strayFiles(folder)).toEqual([])
  })

  it('sweeps when it has committed what others left of its blobs meanwhile', async () => {
    const folder = await temporaryFolder()
    await using destination = await open(folder)
    const image = testImage()
    await putImage(destination, image)
    const { digest } = image.blobs[0]!.descriptor
    await writeFile(join(folder, '.crossdock/partial', `sha256-${digestEncoded(digest)}.kept`), 'x')
    await destination.commit()
    expect(await readdir(join(folder, '.crossdock/partial'))).toEqual([])
  })

  it('says version 1.2 as long as a digest is not sha256', async () => {
    const folder = await temporaryFolder()
    const version = (): Promise<string> => readFile(join(folder, 'version'), 'utf8')
    const image = testImage({ algorithm: 'sha512' })
    await writeImage(dir.parseReference(folder), image)
    expect(await version()).toBe('Directory Transport Version: 1.2\n')
    expect(await namesIn(folder)).toEqual(namesOf(image))
    expect((await namesIn(folder)).filter((name) => name.startsWith('sha512-'))).toHaveLength(3)
    expect(await readImage(folder)).toBe(image.root.digest)
    await writeImage(dir.parseReference(folder), testImage())
    expect(await version()).toBe('Directory Transport Version: 1.1\n')
    expect(await namesIn(folder)).toEqual(namesOf(testImage()))
  })
})

describe('what is in the way', () => {
  it('is left alone: a file, a folder with other files', async () => {
    const folder = await temporaryFolder()
    await writeImage(dir.parseReference(join(folder, 'image')), testImage())
    await rm(join(folder, 'image/version'))
    await writeFile(join(folder, 'file'), 'mine')
    for (const [name, word] of [
      ['file', 'is a file'],
      ['', 'other files'],
      ['image', 'version'],
    ] as const) {
      await expect(open(join(folder, name))).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining(word),
      })
    }
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('mine')
    expect((await readdir(folder)).toSorted()).toEqual(['file', 'image'])
  })

  it('is looked at again at the first write', async () => {
    const folder = await temporaryFolder()
    await using destination = await open(folder)
    await writeFile(join(folder, 'file'), 'mine')
    const { bytes, descriptor } = testImage().blobs[0]!
    await expect(destination.putBlob(bytesBody(bytes), descriptor)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await readdir(folder)).toEqual(['file'])
  })

  it
    .runIf(POSIX)
    .each([
      'version',
      'manifest.json',
      '.crossdock',
      '.crossdock/partial',
      '.crossdock/stamps',
      '.crossdock/unfinished',
    ])('is never written through: a link planted at %s', async (name) => {
    const folder = join(await temporaryFolder(), 'image')
    const target = join(await temporaryFolder(), 'target')
    await writeImage(dir.parseReference(folder), testImage())
    const isFolder = /crossdock$|partial$/.test(name)
    await (isFolder ? mkdir(target) : writeFile(target, 'Directory Transport Version: 1.1\n'))
    await rm(join(folder, name), { recursive: true, force: true })
    await symlink(target, join(folder, name))
    await expect(open(folder)).rejects.toMatchObject({ message: expect.stringMatching(/symbolic link/) })
    expect(isFolder ? await readdir(target) : await readFile(target, 'utf8')).toEqual(
      isFolder ? [] : 'Directory Transport Version: 1.1\n',
    )
    expect(await readlink(join(folder, name))).toBe(target)
  })

  it.runIf(POSIX)('is replaced: links and pipes planted at content', async () => {
    const folder = await temporaryFolder()
    const image = testIndex()
    await writeImage(dir.parseReference(folder), testImage())
    const outside = join(await temporaryFolder(), 'outside')
    await writeFile(outside, 'theirs')
    const [blob, instance, piped] = [image.blobs[0]!.descriptor, image.manifests[0]!, image.manifests[1]!]
    await symlink(outside, join(folder, fileName(blob.digest)))
    await symlink(outside, join(folder, `${fileName(instance.digest)}.manifest.json`))
    await symlink(outside, join(folder, 'signature-1'))
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(folder, `${fileName(piped.digest)}.manifest.json`)])
    {
      await using destination = await open(folder)
      expect(await destination.reuseBlob?.(blob)).toBeUndefined()
      expect(await destination.findBlob?.(blob)).toBeUndefined()
      await putImage(destination, image)
      await destination.putSignatures?.([simple('one')])
      await destination.commit()
    }
    expect(await readImage(folder)).toBe(image.root.digest)
    expect((await lstat(join(folder, 'signature-1'))).isFile()).toBe(true)
    expect(await readFile(outside, 'utf8')).toBe('theirs')
  })
})

describe('another image in the folder', () => {
  it('is whole until the commit, and then all of it is gone but what both have', async () => {
    const folder = await temporaryFolder()
    const [before, after] = [testIndex(), testIndex({ platforms: [{ os: 'linux', architecture: 'amd64' }] })]
    await writeSigned(folder, before, [simple('before')], { instances: true })
    const old = await namesIn(folder)
    await writeFile(join(folder, 'README'), 'theirs')
    await using destination = await open(folder)
    for (const { descriptor } of after.blobs) expect(await destination.reuseBlob?.(descriptor)).toBeDefined()
    await putImage(destination, after)
    expect(await namesIn(folder)).toEqual([...old, 'README'].toSorted())
    expect(await readImage(folder)).toBe(before.root.digest)
    await destination.commit()
    expect(await readImage(folder)).toBe(after.root.digest)
    expect(await namesIn(folder)).toEqual([...namesOf(after), 'README'].toSorted())
    expect(await strayFiles(folder)).toEqual([])
  })

  it('may be what was one of its instances', async () => {
    const folder = await temporaryFolder()
    const index = testIndex()
    await writeSigned(folder, index, [simple('index')], { instances: true })
    const root = index.manifests[0]!
    const image: TestImage = { root, manifests: [root], blobs: index.blobs.slice(0, 2) }
    await writeImage(dir.parseReference(folder), image)
    expect(await namesIn(folder)).toEqual(namesOf(image))
  })

  it('keeps what it reaches when only a part of it is written again', async () => {
    const folder = await temporaryFolder()
    const index = testIndex()
    await writeImage(dir.parseReference(folder), index)
    await using destination = await open(folder)
    await destination.putManifest(index.root)
    await destination.commit()
    expect(await namesIn(folder)).toEqual(namesOf(index))
    expect(await readImage(folder)).toBe(index.root.digest)
  })

  it('takes what nobody came back for in a week with it, and leaves what may be needed yet', async () => {
    const folder = await temporaryFolder()
    await writeImage(dir.parseReference(folder), testImage())
    const [old, young] = [testBlob(randomBytes(10, 'old')), testBlob(randomBytes(10, 'young'))]
    await using abandoned = await open(folder)
    for (const { bytes, descriptor } of [old, young]) await abandoned.putBlob(bytesBody(bytes), descriptor)
    const eightDaysAgo = Date.now() / 1000 - 8 * 24 * 60 * 60
    for (const name of [fileName(old.descriptor.digest), 'version']) {
      await utimes(join(folder, name), eightDaysAgo, eightDaysAgo)
    }
    const image = testImage({ seed: 'newer' })
    await writeImage(dir.parseReference(folder), image)
    expect(await namesIn(folder)).toEqual([...namesOf(image), fileName(young.descriptor.digest)].toSorted())
  })

  it('may be damaged or no image at all', async () => {
    const folder = await temporaryFolder()
    for (const text of ['', '{', '{"schemaVersion":1,"fsLayers":[]}', 'x'.repeat(5_000_000)]) {
      await writeImage(dir.parseReference(folder), testImage())
      await writeFile(join(folder, 'manifest.json'), text)
      const image = testImage({ seed: 'repaired' })
      await using destination = await open(folder)
      expect(await destination.hasManifest?.(rootDescriptor(image))).toBe(false)
      await writeImage(dir.parseReference(folder), image)
      expect(await readImage(folder)).toBe(image.root.digest)
    }
  })

  it('may be one in schema 1', async () => {
    const folder = await temporaryFolder()
    const { bytes, descriptor } = testBlob(randomBytes(10, 'layer'))
    const history = [{ v1Compatibility: JSON.stringify({ id: 'a'.repeat(64) }) }]
    const fsLayers = [{ blobSum: descriptor.digest }]
    const text = JSON.stringify({ schemaVersion: 1, name: 'a', tag: 'b', architecture: 'amd64', fsLayers, history })
    const mediaType = 'application/vnd.docker.distribution.manifest.v1+json'
    const manifest: ManifestBytes = { bytes: Buffer.from(text), mediaType, digest: digestOf(Buffer.from(text)) }
    {
      await using destination = await open(folder)
      await destination.putBlob(bytesBody(bytes), descriptor)
      await destination.putManifest(manifest)
      await destination.commit()
      expect(await destination.hasManifest?.({ ...manifest, size: text.length })).toBe(false)
    }
    expect(await namesIn(folder)).toEqual([fileName(descriptor.digest), 'manifest.json', 'version'].toSorted())
    await writeImage(dir.parseReference(folder), testImage())
    expect(await namesIn(folder)).toEqual(namesOf(testImage()))
  })

  it('loses the files of images before it whose removal was cut off', async () => {
    const folder = await temporaryFolder()
    const older = testImage({ seed: 'older' })
    await writeImage(dir.parseReference(folder), testImage())
    for (const { descriptor, bytes } of older.blobs) await writeFile(join(folder, fileName(descriptor.digest)), bytes)
    const kept = testImage().blobs[0]!.descriptor.digest
    const digests = [...older.blobs.map(({ descriptor }) => descriptor.digest), kept, '../outside', 'README']
    await writeFile(join(folder, '.crossdock/unfinished'), digests.join('\n'))
    await writeFile(join(folder, 'README'), 'theirs')
    await using destination = await open(folder)
    expect(await destination.hasManifest?.(rootDescriptor(testImage()))).toBe(false)
    await writeImage(dir.parseReference(folder), testImage())
    expect(await destination.hasManifest?.(rootDescriptor(testImage()))).toBe(true)
    expect(await namesIn(folder)).toEqual([...namesOf(testImage()), 'README'].toSorted())
  })
})

it('keeps what another name would stand for by its digest, and says so', async () => {
  const folder = await temporaryFolder()
  const [image, attached] = [testImage(), testArtifact({ seed: 'attached' })]
  const notes: string[] = []
  await using destination = await dir.parseReference(folder).openDestination()
  for (const { descriptor, bytes } of [...image.blobs, ...attached.blobs]) {
    await destination.putBlob(bytesBody(bytes), descriptor)
  }
  await destination.putManifest(image.root)
  await destination.putManifest(attached.root, {
    instance: attached.root.digest,
    tag: 'sha256-0.sig',
    onProgress: (event) => void (event.type === 'note' && notes.push(event.message)),
  })
  await destination.commit()
  await using source = await dir.parseReference(folder).openSource()
  expect((await source.getManifest(attached.root.digest)).digest).toBe(attached.root.digest)
  expect(notes).toEqual([expect.stringContaining('sha256-0.sig')])
})

describe('signatures', () => {
  it('are those that were put last, for the image and for each instance', async () => {
    const folder = await temporaryFolder()
    const index = testIndex()
    await writeSigned(folder, index, [simple('one'), sigstore, simple('three')], { instances: true })
    expect((await namesIn(folder)).filter((name) => name.includes('signature-'))).toHaveLength(9)
    await using source = await dir.parseReference(folder).openSource()
    expect(await source.getSignatures()).toMatchObject([{ format: 'simple' }, sigstore, { format: 'simple' }])
    await writeSigned(folder, index, [simple('two')], { instances: true })
    expect(await source.getSignatures()).toEqual([simple('two')])
    expect(await source.getSignatures(index.manifests[0]!.digest)).toEqual([simple('two')])
    expect((await namesIn(folder)).filter((name) => name.includes('signature-'))).toHaveLength(3)
    await writeImage(dir.parseReference(folder), index)
    expect(await namesIn(folder)).toEqual(namesOf(index))
  })

  it('of the top may be put under its digest', async () => {
    const folder = await temporaryFolder()
    const image = testImage()
    await using destination = await open(folder)
    await putImage(destination, image)
    await destination.putSignatures?.([simple('one')], image.root.digest)
    await destination.commit()
    expect(await namesIn(folder)).toEqual([...namesOf(image), 'signature-1'].toSorted())
  })

  it('that are too many or too large are refused before anything is written', async () => {
    const folder = await temporaryFolder()
    await using destination = await open(folder)
    await expect(destination.putSignatures?.(Array(129).fill(simple('x')))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    })
    const large: Signature = { format: 'simple', bytes: new Uint8Array(4 * 1024 * 1024 + 1).fill(0x90) }
    await expect(destination.putSignatures?.([large])).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(await readdir(folder)).toEqual([])
  })
})

describe('putManifest', () => {
  it.each([
    ['schema 1', '{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[],"history":[]}'],
    ['a type of its own', '{"schemaVersion":2,"mediaType":"application/vnd.example+json"}'],
    ['no JSON', 'anything'],
  ])('takes %s, byte for byte', async (_what, text) => {
    const folder = await temporaryFolder()
    const bytes = Buffer.from(text)
    const manifest: ManifestBytes = { bytes, mediaType: 'application/vnd.example', digest: digestOf(bytes) }
    const { descriptor, bytes: blob } = testBlob(randomBytes(10, 'blob'))
    await using destination = await open(folder)
    await destination.putBlob(bytesBody(blob), descriptor)
    await destination.putManifest(manifest, { instance: manifest.digest })
    await destination.putManifest(manifest)
    await destination.commit()
    expect(await readFile(join(folder, 'manifest.json'), 'utf8')).toBe(text)
    const name = fileName(manifest.digest)
    expect(await namesIn(folder)).toEqual(
      [fileName(descriptor.digest), `${name}.manifest.json`, 'manifest.json', 'version'].toSorted(),
    )
  })

  it('keeps manifests of sha512 as they are named', async () => {
    const folder = await temporaryFolder()
    const { root } = testImage()
    const digest = digestOf(root.bytes, 'sha512')
    await using destination = await open(folder)
    await destination.putManifest(root, { instance: digest })
    await destination.putManifest({ ...root, digest })
    await destination.commit()
    expect(await namesIn(folder)).toContain(`${fileName(digest)}.manifest.json`)
    expect(await readFile(join(folder, 'version'), 'utf8')).toContain('1.2')
    await using source = await dir.parseReference(folder).openSource()
    expect((await source.getManifest(digest)).digest).toBe(digest)
  })

  it('leaves folders that are named like content', async () => {
    const folder = await temporaryFolder()
    const before = testImage()
    await writeImage(dir.parseReference(folder), before)
    const path = join(folder, fileName(before.blobs[0]!.descriptor.digest))
    await rm(path)
    await mkdir(path)
    const image = testImage({ seed: 'other' })
    await writeImage(dir.parseReference(folder), image)
    expect(await readImage(folder)).toBe(image.root.digest)
    expect(await readdir(path)).toEqual([])
  })

  it('adds referrers to the image', async () => {
    const folder = await temporaryFolder()
    const image = testImage()
    const artifact = testArtifact({ subject: rootDescriptor(image) })
    await writeImage(dir.parseReference(folder), image)
    await using destination = await open(folder)
    for (const { bytes, descriptor } of artifact.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
    await destination.putManifest(artifact.root, { instance: artifact.root.digest })
    await destination.commit()
    expect(await namesIn(folder)).toEqual(namesOf(withReferrers(image, [artifact])))
    expect(await readImage(folder)).toBe(image.root.digest)
  })

  it('is needed before a commit', async () => {
    await using destination = await open(await temporaryFolder())
    await expect(destination.commit()).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })
})

describe('putBlob', () => {
  it('goes on where an interruption left it, unless it is told not to', async () => {
    const folder = await temporaryFolder()
    const { descriptor, bytes } = testBlob(randomBytes(2_500_000, 'resume'))
    const interrupted = async (): Promise<void> => {
      await using destination = await open(folder)
      const broken = faultyBody(bytesBody(bytes), { failAfterBytes: 1_234_567 })
      await expect(destination.putBlob(broken, descriptor)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    }
    await interrupted()
    expect(await namesIn(folder)).toEqual(['version'])
    const kept = await (await open(folder)).partialBlob?.(descriptor)
    expect(kept).toBeGreaterThan(0)
    const body = recordedBody(bytesBody(bytes))
    await (await open(folder)).putBlob(body, descriptor)
    expect(body.offsets).toEqual([kept])
    await rm(join(folder, fileName(descriptor.digest)))
    await interrupted()
    const anew = recordedBody(bytesBody(bytes))
    await using destination = await open(folder, { resume: false })
    expect(await destination.partialBlob?.(descriptor)).toBe(0)
    await destination.putBlob(anew, descriptor)
    expect(anew.offsets).toEqual([0])
    expect((await readFile(join(folder, fileName(descriptor.digest)))).equals(bytes)).toBe(true)
    expect(await readdir(join(folder, '.crossdock/partial'))).toEqual([])
  })
})

describe('hasManifest', () => {
  it('is true only if the folder is that image, and all of it is there', async () => {
    const folder = await temporaryFolder()
    const image = testIndex()
    const root = rootDescriptor(image)
    await writeImage(dir.parseReference(folder), image)
    await using destination = await open(folder)
    expect(await destination.hasManifest?.(root)).toBe(true)
    const [instance] = image.manifests
    const child: Descriptor = { ...root, ...instance!, size: instance!.bytes.byteLength }
    expect(await destination.hasManifest?.(child)).toBe(false)
    expect(await destination.hasManifest?.(child, { instance: child.digest })).toBe(true)
    for (const name of (await namesIn(folder)).filter((one) => one !== 'version')) {
      const bytes = await readFile(join(folder, name))
      for (const damaged of [undefined, bytes.subarray(1), bytes.map((byte) => byte ^ 1)]) {
        await rm(join(folder, name), { force: true })
        if (damaged !== undefined) await writeFile(join(folder, name), damaged)
        expect(`${name} ${await destination.hasManifest?.(root)}`).toBe(`${name} false`)
      }
      await writeFile(join(folder, name), bytes)
    }
    expect(await destination.hasManifest?.(root)).toBe(true)
  })

  it('is false for a type that is not what the document says', async () => {
    const folder = await temporaryFolder()
    const image = testImage()
    await writeImage(dir.parseReference(folder), image)
    await using destination = await open(folder)
    const mediaType = 'application/vnd.docker.distribution.manifest.v2+json'
    expect(await destination.hasManifest?.({ ...rootDescriptor(image), mediaType })).toBe(false)
  })
})

describe('commit', () => {
  it('fails if something that it counted on is gone, and names it', async () => {
    const folder = await temporaryFolder()
    const [before, image] = [testImage(), testIndex()]
    await writeImage(dir.parseReference(folder), before)
    await using destination = await open(folder)
    await putImage(destination, image)
    const lost = [image.blobs[1]!.descriptor.digest, image.manifests[0]!.digest]
    await rm(join(folder, fileName(lost[0]!)))
    await rm(join(folder, `${fileName(lost[1]!)}.manifest.json`))
    const failure = { code: 'CONFLICT', retryable: true, missing: expect.arrayContaining(lost) }
    await expect(destination.commit()).rejects.toMatchObject(failure)
    expect(await readImage(folder)).toBe(before.root.digest)
    await putImage(destination, image)
    await destination.commit()
    expect(await readImage(folder)).toBe(image.root.digest)
    expect(await namesIn(folder)).toEqual(namesOf(image))
  })

  it.each([
    { what: 'manifest.json', write: 2, changes: false },
    { what: 'the signature', write: 3, changes: true },
    { what: 'version', write: 4, changes: true },
  ])(
    'goes no further than $what if the lock was taken over while this process stood still',
    async ({ write, changes }) => {
      const folder = await temporaryFolder()
      const [before, late] = [testImage(), testImage({ seed: 'late', algorithm: 'sha512' })]
      await writeSigned(folder, before, [simple('before')])
      await using destination = await open(folder)
      await putImage(destination, late)
      await destination.putSignatures?.([simple('late')])
      const probe = await openFile(join(folder, 'probe'), 'w')
      const prototype = Object.getPrototypeOf(probe) as typeof probe
      await probe.close()
      const original = prototype.writeFile
      onTestFinished(() => void (prototype.writeFile = original))
      let writes = 0
      prototype.writeFile = async function takenOver(this: typeof probe, ...args) {
        if (++writes === write) writeFileSync(join(folder, '.crossdock/lock.99'), 'held\n')
        await original.apply(this, args)
      }
      await expect(destination.commit()).rejects.toMatchObject({ code: 'CONFLICT', retryable: true })
      expect(await readImage(folder)).toBe((changes ? late : before).root.digest)
      for (const { descriptor } of before.blobs) expect(await namesIn(folder)).toContain(fileName(descriptor.digest))
      await using source = await dir.parseReference(folder).openSource()
      expect(await source.getSignatures()).toEqual([simple(write === 4 ? 'late' : 'before')])
      expect(await strayFiles(folder)).toEqual(['unfinished'])
    },
  )

  it('waits for another writer only so long', async () => {
    const folder = await temporaryFolder()
    await using destination = await open(folder, { lockTimeoutMs: 0 })
    await putImage(destination, testImage())
    await writeFile(join(folder, '.crossdock/lock.1'), 'held\n')
    await expect(destination.commit()).rejects.toMatchObject({ code: 'CONFLICT', retryable: true })
    await expect(dir.parseReference(folder).openSource()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it.runIf(process.platform === 'linux')(
    'flushes every file before it gets its name, and the folder around the change',
    async () => {
      const probe = await openFile(join(await temporaryFolder(), 'probe'), 'w')
      const prototype = Object.getPrototypeOf(probe) as typeof probe
      await probe.close()
      const original = prototype.sync
      onTestFinished(() => void (prototype.sync = original))
      const flushed: string[] = []
      prototype.sync = async function recorded(this: typeof probe) {
        flushed.push(readlinkSync(`/proc/self/fd/${this.fd}`))
        await original.apply(this)
      }
      const folder = await temporaryFolder()
      const image = testIndex()
      await writeSigned(folder, image, [simple('one')])
      const files = flushed.filter((path) => path.includes('/.crossdock/'))
      expect(files.filter((path) => path.endsWith('.partial'))).toHaveLength(image.blobs.length)
      // version, two instances, the note, manifest.json, the signature
      expect(files.filter((path) => path.includes('/new.'))).toHaveLength(6)
      const work = join(folder, '.crossdock')
      const [note, manifest, signature] = files.slice(-3)
      expect(flushed.slice(-7)).toEqual([folder, note, work, manifest, folder, signature, folder])
      flushed.length = 0
      await using fast = await open(await temporaryFolder(), { durability: 'fast' })
      await putImage(fast, image)
      await fast.putSignatures?.([simple('one')])
      await fast.commit()
      expect(flushed).toEqual([])
    },
  )
})

const sigstore: Signature = {
  format: 'sigstore',
  mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
  bytes: new TextEncoder().encode('{"critical":{}}'),
  annotations: { 'dev.cosignproject.cosign/signature': 'MEUCIQ==' },
}

function simple(text: string): Signature {
  return { format: 'simple', bytes: Buffer.from(`\u0090${text}`, 'latin1') }
}

/** Writes the image with these signatures, and each instance with the same if that is wanted. */
async function writeSigned(
  folder: string,
  image: TestImage,
  signatures: readonly Signature[],
  { instances = false }: { readonly instances?: boolean } = {},
): Promise<void> {
  await using destination = await open(folder)
  await putImage(destination, image)
  await destination.putSignatures?.(signatures)
  for (const { digest } of instances ? image.manifests : []) {
    if (digest !== image.root.digest) await destination.putSignatures?.(signatures, digest)
  }
  await destination.commit()
}

async function open(folder: string, options?: DirTransportOptions): Promise<ImageDestination> {
  return await dirTransport(options).parseReference(folder).openDestination()
}
