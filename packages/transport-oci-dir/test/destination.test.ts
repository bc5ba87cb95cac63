import { execFileSync } from 'node:child_process'
import { readlinkSync, writeFileSync } from 'node:fs'
import {
  chmod,
  link,
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
  digestAlgorithm,
  digestEncoded,
  digestOf,
  type Digest,
  type ImageDestination,
  ImageError,
  type ImageReference,
} from '@crossdock/core'
import { parseManifest, referrersTag } from '@crossdock/formats'
import {
  faultyBody,
  hangingBody,
  putImage,
  randomBytes,
  recordedBody,
  rootDescriptor,
  testArtifact,
  testBlob,
  testImage,
  testIndex,
  withReferrers,
  writeImage,
} from '@crossdock/transport-testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ociDirTransport, type OciDirTransportOptions } from '../src/index.ts'
import { TESTREPO } from './fixtures.ts'
import { collect } from './collect.ts'
import { temporaryFolder } from './temporary-folder.ts'

const oci = ociDirTransport()
const POSIX = process.platform !== 'win32'

describe('a new layout', () => {
  it('is made at the first write, so that opening alone leaves nothing', async () => {
    const folder = join(await temporaryFolder(), 'not/yet/there')
    await using destination = await open(folder)
    await expect(stat(folder)).rejects.toThrow('ENOENT')
    await putImage(destination, testImage())
    await expect(stat(join(folder, 'index.json'))).rejects.toThrow('ENOENT')
    await destination.commit()
    expect((await readdir(folder)).toSorted()).toEqual(['.crossdock', 'blobs', 'index.json', 'oci-layout'])
    expect(await readFile(join(folder, 'oci-layout'), 'utf8')).toBe('{"imageLayoutVersion":"1.0.0"}')
  })

  it('may take the place of an empty folder', async () => {
    const folder = await temporaryFolder()
    await writeImage(oci.parseReference(folder), testImage())
    expect(await readdir(join(folder, 'blobs'))).toEqual(['sha256'])
  })

  it.runIf(POSIX)('has files that all may read, and nothing that others may read before', async () => {
    const folder = await temporaryFolder()
    const previous = process.umask(0o000)
    try {
      await using destination = await open(folder)
      const image = testImage()
      const { bytes, descriptor } = image.blobs[0]!
      const broken = faultyBody(bytesBody(bytes), { failAfterBytes: 100 })
      await expect(destination.putBlob(broken, descriptor)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      const [kept] = await readdir(join(folder, '.crossdock/partial'))
      expect((await stat(join(folder, '.crossdock/partial', kept!))).mode & 0o777).toBe(0o600)
      await putImage(destination, image)
      await destination.commit()
      for (const path of [
        blobFile(folder, image.root.digest),
        blobFile(folder, image.blobs[0]!.descriptor.digest),
        join(folder, 'index.json'),
      ]) {
        expect((await stat(path)).mode & 0o777).toBe(0o644)
      }
      process.umask(0o077)
      const other = await temporaryFolder()
      await writeImage(ociDirTransport().parseReference(other), image)
      expect((await stat(join(other, 'index.json'))).mode & 0o777).toBe(0o600)
    } finally {
      process.umask(previous)
    }
  })
})

describe('what is in the way', () => {
  it('is left alone: a file, a folder with other files', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'file')
    await writeFile(file, 'mine')
    await expect(open(file)).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(file) })
    await expect(open(folder)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('other files'),
    })
    expect(await readFile(file, 'utf8')).toBe('mine')
  })

  it('is said: a part of the path that is a file', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'file'), 'mine')
    await expect(open(join(folder, 'file/layout'))).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('not a folder'),
    })
  })

  it('is said: an index.json that is damaged stays as it is', async () => {
    const folder = await temporaryFolder()
    await writeImage(oci.parseReference(folder), testImage())
    await writeFile(join(folder, 'index.json'), '{"manifests":')
    await expect(writeImage(oci.parseReference(`${folder}:new`), testImage())).rejects.toMatchObject({
      code: 'INVALID_DATA',
    })
    expect(await readFile(join(folder, 'index.json'), 'utf8')).toBe('{"manifests":')
  })

  it
    .runIf(POSIX)
    .each([
      'blobs',
      'blobs/sha256',
      'index.json',
      'oci-layout',
      '.crossdock',
      '.crossdock/partial',
      '.crossdock/stamps',
    ])('is never written through: a link planted at %s', async (name) => {
    const folder = join(await temporaryFolder(), 'layout')
    const outside = await temporaryFolder()
    await writeImage(oci.parseReference(folder), testImage())
    const isFolder = (await stat(join(folder, name))).isDirectory()
    const target = join(outside, 'target')
    await (isFolder
      ? mkdir(target)
      : writeFile(
          target,
          name === 'oci-layout' ? '{"imageLayoutVersion":"1.0.0"}' : '{"schemaVersion":2,"manifests":[]}',
        ))
    await rm(join(folder, name), { recursive: true })
    await symlink(target, join(folder, name))
    const before = isFolder ? '' : await readFile(target, 'utf8')
    const attempt = writeImage(oci.parseReference(`${folder}:t`), testImage({ seed: 'other' }))
    await expect(attempt).rejects.toMatchObject({ message: expect.stringMatching(/link/) })
    expect(isFolder ? await readdir(target) : await readFile(target, 'utf8')).toEqual(isFolder ? [] : before)
    expect(await readlink(join(folder, name))).toBe(target)
  })

  it.runIf(POSIX)('is replaced: a link planted at a blob', async () => {
    const folder = await temporaryFolder()
    const outside = join(await temporaryFolder(), 'outside')
    await writeFile(outside, 'theirs')
    const { descriptor, bytes } = testImage().blobs[0]!
    await mkdir(join(folder, 'blobs/sha256'), { recursive: true })
    await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    await symlink(outside, blobFile(folder, descriptor.digest))
    await using destination = await open(folder)
    expect(await destination.reuseBlob?.(descriptor)).toBeUndefined()
    await destination.putBlob(bytesBody(bytes), descriptor)
    expect((await lstat(blobFile(folder, descriptor.digest))).isFile()).toBe(true)
    expect(await readFile(outside, 'utf8')).toBe('theirs')
  })
})

describe('putBlob', () => {
  it.each([
    ['flipped', (bytes: Uint8Array) => bytes.with(5, bytes[5]! ^ 1), 'DIGEST_MISMATCH'],
    ['cut', (bytes: Uint8Array) => bytes.subarray(1), 'DIGEST_MISMATCH'],
    ['too long', (bytes: Uint8Array) => Buffer.concat([bytes, bytes]), 'DIGEST_MISMATCH'],
    ['empty', () => new Uint8Array(), 'DIGEST_MISMATCH'],
  ])('refuses %s bytes and leaves none of them', async (_what, change, code) => {
    const folder = await temporaryFolder()
    await using destination = await open(folder)
    const { descriptor, bytes } = testImage().blobs[1]!
    const put = destination.putBlob({ open: pieces(change(bytes), 1000) }, descriptor)
    await expect(put).rejects.toMatchObject({ code })
    expect(await allFiles(folder)).toEqual(['oci-layout'])
    expect(await destination.partialBlob?.(descriptor)).toBe(0)
  })

  it('leaves nothing of a body that turned out to be too long on its way', async () => {
    const folder = await temporaryFolder()
    await using destination = await open(folder)
    const { descriptor, bytes } = testImage().blobs[1]!
    const body = faultyBody(bytesBody(bytes), {
      failAfterBytes: 1000,
      error: new ImageError('LIMIT_EXCEEDED', 'it unpacks to more than it should'),
    })
    await expect(destination.putBlob(body, descriptor)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(await allFiles(folder)).toEqual(['oci-layout'])
  })

  it('computes the digest where none is given, and leaves nothing of a failure', async () => {
    const folder = await temporaryFolder()
    await using destination = await open(folder)
    const { descriptor, bytes } = testBlob(randomBytes(3_000_000, 'x'))
    await expect(destination.putBlob(faultyAfter(1_500_000), {})).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await allFiles(folder)).toEqual(['oci-layout'])
    expect(await destination.putBlob({ open: pieces(bytes, 10_000) }, {})).toEqual(descriptor)
    expect((await readFile(blobFile(folder, descriptor.digest))).equals(bytes)).toBe(true)
    await expect(destination.putBlob(bytesBody(bytes), { size: 5 })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  it.each([1, 1000, 65_536, 300_000, 1_048_576, 5_000_000])('writes pieces of %i bytes', async (size) => {
    const folder = await temporaryFolder()
    await using destination = await open(folder)
    const { descriptor, bytes } = testBlob(randomBytes(size === 1 ? 3000 : 3_000_001, `pieces ${size}`))
    const hint = { ...descriptor, annotations: { a: 'b' } }
    expect(await destination.putBlob({ open: pieces(bytes, size) }, hint)).toEqual(hint)
    expect((await readFile(blobFile(folder, descriptor.digest))).equals(bytes)).toBe(true)
  })

  it('writes sha512 blobs and manifests into a folder of their own', async () => {
    const folder = await temporaryFolder()
    const image = testImage({ algorithm: 'sha512' })
    const root = { ...image.root, digest: digestOf(image.root.bytes, 'sha512') }
    await writeImage(oci.parseReference(folder), { ...image, root, manifests: [root] })
    expect(await readdir(join(folder, 'blobs'))).toEqual(['sha512'])
    await using source = await oci.parseReference(folder).openSource()
    expect((await source.getManifest()).digest).toBe(root.digest)
  })

  it('goes on where an interruption left it, and opens the body there', async () => {
    const folder = await temporaryFolder()
    const { descriptor, bytes } = testBlob(randomBytes(2_500_000, 'resume'))
    const broken = faultyBody({ open: pieces(bytes, 64_000) }, { failAfterBytes: 1_234_567 })
    {
      await using destination = await open(folder)
      await expect(destination.putBlob(broken, descriptor)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(await destination.partialBlob?.(descriptor)).toBe(1_234_567)
    }
    await using destination = await open(folder)
    expect(await destination.partialBlob?.(descriptor)).toBe(1_234_567)
    const whole = recordedBody({ open: pieces(bytes, 64_000) })
    await destination.putBlob(whole, descriptor)
    expect(whole.offsets).toEqual([1_234_567])
    expect((await readFile(blobFile(folder, descriptor.digest))).equals(bytes)).toBe(true)
    expect(await destination.partialBlob?.(descriptor)).toBe(0)
    expect(await readdir(join(folder, '.crossdock/partial'))).toEqual([])
  })

  it('does not open the body if every byte is there', async () => {
    const folder = await temporaryFolder()
    const { descriptor, bytes } = testBlob(randomBytes(100_000, 'all there'))
    await keep(folder, descriptor.digest, bytes)
    await using destination = await open(folder)
    const body = recordedBody(bytesBody(bytes))
    await destination.putBlob(body, descriptor)
    expect(body.offsets).toEqual([])
  })

  it.each([
    ['wrong bytes', (bytes: Uint8Array) => bytes.subarray(0, 50_000).with(7, bytes[7]! ^ 1), [50_000]],
    ['wrong bytes, all of them', (bytes: Uint8Array) => bytes.with(7, bytes[7]! ^ 1), []],
  ])('finds out what was kept if it is %s, and begins anew when it is called again', async (_what, change, offsets) => {
    const folder = await temporaryFolder()
    const { descriptor, bytes } = testBlob(randomBytes(100_000, 'wrong'))
    await keep(folder, descriptor.digest, change(bytes))
    await using destination = await open(folder)
    const body = recordedBody(bytesBody(bytes))
    await expect(destination.putBlob(body, descriptor)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      retryable: true,
    })
    expect(body.offsets).toEqual(offsets)
    expect(await allFiles(folder)).toEqual(['oci-layout'])
    await destination.putBlob(body, descriptor)
    expect(body.offsets).toEqual([...offsets, 0])
    expect((await readFile(blobFile(folder, descriptor.digest))).equals(bytes)).toBe(true)
  })

  it('does not use more bytes than the blob has', async () => {
    const folder = await temporaryFolder()
    const { descriptor, bytes } = testBlob(randomBytes(100_000, 'wrong'))
    await keep(folder, descriptor.digest, Buffer.concat([bytes, bytes]))
    await using destination = await open(folder)
    const body = recordedBody(bytesBody(bytes))
    await destination.putBlob(body, descriptor)
    expect(body.offsets).toEqual([0])
    expect((await readFile(blobFile(folder, descriptor.digest))).equals(bytes)).toBe(true)
  })

  it('keeps nothing and uses nothing without resume', async () => {
    const folder = await temporaryFolder()
    const { descriptor, bytes } = testBlob(randomBytes(100_000, 'no resume'))
    await keep(folder, descriptor.digest, bytes.subarray(0, 1000))
    await using destination = await open(folder, { resume: false })
    expect(await destination.partialBlob?.(descriptor)).toBe(0)
    const body = faultyBody(bytesBody(bytes), { failAfterBytes: 500 })
    await expect(destination.putBlob(body, descriptor)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(body.offsets).toEqual([0])
    expect(await readdir(join(folder, '.crossdock/partial'))).toEqual([])
  })

  it('lets two writers of one blob work at once, each in a file of its own', async () => {
    const folder = await temporaryFolder()
    const { descriptor, bytes } = testBlob(randomBytes(2_000_000, 'both'))
    await keep(folder, descriptor.digest, bytes.subarray(0, 1_000_000))
    const destinations = await Promise.all([open(folder), open(folder), open(folder)])
    const bodies = destinations.map(() => recordedBody({ open: pieces(bytes, 50_000) }))
    await Promise.all(destinations.map((destination, index) => destination.putBlob(bodies[index]!, descriptor)))
    expect(bodies.flatMap((body) => body.offsets).toSorted((a, b) => a - b)).toEqual([0, 0, 1_000_000])
    expect((await readFile(blobFile(folder, descriptor.digest))).equals(bytes)).toBe(true)
    expect(await readdir(join(folder, '.crossdock/partial'))).toEqual([])
  })

  it('ends at an abort with its reason, even if the body hangs, and keeps what came', async () => {
    const folder = await temporaryFolder()
    await using destination = await open(folder)
    const { descriptor, bytes } = testBlob(randomBytes(200_000, 'hang'))
    const controller = new AbortController()
    const reason = { my: 'reason' }
    const body = hangingBody(bytesBody(bytes), { hangAfterBytes: 100_000, onHang: () => controller.abort(reason) })
    await expect(destination.putBlob(body, descriptor, { signal: controller.signal })).rejects.toBe(reason)
    expect(await destination.partialBlob?.(descriptor)).toBe(100_000)
    expect(openFilesIn(folder)).toEqual([])
    await expect(destination.putBlob(body, descriptor, { signal: controller.signal })).rejects.toBe(reason)
  })

  it('sweeps what dead processes left, and leaves what living ones write', async () => {
    const folder = await temporaryFolder()
    await writeImage(oci.parseReference(folder), testImage())
    const partial = join(folder, '.crossdock/partial')
    const id = `sha256-${'1'.repeat(64)}`
    const done = digestEncoded(testImage().root.digest)
    const dead = deadProcess()
    const alive = `${process.pid}-x-00000000` // of another place: only its age tells
    const old = new Date(Date.now() - 8 * 24 * 60 * 60 * 1000)
    const names = [
      `unnamed.${dead}.00.partial`,
      `sha256-${done}.${dead}.00.partial`,
      `sha256-${done}.kept`,
      `${id}.kept`,
      `${id}.${alive}.00.partial`,
      `unnamed.${alive}.00.partial`,
      `sha256-${'2'.repeat(64)}.kept`,
      'not-ours',
    ]
    for (const name of names) await writeFile(join(partial, name), 'x')
    await utimes(join(partial, names[6]!), old, old)
    await writeImage(oci.parseReference(`${folder}:t`), testImage({ seed: 'other' }))
    expect((await readdir(partial)).toSorted()).toEqual(['not-ours', ...names.slice(3, 6)].toSorted())
    const hourOld = new Date(Date.now() - 60 * 60 * 1000)
    await utimes(join(partial, names[5]!), hourOld, hourOld)
    await writeImage(oci.parseReference(`${folder}:t`), testImage({ seed: 'third' }))
    expect(await readdir(partial)).not.toContain(names[5])
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
})

describe('reuseBlob and findBlob', () => {
  it('find what is there, and what it is not', async () => {
    const { folder, image } = await written()
    await using destination = await open(folder)
    const { descriptor } = image.blobs[0]!
    expect(await destination.findBlob?.(descriptor)).toBe('present')
    expect(await destination.reuseBlob?.(descriptor)).toEqual({ blob: descriptor })
    expect(await destination.reuseBlob?.({ ...descriptor, size: descriptor.size + 1 })).toBeUndefined()
    expect(await destination.findBlob?.(testBlob(new Uint8Array(3)).descriptor)).toBeUndefined()
  })

  it.each([
    ['other bytes of the same size', (bytes: Uint8Array) => bytes.with(1, bytes[1]! ^ 1)],
    ['too few bytes', (bytes: Uint8Array) => bytes.subarray(1)],
    ['nothing', () => new Uint8Array()],
  ])('do not trust a file with %s, and it is replaced', async (_what, change) => {
    const { folder, image } = await written()
    const { descriptor, bytes } = image.blobs[0]!
    await writeFile(blobFile(folder, descriptor.digest), change(bytes))
    await using destination = await open(folder)
    expect(await destination.findBlob?.(descriptor)).toBeUndefined()
    expect(await destination.reuseBlob?.(descriptor)).toBeUndefined()
    expect(await destination.hasManifest?.(rootDescriptor(image))).toBe(false)
    await destination.putBlob(bytesBody(bytes), descriptor)
    expect(await destination.reuseBlob?.(descriptor)).toBeDefined()
    expect(await destination.hasManifest?.(rootDescriptor(image))).toBe(true)
  })

  it('hash a file once and then go by its stamp', async () => {
    const { folder, image } = await written()
    const stamps = join(folder, '.crossdock/stamps')
    const { descriptor, bytes } = image.blobs[0]!
    await rm(stamps)
    await using first = await open(folder)
    expect(await first.findBlob?.(descriptor)).toBe('present')
    await expect(stat(stamps)).rejects.toThrow('ENOENT') // looking changes nothing
    await using second = await open(folder)
    expect(await second.reuseBlob?.(descriptor)).toBeDefined()
    const lines = (await readFile(stamps, 'latin1')).split('\n').filter((line) => line !== '')
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^${descriptor.digest} ${bytes.length} [0-9]+ [0-9]+ [0-9]+$`)),
    ])
    // a stamp for a file that looks otherwise is worth nothing: the same bytes under another inode are hashed again
    await link(blobFile(folder, descriptor.digest), join(folder, 'second-name'))
    await using third = await open(folder)
    expect(await third.reuseBlob?.(descriptor)).toBeDefined()
    expect((await readFile(stamps, 'latin1')).split('\n').filter((line) => line !== '')).toHaveLength(2)
  })

  it('take what is in a layout of another program, and remember it', async () => {
    const { folder, image } = await written()
    await rm(join(folder, '.crossdock'), { recursive: true })
    const { descriptor } = image.blobs[0]!
    await using destination = await open(`${folder}:t`)
    expect(await destination.reuseBlob?.(descriptor)).toBeDefined()
    expect(await readFile(join(folder, '.crossdock/stamps'), 'latin1')).toContain(descriptor.digest)
  })

  it.runIf(POSIX)('do without stamps where none can be written', async () => {
    const { folder, image } = await written()
    await rm(join(folder, '.crossdock/stamps'))
    await using destination = await open(`${folder}:t`)
    await mkdir(join(folder, '.crossdock/stamps'))
    expect(await destination.reuseBlob?.(image.blobs[0]!.descriptor)).toBeDefined()
  })

  it('survive a file of stamps that is rubbish', async () => {
    const { folder, image } = await written()
    const { descriptor, bytes } = image.blobs[0]!
    const path = blobFile(folder, descriptor.digest)
    await writeFile(path, bytes.with(1, bytes[1]! ^ 1))
    const { ino, size } = await stat(path)
    await writeFile(
      join(folder, '.crossdock/stamps'),
      `\0\n${descriptor.digest} ${size} ${ino}\n${descriptor.digest} ${size} ${ino} 1 1\nsha256:x 1 2 3 4\n`,
    )
    await using destination = await open(folder)
    expect(await destination.reuseBlob?.(descriptor)).toBeUndefined()
  })
})

describe('putManifest', () => {
  it('keeps Docker manifests as they are, and refuses what is no manifest', async () => {
    const folder = await temporaryFolder()
    const image = testImage({ format: 'docker' })
    await writeImage(oci.parseReference(`${folder}:d`), image)
    await using source = await oci.parseReference(`${folder}:d`).openSource()
    expect(await source.getManifest()).toEqual({ ...image.root, bytes: Buffer.from(image.root.bytes) })
    await using destination = await open(folder)
    await expect(destination.putManifest({ ...image.root, mediaType: 'text/plain' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    })
  })

  it('refuses bytes that are not the digest', async () => {
    const folder = await temporaryFolder()
    const image = testImage()
    await using destination = await open(folder)
    const other = digestOf(new Uint8Array(1))
    await expect(destination.putManifest(image.root, { instance: other })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    })
    await expect(destination.putManifest({ ...image.root, digest: other })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    })
    await using pinned = await openAny(oci.parseReference(`${folder}:t@${other}`))
    await expect(pinned.putManifest(image.root)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  it('replaces a damaged file', async () => {
    const { folder, image } = await written()
    await writeFile(blobFile(folder, image.root.digest), 'x'.repeat(image.root.bytes.byteLength))
    await writeImage(oci.parseReference(folder), image)
    await using source = await oci.parseReference(folder).openSource()
    expect((await source.getManifest()).digest).toBe(image.root.digest)
  })
})

describe('commit', () => {
  it('points the name at the image, and not before', async () => {
    const folder = await temporaryFolder()
    const [one, two] = [testImage({ seed: 'one' }), testImage({ seed: 'two' })]
    await writeImage(oci.parseReference(`${folder}:t`), one)
    {
      await using destination = await open(`${folder}:t`)
      await putImage(destination, two)
      expect(await namedDigest(folder, 't')).toBe(one.root.digest)
    }
    expect(await namedDigest(folder, 't')).toBe(one.root.digest)
    await writeImage(oci.parseReference(`${folder}:t`), two)
    expect(await namedDigest(folder, 't')).toBe(two.root.digest)
    expect(await entries(folder)).toHaveLength(1)
  })

  it('adds names and images without a name, each once', async () => {
    const folder = await temporaryFolder()
    const [one, two] = [testImage({ seed: 'one' }), testImage({ seed: 'two' })]
    await writeImage(oci.parseReference(`${folder}:a`), one)
    await writeImage(oci.parseReference(`${folder}:b`), one)
    await writeImage(oci.parseReference(folder), one)
    await writeImage(oci.parseReference(folder), one)
    await writeImage(oci.parseReference(`${folder}@${two.root.digest}`), two)
    expect(await entries(folder)).toEqual([
      [one.root.digest, 'a'],
      [one.root.digest, 'b'],
      [one.root.digest, undefined],
      [two.root.digest, undefined],
    ])
    await writeImage(oci.parseReference(`${folder}:a`), two)
    expect((await entries(folder))[0]).toEqual([two.root.digest, 'a'])
  })

  it('keeps what others wrote: fields, numbers to the last digit, entries of any type, the mode', async () => {
    const { folder } = await written()
    const path = join(folder, 'index.json')
    const strange =
      '{"mediaType":"x/y","digest":"md5:0","size":12345678901234567890,"__proto__":{"a":1.0},"annotations":{"k":"v"}}'
    const text = `{"schemaVersion":2,"annotations":{"kept":"yes"},"extra":[1e3],"manifests":[${strange}]}`
    await writeFile(path, text)
    await chmod(path, 0o664)
    const image = testImage({ seed: 'new' })
    await writeImage(oci.parseReference(`${folder}:t`), image)
    const entry = `{"mediaType":"${image.root.mediaType}","digest":"${image.root.digest}","size":${image.root.bytes.byteLength},"annotations":{"org.opencontainers.image.ref.name":"t"}}`
    expect(await readFile(path, 'utf8')).toBe(text.replace(strange, `${strange},${entry}`))
    expect((await stat(path)).mode & 0o777).toBe(POSIX ? 0o664 : 0o666)
  })

  it('leaves index.json alone if nothing changes', async () => {
    const { folder, image } = await written()
    const before = await stat(join(folder, 'index.json'), { bigint: true })
    await writeImage(oci.parseReference(folder), image)
    expect((await stat(join(folder, 'index.json'), { bigint: true })).mtimeNs).toBe(before.mtimeNs)
    expect((await stat(join(folder, 'index.json'), { bigint: true })).ino).toBe(before.ino)
  })

  it('needs something to commit', async () => {
    await using destination = await open(await temporaryFolder())
    await expect(destination.commit()).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })

  it('refuses an index.json that would become too large', async () => {
    const { folder } = await written()
    const small = ociDirTransport({ maxIndexBytes: 300 })
    const before = await readFile(join(folder, 'index.json'), 'utf8')
    expect(before.length).toBeLessThan(300)
    await expect(writeImage(small.parseReference(`${folder}:t`), testImage({ seed: 'x' }))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    })
    expect(await readFile(join(folder, 'index.json'), 'utf8')).toBe(before)
    expect(await readdir(join(folder, '.crossdock'))).toEqual(['lock.2', 'partial', 'stamps'])
  })

  it('fails if a blob that it counted on is gone', async () => {
    const { folder, image } = await written()
    await using destination = await open(`${folder}:t`)
    for (const { descriptor } of image.blobs) expect(await destination.reuseBlob?.(descriptor)).toBeDefined()
    await destination.putManifest(image.root)
    const lost = image.blobs[1]!.descriptor.digest
    await rm(blobFile(folder, lost))
    await expect(destination.commit()).rejects.toMatchObject({ code: 'CONFLICT', retryable: true, missing: [lost] })
    expect(await entries(folder)).toHaveLength(1)
  })

  it('changes nothing if the lock was taken over while this process stood still', async () => {
    const { folder } = await written()
    await using destination = await open(`${folder}:t`)
    await putImage(destination, testImage({ seed: 'late' }))
    const probe = await openFile(join(folder, 'probe'), 'w')
    const prototype = Object.getPrototypeOf(probe) as typeof probe
    await probe.close()
    const original = prototype.writeFile
    onTestFinished(() => void (prototype.writeFile = original))
    prototype.writeFile = async function takenOver(this: typeof probe, ...args) {
      writeFileSync(join(folder, '.crossdock/lock.99'), 'held\n')
      await original.apply(this, args)
    }
    const before = await readFile(join(folder, 'index.json'), 'utf8')
    await expect(destination.commit()).rejects.toMatchObject({ code: 'CONFLICT', retryable: true })
    expect(await readFile(join(folder, 'index.json'), 'utf8')).toBe(before)
    expect((await readdir(join(folder, '.crossdock'))).filter((name) => name.startsWith('new.'))).toEqual([])
  })

  it('writes into a layout of another program', async () => {
    const folder = await temporaryFolder()
    execFileSync('cp', ['-r', `${TESTREPO}/.`, folder])
    execFileSync('chmod', ['-R', 'u+w', folder])
    const image = testImage()
    await writeImage(oci.parseReference(`${folder}:new`), image)
    expect(await namedDigest(folder, 'new')).toBe(image.root.digest)
    expect(await entries(folder)).toHaveLength(27)
    await using destination = await open(`${folder}:v1`)
    const v1 = {
      mediaType: 'application/vnd.oci.image.index.v1+json',
      digest: await namedDigest(folder, 'v1'),
      size: 1262,
    }
    expect(await destination.hasManifest?.(v1)).toBe(true)
  })

  it('puts blobs into the shared folder where there is one', async () => {
    const [folder, shared] = [await temporaryFolder(), join(await temporaryFolder(), 'shared')]
    const sharing = ociDirTransport({ sharedBlobDir: shared })
    const image = testImage()
    await writeImage(sharing.parseReference(folder), image)
    await using destination = await openAny(sharing.parseReference(join(folder, '../other-layout')))
    expect(await destination.findBlob?.(image.blobs[0]!.descriptor)).toBe('present')
    expect((await readdir(folder)).toSorted()).toEqual(['.crossdock', 'index.json', 'oci-layout'])
    expect((await readdir(shared)).toSorted()).toEqual(['.crossdock', 'sha256'])
  })

  it.runIf(process.platform === 'linux')(
    'flushes every file before it gets its name, and the folders of names',
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
      const image = testImage()
      await writeImage(oci.parseReference(folder), image)
      const files = flushed.filter((path) => path.includes('/.crossdock/'))
      expect(files.filter((path) => path.endsWith('.partial'))).toHaveLength(image.blobs.length)
      expect(files.filter((path) => path.includes('/new.'))).toHaveLength(3) // oci-layout, the manifest, index.json
      expect(flushed.slice(-5, -2)).toEqual([join(folder, 'blobs/sha256'), join(folder, 'blobs'), folder])
      expect(flushed.slice(-2)).toEqual([files.at(-1), folder])
      flushed.length = 0
      await writeImage(ociDirTransport({ durability: 'fast' }).parseReference(await temporaryFolder()), image)
      expect(flushed).toEqual([])
    },
  )

  it('works without flushing', async () => {
    const folder = await temporaryFolder()
    await writeImage(ociDirTransport({ durability: 'fast' }).parseReference(folder), testIndex())
    await using source = await oci.parseReference(folder).openSource()
    expect(parseManifest(await source.getManifest()).kind).toBe('index')
  })
})

describe('hasManifest', () => {
  it('is true only if the name stands for it and all of it is there', async () => {
    const folder = await temporaryFolder()
    const image = testIndex()
    const root = rootDescriptor(image)
    await using before = await open(`${folder}:t`)
    expect(await before.hasManifest?.(root)).toBe(false)
    await writeImage(oci.parseReference(`${folder}:t`), image)
    await using destination = await open(`${folder}:t`)
    expect(await destination.hasManifest?.(root)).toBe(true)
    expect(await destination.hasManifest?.(root, { instance: root.digest })).toBe(true)
    await using other = await open(`${folder}:other`)
    expect(await other.hasManifest?.(root)).toBe(false)
    expect(await other.hasManifest?.(root, { instance: root.digest })).toBe(true)
    for (const digest of [
      ...image.blobs.map((blob) => blob.descriptor.digest),
      ...image.manifests.map((manifest) => manifest.digest),
    ]) {
      const path = blobFile(folder, digest)
      const bytes = await readFile(path)
      await rm(path)
      expect(await destination.hasManifest?.(root)).toBe(false)
      await writeFile(path, bytes)
    }
    expect(await destination.hasManifest?.(root)).toBe(true)
  })
})

describe('referrers', () => {
  it('are listed under the tag of their subject, together with older ones', async () => {
    const folder = await temporaryFolder()
    const image = testImage()
    const subject = rootDescriptor(image)
    const first = testArtifact({ subject, seed: 'first' })
    const second = testArtifact({ subject, seed: 'second' })
    await writeImage(oci.parseReference(`${folder}:t`), withReferrers(image, [first]))
    await writeImage(oci.parseReference(`${folder}:t`), withReferrers(image, [second]))
    const tag = referrersTag(subject.digest)
    expect(new Set((await entries(folder)).map(([, name]) => name))).toEqual(new Set([tag, 't']))
    await using source = await oci.parseReference(`${folder}:t`).openSource()
    const listed = await collect(source.referrers?.(subject.digest))
    expect(listed.map((referrer) => referrer.digest)).toEqual([first.root.digest, second.root.digest])
    expect(listed[0]).toMatchObject({
      artifactType: parseManifest(first.root).artifactType,
      size: first.root.bytes.byteLength,
    })
    // again: nothing new
    const before = await readFile(join(folder, 'index.json'), 'utf8')
    await writeImage(oci.parseReference(`${folder}:t`), withReferrers(image, [second]))
    expect(await readFile(join(folder, 'index.json'), 'utf8')).toBe(before)
  })

  it('leave the layout readable without a name', async () => {
    const folder = await temporaryFolder()
    const image = testImage()
    await writeImage(
      oci.parseReference(folder),
      withReferrers(image, [testArtifact({ subject: rootDescriptor(image) })]),
    )
    await using source = await oci.parseReference(folder).openSource()
    expect((await source.getManifest()).digest).toBe(image.root.digest)
  })
})

async function open(text: string, options?: OciDirTransportOptions): Promise<ImageDestination> {
  return await openAny(ociDirTransport(options).parseReference(text))
}

async function openAny(reference: ImageReference): Promise<ImageDestination> {
  if (reference.openDestination === undefined) throw new Error('not writable')
  return await reference.openDestination()
}

async function written() {
  const folder = await temporaryFolder()
  const image = testImage()
  await writeImage(oci.parseReference(folder), image)
  return { folder, image }
}

async function keep(folder: string, digest: Digest, bytes: Uint8Array): Promise<void> {
  await mkdir(join(folder, '.crossdock/partial'), { recursive: true })
  await writeFile(join(folder, '.crossdock/partial', `${digestAlgorithm(digest)}-${digestEncoded(digest)}.kept`), bytes)
}

async function namedDigest(folder: string, name: string): Promise<Digest> {
  await using source = await oci.parseReference(`${folder}:${name}`).openSource()
  return (await source.getManifest()).digest
}

async function entries(folder: string): Promise<[string, string | undefined][]> {
  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations?: Record<string, string> }[]
  }
  return index.manifests.map((entry) => [entry.digest, entry.annotations?.['org.opencontainers.image.ref.name']])
}

async function allFiles(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  return found.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

function blobFile(folder: string, digest: Digest): string {
  return join(folder, 'blobs', digestAlgorithm(digest), digestEncoded(digest))
}

function pieces(bytes: Uint8Array, size: number) {
  return async function* (offset = 0): AsyncGenerator<Uint8Array> {
    for (let at = offset; at < bytes.byteLength; at += size) yield bytes.slice(at, at + size)
  }
}

function faultyAfter(bytes: number) {
  return faultyBody(bytesBody(randomBytes(bytes * 2, 'faulty')), { failAfterBytes: bytes })
}

/** Handles of this process on files of the folder, where the system tells. */
function openFilesIn(folder: string): string[] {
  if (process.platform !== 'linux') return []
  const listing = execFileSync('ls', ['-l', `/proc/${process.pid}/fd`], { encoding: 'utf8' })
  return listing.split('\n').filter((line) => line.includes(folder))
}

/** The name by which a process would own files that has ended. */
function deadProcess(): string {
  const pid = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }))
  return ownerOf(pid)
}

function ownerOf(pid: number): string {
  return `${pid}-1-${thisProcess().place}`
}
