import { execFileSync } from 'node:child_process'
import { appendFile, cp, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  digestEncoded,
  digestOf,
  type Descriptor,
  type Digest,
  type ImageError,
  type ImageSource,
} from '@crossdock/core'
import { blobsOf, childrenOf, parseManifest } from '@crossdock/formats'
import { readVerified } from '@crossdock/streams'
import { randomBytes, testBlob, testImage, testIndex, writeImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { ociDirTransport, type OciDirReference } from '../src/index.ts'
import { fixture, TESTREPO } from './fixtures.ts'
import { collect } from './collect.ts'
import { temporaryFolder } from './temporary-folder.ts'

const oci = ociDirTransport()

describe('layouts of other programs', () => {
  it('reads every image of a layout with all its blobs, by name and by digest', async () => {
    const names = await collect(oci.parseReference(TESTREPO).tags())
    expect(names).toHaveLength(24)
    for (const name of names) {
      const reference = oci.parseReference(`${TESTREPO}:@0`)
      await using source = await nameIn(TESTREPO, name).openSource()
      const manifest = await source.getManifest()
      expect(await readAll(source, manifest.digest)).toBeGreaterThan(0)
      await using byDigest = await oci.parseReference(`${TESTREPO}@${manifest.digest}`).openSource()
      expect(await byDigest.getManifest()).toEqual(manifest)
      expect(reference.index).toBe(0)
    }
  })

  it('finds instances and what only indexes list by digest', async () => {
    await using source = await oci.parseReference(`${TESTREPO}:v1`).openSource()
    const [child] = childrenOf(parseManifest(await source.getManifest()))
    expect(child).toBeDefined()
    const digest = child?.digest as Digest
    const instance = await source.getManifest(digest)
    expect(instance).toMatchObject({ digest, mediaType: child?.mediaType })
    await using direct = await oci.parseReference(`${TESTREPO}@${digest}`).openSource()
    expect((await direct.getManifest()).digest).toBe(digest)
    // an instance of another image of the layout
    await using other = await oci.parseReference(`${TESTREPO}:a1`).openSource()
    expect((await other.getManifest(digest)).digest).toBe(digest)
  })

  it('lists referrers from the referrers tag, from indexes and from entries without a name', async () => {
    await using source = await oci.parseReference(`${TESTREPO}:v2`).openSource()
    const { digest } = await source.getManifest()
    const found = await collect(source.referrers?.(digest))
    expect(new Set(found.map((referrer) => referrer.artifactType))).toEqual(
      new Set(['application/example.sbom', 'application/example.signature']),
    )
    expect(new Set(found.map((referrer) => referrer.digest)).size).toBe(found.length)
    for (const referrer of found) {
      expect(parseManifest(await source.getManifest(referrer.digest)).subject?.digest).toBe(digest)
    }
  })

  it('takes a referrers tag that names an image for none', async () => {
    await using source = await oci.parseReference(`${TESTREPO}:mirror`).openSource()
    expect(await collect(source.referrers?.((await source.getManifest()).digest))).toEqual([])
  })

  it('reads the only image without a name, and says why it cannot when there are several', async () => {
    await using source = await oci.parseReference(fixture('go-containerregistry/test_index_one_image')).openSource()
    expect((await source.getManifest()).digest).toBe(
      'sha256:98ceaf93e482fe91b9bfd6bba07137c098e49ee2d55e69f09fb6c951e75e0e46',
    )
    await expect(oci.parseReference(fixture('go-containerregistry/test_index')).openSource()).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('"1", "2", "3", "4"'),
    })
  })

  it.each([
    [
      '1',
      'application/vnd.oci.image.manifest.v1+json',
      'sha256:eebff607b1628d67459b0596643fc07de70d702eccf030f0bc7bb6fc2b278650',
    ],
    [
      '3',
      'application/vnd.oci.image.index.v1+json',
      'sha256:05f95b26ed10668b7183c1e2da98610e91372fa9f510046d4ce5812addad86b5',
    ],
    [
      '4',
      'application/vnd.docker.distribution.manifest.list.v2+json',
      'sha256:2b29a2b8dea3af91ea7d0154be1da0c92d55ddd098540930fc8d3db7de377fdb',
    ],
  ])('reads the entry %s as %s', async (name, mediaType, digest) => {
    await using source = await nameIn(fixture('go-containerregistry/test_index'), name).openSource()
    expect(await source.getManifest()).toMatchObject({ mediaType, digest })
  })

  it('says which types images have when an entry is of another type', async () => {
    await expect(nameIn(fixture('go-containerregistry/test_index'), '2').openSource()).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('application/vnd.oci.descriptor.v1+json'),
    })
  })

  it('reads by place', async () => {
    await using source = await oci.parseReference(`${TESTREPO}:@3`).openSource()
    expect((await source.getManifest()).digest).toBe(
      'sha256:7ceb9b6bcc274697d0c38be6214b50cec79d601bc61708747d3f6cb772f6c6fa',
    )
    await expect(oci.parseReference(`${TESTREPO}:@26`).openSource()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('what is missing', () => {
  it.each([
    ['no-such-folder', 'NOT_FOUND', 'no-such-folder'],
    ['no-such-folder:tag', 'NOT_FOUND', 'no-such-folder'],
  ])('%s', async (name, code, text) => {
    const folder = await temporaryFolder()
    await expect(oci.parseReference(join(folder, name)).openSource()).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text),
    })
  })

  it('names what there is when a name is unknown', async () => {
    await expect(nameIn(TESTREPO, 'v9').openSource()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('"v1"'),
    })
  })

  it('names digest and path of a missing blob', async () => {
    const { folder, image } = await written()
    const blob = image.blobs[0]!.descriptor
    await rm(blobFile(folder, blob.digest))
    await using source = await oci.parseReference(folder).openSource()
    await expect(source.getBlob(blob)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(digestEncoded(blob.digest)),
    })
  })
})

describe('the marker and index.json', () => {
  it.each([
    [undefined, 'INVALID_DATA'],
    ['{"imageLayoutVersion":"9.9.9"}', 'UNSUPPORTED'],
    ['{"imageLayoutVersion":"1.1.0"}', 'UNSUPPORTED'],
    ['{"imageLayoutVersion":1}', 'INVALID_DATA'],
    ['null', 'INVALID_DATA'],
    ['', 'INVALID_DATA'],
  ])('refuses the marker %s', async (text, code) => {
    const { folder } = await written()
    if (text === undefined) await rm(join(folder, 'oci-layout'))
    else await writeFile(join(folder, 'oci-layout'), text)
    await expect(oci.parseReference(folder).openSource()).rejects.toMatchObject({
      code,
      message: expect.stringContaining('oci-layout'),
    })
  })

  it('takes a marker that is written differently', async () => {
    const { folder } = await written()
    await writeFile(join(folder, 'oci-layout'), '{\n\t"imageLayoutVersion": "1.0.0"\n}')
    await using source = await oci.parseReference(folder).openSource()
    expect(source.reference.toString()).toBe(folder)
  })

  it.each([
    '',
    'null',
    '[]',
    '1',
    '{"schemaVersion":2,"manifests":',
    '{"schemaVersion":2,"manifests":{}}',
    '{"schemaVersion":2,"manifests":[null]}',
    '{"schemaVersion":2,"Manifests":[]}',
    '{"schemaVersion":"2","manifests":[]}',
    '{"schemaVersion":2,"mediaType":"text/plain","manifests":[]}',
    '{"schemaVersion":2,"manifests":[]} {}',
    '\uFEFF{"schemaVersion":2,"manifests":[]}',
  ])('refuses the index.json %j', async (text) => {
    const { folder } = await written()
    await writeFile(join(folder, 'index.json'), text)
    await expect(oci.parseReference(folder).openSource()).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining('index.json'),
    })
  })

  it('refuses invalid UTF-8, endless nesting and what is too large', async () => {
    const { folder } = await written()
    await writeFile(join(folder, 'index.json'), Buffer.from([0x22, 0xff, 0x22]))
    await expect(oci.parseReference(folder).openSource()).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await writeFile(join(folder, 'index.json'), '['.repeat(300_000))
    await expect(oci.parseReference(folder).openSource()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    await writeFile(join(folder, 'index.json'), ' '.repeat(2000))
    const strict = ociDirTransport({ maxIndexBytes: 1000 })
    await expect(strict.parseReference(folder).openSource()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('refuses one name on two images, and takes the same entry twice', async () => {
    const { folder, image } = await written('t')
    const [entry] = (await readIndexJson(folder)).manifests
    await writeIndexJson(folder, [entry, entry])
    await using source = await nameIn(folder, 't').openSource()
    expect((await source.getManifest()).digest).toBe(image.root.digest)
    await writeIndexJson(folder, [entry, { ...entry, digest: `sha256:${'0'.repeat(64)}` }])
    await expect(nameIn(folder, 't').openSource()).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('"t"'),
    })
  })

  it.each([
    [{ digest: 'sha256:../../x' }],
    [{ digest: null }],
    [{ size: -1 }],
    [{ size: '5' }],
    [{ size: 1.5 }],
    [{ size: 2 ** 62 }],
    [{ mediaType: 5 }],
  ])('checks the entry that is used: %j', async (change) => {
    const { folder } = await written('t')
    const [entry] = (await readIndexJson(folder)).manifests
    await writeIndexJson(folder, [{ ...entry, ...change }])
    await expect(nameIn(folder, 't').openSource()).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining('manifests[0]'),
    })
  })

  it('shows names that are not fit for a terminal escaped', async () => {
    const { folder } = await written('t')
    const [entry] = (await readIndexJson(folder)).manifests
    await writeIndexJson(folder, [{ ...entry, annotations: { 'org.opencontainers.image.ref.name': 'a\u001b[31m' } }])
    const failure = await failureOf(nameIn(folder, 'b').openSource())
    expect(failure.message).not.toContain('\u001b')
  })
})

describe('manifests', () => {
  it.each([
    ['a flipped bit', async (path: string) => writeFile(path, flipped(await readFile(path)))],
    ['appended white space', (path: string) => appendFile(path, ' ')],
    ['a cut', (path: string) => truncate(path, 10)],
    ['nothing', (path: string) => truncate(path, 0)],
  ])('are refused with %s', async (_what, damage) => {
    const { folder, image } = await written()
    await damage(blobFile(folder, image.root.digest))
    await using source = await oci.parseReference(folder).openSource()
    await expect(source.getManifest()).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(digestEncoded(image.root.digest)),
    })
  })

  it('are refused over 4 MiB before they are read', async () => {
    const { folder } = await written('t')
    const [entry] = (await readIndexJson(folder)).manifests
    await writeIndexJson(folder, [{ ...entry, size: 5_000_000 }])
    await using source = await nameIn(folder, 't').openSource()
    await expect(source.getManifest()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('are found by digest only if something lists them', async () => {
    const { folder, image } = await written()
    await using source = await oci.parseReference(folder).openSource()
    await expect(source.getManifest(image.blobs[0]!.descriptor.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(oci.parseReference(`${folder}@${digestOf(new Uint8Array(1))}`).openSource()).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  it('are found by many at once', async () => {
    const folder = await temporaryFolder()
    const image = testIndex()
    await writeImage(oci.parseReference(folder), image)
    await using source = await oci.parseReference(folder).openSource()
    const digests = image.manifests.map((manifest) => manifest.digest)
    const read = await Promise.all([...digests, ...digests].map((digest) => source.getManifest(digest)))
    expect(read.map((manifest) => manifest.digest)).toEqual([...digests, ...digests])
  })
})

describe('blobs', () => {
  it('are read from any offset, by several readers at once, in chunks that may be kept', async () => {
    const { folder, source, blob, bytes } = await withBigBlob()
    const offsets = [0, 1, 1024 * 1024, 3_000_000, bytes.length - 1, bytes.length, bytes.length + 5]
    const parts = await Promise.all(
      offsets.map(async (offset) => {
        const reader = await source.getBlob(blob, { offset })
        expect(reader.size).toBe(bytes.length)
        return Buffer.concat(await collect(reader))
      }),
    )
    for (const [index, part] of parts.entries()) expect(part.equals(bytes.subarray(offsets[index]))).toBe(true)
    expect(folder).not.toBe('')
  })

  it('are refused by size before a byte is read', async () => {
    const { source, blob } = await withBigBlob()
    await expect(source.getBlob({ ...blob, size: blob.size - 1 })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    await expect(source.getBlob({ ...blob, size: 2 ** 52 })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  it('stop at an abort with its reason, and release the file when left early', async () => {
    const { source, blob } = await withBigBlob()
    const controller = new AbortController()
    const reader = await source.getBlob(blob, { signal: controller.signal })
    const reason = { my: 'reason' }
    await expect(async () => {
      for await (const chunk of reader) if (chunk.byteLength > 0) controller.abort(reason)
    }).rejects.toBe(reason)
    for await (const chunk of await source.getBlob(blob)) if (chunk.byteLength > 0) break
    const unused = await source.getBlob(blob)
    await unused[Symbol.asyncDispose]()
    expect(openFiles(digestEncoded(blob.digest))).toBe(0)
  })

  it('are left alone under a signal that is aborted already', async () => {
    const { source, blob } = await withBigBlob()
    const signal = AbortSignal.abort('stop')
    await expect(source.getBlob(blob, { signal })).rejects.toBe('stop')
    await expect(source.getManifest(undefined, { signal })).rejects.toBe('stop')
    await expect(oci.parseReference('/x').openSource({ signal })).rejects.toBe('stop')
    await expect(collect(source.referrers?.(blob.digest, { signal }))).rejects.toBe('stop')
  })

  it('come from the shared folder where there is one', async () => {
    const { folder, image } = await written()
    const shared = join(await temporaryFolder(), 'blobs')
    await rename(join(folder, 'blobs'), shared)
    await using source = await ociDirTransport({ sharedBlobDir: shared }).parseReference(folder).openSource()
    expect((await source.getManifest()).digest).toBe(image.root.digest)
    expect(await readAll(source, image.root.digest)).toBeGreaterThan(0)
  })
})

describe.skipIf(process.platform === 'win32')('special files', () => {
  it.each([
    ['a pipe', (path: string) => execFileSync('sh', ['-c', 'mkfifo "$0"', path])],
    ['a folder', (path: string) => mkdir(path)],
    ['a link to a device', (path: string) => symlink('/dev/zero', path)],
    ['a link to itself', (path: string) => symlink(path, path)],
  ])('%s in place of a file is refused at once', async (_what, plant) => {
    const { folder, image } = await written()
    const blob = image.blobs[0]!.descriptor
    for (const path of [
      blobFile(folder, blob.digest),
      blobFile(folder, image.root.digest),
      join(folder, 'index.json'),
      join(folder, 'oci-layout'),
    ]) {
      const aside = `${path}.aside`
      await rename(path, aside)
      await plant(path)
      const read = async (): Promise<void> => {
        await using source = await oci.parseReference(folder).openSource()
        await source.getManifest()
        await source.getBlob(blob)
      }
      await expect(read()).rejects.toMatchObject({ code: 'INVALID_DATA', message: expect.stringContaining(path) })
      await rm(path, { recursive: true })
      await rename(aside, path)
    }
  })

  it('a link to another file is refused, too', async () => {
    const { folder, image } = await written()
    const path = blobFile(folder, image.root.digest)
    await cp(path, join(folder, 'elsewhere'))
    await rm(path)
    await symlink(join(folder, 'elsewhere'), path)
    await using source = await oci.parseReference(folder).openSource()
    await expect(source.getManifest()).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining('symbolic link'),
    })
  })
})

async function written(name?: string) {
  const folder = await temporaryFolder()
  const image = testImage()
  await writeImage(name === undefined ? oci.parseReference(folder) : nameIn(folder, name), image)
  return { folder, image }
}

async function withBigBlob() {
  const { folder } = await written()
  const bytes = Buffer.from(randomBytes(3_500_000, 'big'))
  const blob = testBlob(bytes).descriptor
  await writeFile(blobFile(folder, blob.digest), bytes)
  return { folder, source: await oci.parseReference(folder).openSource(), blob, bytes }
}

function nameIn(folder: string, name: string): OciDirReference {
  return oci.parseReference(`${folder}:${name}`)
}

function blobFile(folder: string, digest: Digest): string {
  return join(folder, 'blobs', 'sha256', digestEncoded(digest))
}

/** Reads and verifies all that a manifest reaches; returns how many documents and blobs that were. */
async function readAll(source: ImageSource, digest: Digest): Promise<number> {
  const manifest = parseManifest(await source.getManifest(digest))
  let count = 1
  for (const child of childrenOf(manifest)) count += await readAll(source, child.digest)
  for (const blob of blobsOf(manifest)) {
    const limits = { limitBytes: 1_000_000, what: 'a blob' }
    await readVerified(await source.getBlob(blob), blob satisfies Descriptor, limits)
    count++
  }
  return count
}

interface IndexJson {
  manifests: Record<string, unknown>[]
}

async function readIndexJson(folder: string): Promise<IndexJson> {
  return JSON.parse(await readFile(join(folder, 'index.json'), 'utf8')) as IndexJson
}

async function writeIndexJson(folder: string, manifests: readonly unknown[]): Promise<void> {
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
}

function flipped(bytes: Buffer): Buffer {
  bytes[bytes.length >> 1]! ^= 1
  return bytes
}

/** Handles of this process on files of that name, where the system tells. */
function openFiles(name: string): number {
  if (process.platform !== 'linux') return 0
  const listing = execFileSync('sh', ['-c', `ls -l /proc/${process.pid}/fd | grep -c ${name} || true`], {
    encoding: 'utf8',
  })
  return Number(listing.trim())
}

async function failureOf(work: Promise<unknown>): Promise<ImageError> {
  try {
    await work
  } catch (reason) {
    return reason as ImageError
  }
  throw new Error('nothing was thrown')
}
