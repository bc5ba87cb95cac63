import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { indexTar, openFile, type TarEntry } from '@crossdock/archive'
import { bytesBody, type ImageDestination } from '@crossdock/core'
import { testBlob, testImage, testIndex, testManifest, writeImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { dockerArchiveTransport } from '../../src/index.ts'
import { fixture } from '../archives.ts'
import { collect, readImage } from '../read-image.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const transport = dockerArchiveTransport({ durability: 'fast' })
const image = testImage({ format: 'docker' })

async function newFile(): Promise<string> {
  return join(await temporaryFolder(), 'a.tar')
}

interface Member extends Pick<TarEntry, 'path' | 'type' | 'size' | 'uid' | 'gid' | 'mtime' | 'linkName'> {
  readonly content: string
}

async function membersOf(file: string): Promise<Member[]> {
  await using access = await openFile(file)
  const bytes = await readFile(file)
  const { entries } = await indexTar(access)
  return entries.map(({ path, type, size, uid, gid, mtime, linkName, offset }) => {
    return { path, type, size, uid, gid, mtime, linkName, content: bytes.toString('latin1', offset, offset + size) }
  })
}

describe('a docker archive that is written', () => {
  it.each(['1.9', '1.22'])(
    'has the members that skopeo %s writes, in their order, with their content',
    async (version) => {
      const theirs = fixture(`skopeo-${version}-docker-archive.tar`)
      const read = await readImage(transport.parseReference(theirs))
      const file = await newFile()
      {
        await using destination = await transport.parseReference(`${file}:app:1`).openDestination!()
        for (const [place, layer] of read.parsed.layers.entries()) {
          await destination.putBlob(bytesBody(read.layers[place]!), layer)
        }
        await destination.putBlob(bytesBody(read.config), read.parsed.config)
        await destination.putManifest(read.manifest)
        await destination.commit()
      }
      expect(await membersOf(file)).toEqual(await membersOf(theirs))
    },
  )

  it('has all of its members read-only, of nobody and of no time', async () => {
    const file = await newFile()
    await writeImage(transport.parseReference(file), image)
    await using access = await openFile(file)
    for (const { mode, uid, gid, mtime } of (await indexTar(access)).entries) {
      expect({ mode, uid, gid, mtime }).toEqual({ mode: 0o444, uid: 0, gid: 0, mtime: 0 })
    }
  })

  it('is the same bytes each time, whether digests and sizes are known beforehand or not', async () => {
    const files = await Promise.all([newFile(), newFile(), newFile()])
    for (const file of files.slice(0, 2)) await writeImage(transport.parseReference(`${file}:app`), image)
    {
      await using destination = await transport.parseReference(`${files[2]}:app`).openDestination!()
      for (const { bytes, descriptor } of image.blobs) {
        const { open } = bytesBody(bytes)
        await destination.putBlob({ open }, { mediaType: descriptor.mediaType })
      }
      await destination.putManifest(image.root)
      await destination.commit()
    }
    const [first, ...others] = await Promise.all(files.map((file) => readFile(file)))
    for (const other of others) expect(other.equals(first!)).toBe(true)
  })

  it.each([
    [
      ':app:1',
      ['docker.io/library/app:1'],
      { 'docker.io/library/app': { '1': expect.stringMatching(/^[0-9a-f]{64}$/) } },
    ],
    [':h.example/team/app', ['h.example/team/app:latest'], { 'h.example/team/app': { latest: expect.any(String) } }],
    ['', null, {}],
  ])('has the name %j', async (suffix, tags, repositories) => {
    const file = await newFile()
    await writeImage(transport.parseReference(file + suffix), image)
    const members = new Map((await membersOf(file)).map(({ path, content }) => [path, content]))
    expect(JSON.parse(members.get('manifest.json')!)).toMatchObject([{ RepoTags: tags }])
    expect(JSON.parse(members.get('repositories')!)).toEqual(repositories)
    expect(await collect(transport.parseReference(file).tags())).toEqual(tags ?? [])
  })

  it.each(['docker', 'oci'] as const)('keeps layers in gzip, of a manifest of %s', async (format) => {
    const packed = testImage({ format, compression: 'gzip' })
    const file = await newFile()
    await writeImage(transport.parseReference(file), packed)
    const layers = packed.blobs.slice(1).map(({ descriptor }) => descriptor)
    const members = await membersOf(file)
    const names = layers.map(({ digest }) => `${digest.replace('sha256:', '')}.tar.gz`)
    const listed = JSON.parse(members.find(({ path }) => path === 'manifest.json')?.content ?? '') as unknown
    expect(listed).toMatchObject([{ Layers: names }])
    const links = members.filter(({ type }) => type === 'symlink').map(({ linkName }) => linkName)
    expect(links).toEqual(names.map((name) => `../${name}`))
    const { parsed } = await readImage(transport.parseReference(file))
    expect(parsed.layers.map(({ digest }) => digest)).toEqual(layers.map(({ digest }) => digest))
    expect(parsed.config.digest).toBe(packed.blobs[0]?.descriptor.digest)
  })

  it('may have no layers, and one layer twice', async () => {
    for (const count of [0, 2]) {
      const layer = testBlob(new Uint8Array(1024), { mediaType: 'application/vnd.docker.image.rootfs.diff.tar' })
      const layers = Array.from({ length: count }, () => layer)
      const reference = transport.parseReference(await newFile())
      await using destination = await reference.openDestination!()
      await putConfigAndLayers(destination, layers)
      await destination.commit()
      expect((await readImage(reference)).layers).toHaveLength(count)
    }
  })

  it('takes a config that came without its media type', async () => {
    const reference = transport.parseReference(await newFile())
    await using destination = await reference.openDestination!()
    for (const { bytes } of image.blobs) await destination.putBlob(bytesBody(bytes), {})
    await destination.putManifest(image.root)
    await destination.commit()
    expect((await readImage(reference)).parsed.config.digest).toBe(image.blobs[0]!.descriptor.digest)
  })

  it('that cannot have its name leaves what is there, and nothing else', async () => {
    const file = await newFile()
    const reference = transport.parseReference(file)
    {
      await using destination = await reference.openDestination!()
      for (const { bytes, descriptor } of image.blobs) await destination.putBlob(bytesBody(bytes), descriptor)
      await destination.putManifest(image.root)
      await mkdir(file)
      const failure = { code: 'IO', message: expect.stringContaining(file) }
      await expect(destination.commit()).rejects.toMatchObject(failure)
      await expect(destination.commit()).rejects.toMatchObject({ code: 'CONFLICT' })
    }
    expect(await readdir(dirname(file))).toEqual(['a.tar'])
  })
})

/** A config for the layers, and a manifest of both. */
async function putConfigAndLayers(
  destination: ImageDestination,
  layers: readonly ReturnType<typeof testBlob>[],
  change: { readonly diffIds?: readonly string[] } = {},
): Promise<void> {
  const diffIds = change.diffIds ?? layers.map(({ descriptor }) => descriptor.digest)
  const config = testBlob(Buffer.from(JSON.stringify({ os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } })), {
    mediaType: 'application/vnd.docker.container.image.v1+json',
  })
  for (const { bytes, descriptor } of [config, ...layers]) await destination.putBlob(bytesBody(bytes), descriptor)
  const mediaType = 'application/vnd.docker.distribution.manifest.v2+json'
  const list = layers.map(({ descriptor }) => descriptor)
  await destination.putManifest(
    testManifest({ schemaVersion: 2, mediaType, config: config.descriptor, layers: list }, { mediaType }),
  )
}

async function newDestination(): Promise<ImageDestination> {
  return await transport.parseReference(await newFile()).openDestination!()
}

describe('what a docker archive does not take', () => {
  const layer = testBlob(new Uint8Array(1024), { mediaType: 'application/vnd.docker.image.rootfs.diff.tar' })

  it('layers that are not those of the config', async () => {
    await using destination = await newDestination()
    const digest = image.blobs[0]!.descriptor.digest
    await expect(putConfigAndLayers(destination, [layer], { diffIds: [digest] })).rejects.toMatchObject({
      code: 'INVALID_DATA',
      message: expect.stringContaining(`the config says ${digest}`),
    })
    await expect(putConfigAndLayers(destination, [layer], { diffIds: [] })).rejects.toThrow(
      /1 layers, but its config 0/,
    )
    await expect(putConfigAndLayers(destination, [], { diffIds: [digest] })).rejects.toThrow(
      /0 layers, but its config 1/,
    )
  })

  it('a manifest whose blobs were not put: it says which', async () => {
    await using destination = await newDestination()
    const [config, ...layers] = image.blobs
    const failure = { code: 'INVALID_DATA', missing: [config!.descriptor.digest] }
    await expect(destination.putManifest(image.root)).rejects.toMatchObject(failure)
    await destination.putBlob(bytesBody(config!.bytes), config!.descriptor)
    const missing = layers.map(({ descriptor }) => descriptor.digest)
    await expect(destination.putManifest(image.root)).rejects.toMatchObject({ missing })
  })

  it('manifests of other types, instances, and configs over 4 MiB', async () => {
    await using destination = await newDestination()
    const index = testIndex({ entries: [image] })
    await expect(destination.putManifest(index.root)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(destination.putManifest(image.root, { instance: image.root.digest })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('takes one image'),
    })
    const huge = bytesBody(new Uint8Array(4 * 1024 * 1024 + 1))
    const { mediaType } = image.blobs[0]!.descriptor
    await expect(destination.putBlob(huge, { mediaType })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('nothing to commit', async () => {
    await using destination = await newDestination()
    await expect(destination.commit()).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })

  it('a folder in its place, before anything is opened', async () => {
    const folder = await temporaryFolder()
    await expect(transport.parseReference(folder).openDestination!()).rejects.toMatchObject({ code: 'CONFLICT' })
    await writeFile(join(folder, 'file'), '')
    await expect(transport.parseReference(join(folder, 'file/a.tar')).openDestination!()).rejects.toMatchObject({
      code: expect.stringMatching(/IO|CONFLICT/),
    })
    expect(await readdir(folder)).toEqual(['file'])
  })

  it('a layer that is packed where its media type says plain', async () => {
    await using destination = await newDestination()
    const packed = testBlob(gzipSync(Buffer.alloc(1024)), { mediaType: layer.descriptor.mediaType })
    const diffIds = [testBlob(gunzipSync(packed.bytes)).descriptor.digest]
    await expect(putConfigAndLayers(destination, [packed], { diffIds })).rejects.toThrow(
      /plain layer is named by its diff ID/,
    )
  })
})
