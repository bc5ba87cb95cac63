import { createReadStream } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { writeTar, type TarInput } from '@crossdock/archive'
import { digestEncoded, digestOf, ImageError, type UnparsedImage } from '@crossdock/core'
import { LAYOUT_MARKER, OCI_INDEX, OCI_MANIFEST } from '@crossdock/formats'
import { testImage, type TestImage } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { loadArchive, openStore, type Store } from '../../src/index.ts'
import { allOf } from '../all-of.ts'
import { temporaryFolder } from '../temporary-folder.ts'

function fixture(name: string): AsyncIterable<Uint8Array> {
  return createReadStream(new URL(`../fixtures/linuxkit/${name}`, import.meta.url))
}

async function emptyStore(): Promise<Store> {
  return await openStore({ folder: await temporaryFolder(), durability: 'fast' })
}

async function names(store: Store): Promise<readonly string[]> {
  return (await store.images.list()).map(({ name }) => name)
}

interface Entry {
  readonly image: TestImage
  readonly annotations?: Readonly<Record<string, string>>
}

function file(path: string, content: Uint8Array): TarInput {
  return { path, size: content.byteLength, content }
}

/** An OCI archive of these images. */
function layoutTar(entries: readonly Entry[], { prefix = '', change = (bytes: Uint8Array) => bytes } = {}) {
  const blobs = entries.flatMap(({ image }) => [
    ...image.blobs.map(({ descriptor, bytes }) => ({ digest: descriptor.digest, bytes: change(bytes) })),
    ...image.manifests,
  ])
  const index = {
    schemaVersion: 2,
    manifests: entries.map(({ image: { root }, annotations }) => ({
      mediaType: root.mediaType,
      digest: root.digest,
      size: root.bytes.byteLength,
      annotations,
    })),
  }
  const members = [
    ...blobs.map(({ digest, bytes }) => {
      return file(`${prefix}blobs/${digest.slice(0, 6)}/${digestEncoded(digest)}`, bytes)
    }),
    file(`${prefix}index.json`, Buffer.from(JSON.stringify(index))),
    file(`${prefix}oci-layout`, Buffer.from(LAYOUT_MARKER)),
  ]
  return writeTar(members)
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

describe('an archive that is loaded', () => {
  it('of an index brings everything that it lists', async () => {
    await using store = await emptyStore()
    const [loaded, ...others] = await loadArchive(store, fixture('oci-index.tar'))
    expect(others).toEqual([])
    expect(loaded?.target.mediaType).toBe(OCI_INDEX)
    expect(await names(store)).toEqual(['docker.io/library/multi3:1'])
    expect(await allOf(store.verify())).toEqual([])
  })

  it('of docker save brings the image, whose manifest is made', async () => {
    await using store = await emptyStore()
    const [loaded] = await loadArchive(store, fixture('v1.tar'))
    expect(loaded?.names).toEqual(await names(store))
    expect(await store.content.has(loaded!.target.digest)).toBe(true)
  })

  it.each(['v1-truncated.tar', 'oci.tar'])(
    'that is known to be bad, %s, is refused and leaves no name',
    async (name) => {
      await using store = await emptyStore()
      await expect(loadArchive(store, fixture(name))).rejects.toMatchObject({ code: 'INVALID_DATA' })
      expect(await names(store)).toEqual([])
    },
  )

  it('is judged before anything of it is stored', async () => {
    await using store = await emptyStore()
    const asked: string[] = []
    const admit = ({ reference }: UnparsedImage): never => {
      asked.push(String(reference))
      throw new ImageError('REJECTED_BY_POLICY', 'no image is accepted')
    }
    const loading = loadArchive(store, fixture('oci-index.tar'), { admit })
    await expect(loading).rejects.toMatchObject({ code: 'REJECTED_BY_POLICY' })
    expect(asked).toEqual(['multi3:1'])
    expect(await names(store)).toEqual([])
    expect(await allOf(store.content.list())).toEqual([])
  })

  it('may have "./" before its paths, be packed, and use sha512', async () => {
    await using store = await emptyStore()
    const image = testImage({ algorithm: 'sha512' })
    const tar = layoutTar([{ image, annotations: { 'io.containerd.image.name': 'a.example/b:1' } }], { prefix: './' })
    const [loaded] = await loadArchive(store, once(gzipSync(await bytesOf(tar))))
    expect(loaded?.target.digest).toBe(image.root.digest)
    for (const { descriptor } of image.blobs) expect(await store.content.has(descriptor.digest)).toBe(true)
  })

  it('with other bytes than its names say leaves no name, not even that of a good image in it', async () => {
    await using store = await emptyStore()
    const bad = testImage({ seed: 'bad' })
    const last = bad.blobs.at(-1)!.bytes
    const change = (bytes: Uint8Array): Uint8Array => (bytes === last ? bytes.map((byte) => byte ^ 1) : bytes)
    const tar = layoutTar(
      [
        { image: testImage({ seed: 'good' }), annotations: { 'io.containerd.image.name': 'a.example/good:1' } },
        { image: bad, annotations: { 'io.containerd.image.name': 'a.example/bad:1' } },
      ],
      { change },
    )
    await expect(loadArchive(store, tar)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' })
    expect(await names(store)).toEqual([])
    expect(await store.content.has(bad.blobs.at(-1)!.descriptor.digest)).toBe(false)
    expect(await store.leases.list()).toEqual([])
  })

  it.each([
    [
      { 'io.containerd.image.name': 'docker.io/library/x:1', 'org.opencontainers.image.ref.name': '1' },
      {},
      ['docker.io/library/x:1'],
    ],
    [{ 'org.opencontainers.image.ref.name': 'x:1' }, {}, ['docker.io/library/x:1']],
    [{ 'org.opencontainers.image.ref.name': '1' }, { prefix: 'a.example/x' }, ['a.example/x:1']],
    [{ 'org.opencontainers.image.ref.name': '1' }, { name: 'y:2' }, ['docker.io/library/y:2']],
    [undefined, { name: 'y' }, ['docker.io/library/y:latest']],
  ])('with the annotations %j and the options %j is called %j', async (annotations, options, expected) => {
    await using store = await emptyStore()
    await loadArchive(
      store,
      layoutTar([{ image: testImage(), ...(annotations !== undefined && { annotations }) }]),
      options,
    )
    expect(await names(store)).toEqual(expected)
  })

  it('of which nobody knows the name is refused', async () => {
    await using store = await emptyStore()
    const tar = layoutTar([{ image: testImage(), annotations: { 'org.opencontainers.image.ref.name': '1' } }])
    await expect(loadArchive(store, tar)).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })

  it('that holds something else is refused', async () => {
    await using store = await emptyStore()
    await expect(loadArchive(store, once(new Uint8Array()))).rejects.toMatchObject({ code: 'INVALID_DATA' })
    await expect(loadArchive(store, once(Buffer.from('no tar at all')))).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })

  it('of an index that is not whole brings what is there', async () => {
    await using store = await emptyStore()
    const image = testImage()
    const absent = { mediaType: OCI_MANIFEST, digest: digestOf(Buffer.from('absent')), size: 6 }
    const { root } = image
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [{ mediaType: root.mediaType, digest: root.digest, size: root.bytes.byteLength }, absent],
      }),
    )
    const index = { bytes, mediaType: OCI_INDEX, digest: digestOf(bytes) }
    await loadArchive(store, layoutTar([{ image: { ...image, root: index, manifests: [root, index] } }]), { name: 'x' })
    expect(await store.content.has(root.digest)).toBe(true)
  })
})
