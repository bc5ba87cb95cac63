import { chmod, mkdir, readFile, rm, unlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Descriptor, type Digest, digestOf, type ProgressEvent } from '@crossdock/core'
import { testImage, testIndex, type TestImage } from '@crossdock/transport-testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { contentFiles } from '../../src/content/content-files.ts'
import { contextOf } from '../../src/context-of.ts'
import { openStore } from '../../src/open-store.ts'
import { storePaths } from '../../src/store-paths.ts'
import type { Finding, Store, VerifyOptions } from '../../src/store.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const IMAGE = testImage({ layers: 2 })
const [LAYER, CONFIG] = blobsOf(IMAGE)
const NAME = 'registry.test/app:1'

function blobsOf({ blobs }: TestImage): readonly [layer: Digest, config: Digest] {
  const [config, layer] = blobs
  if (config === undefined || layer === undefined) throw new Error('the image has no blobs')
  return [layer.descriptor.digest, config.descriptor.digest]
}

function targetOf({ root }: TestImage): Descriptor {
  return { mediaType: root.mediaType, digest: root.digest, size: root.bytes.byteLength }
}

async function storeWith(image: TestImage): Promise<Store> {
  const store = await openStore({ folder: await temporaryFolder(), durability: 'fast' })
  onTestFinished(() => store[Symbol.asyncDispose]())
  const contents = [
    ...image.blobs.map(({ descriptor, bytes }) => ({ digest: descriptor.digest, bytes })),
    ...image.manifests,
  ]
  for (const { digest, bytes } of contents) {
    await using ingest = await store.content.ingest({ ref: digest })
    await ingest.write(bytes)
    await ingest.commit({ digest })
  }
  await store.images.put({ name: NAME, target: targetOf(image) })
  return store
}

async function findings(store: Store, options?: VerifyOptions): Promise<readonly Pick<Finding, 'kind' | 'subject'>[]> {
  const all: Pick<Finding, 'kind' | 'subject'>[] = []
  for await (const { kind, subject, message } of store.verify(options)) {
    expect(message).not.toBe('')
    all.push({ kind, subject })
  }
  return all
}

function pathOf({ folder }: Store, digest: Digest): string {
  return storePaths(folder).blobs.pathOf(digest)
}

async function overwrite(store: Store, digest: Digest, change: (bytes: Buffer) => Uint8Array): Promise<void> {
  const path = pathOf(store, digest)
  await chmod(path, 0o644)
  await writeFile(path, change(await readFile(path)))
}

function flipped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte)))
}

describe('verifying a store', () => {
  it('finds nothing in a good one, and tells how far it is', async () => {
    const store = await storeWith(IMAGE)
    const events: ProgressEvent[] = []
    expect(await findings(store, { onProgress: (event) => void events.push(event) })).toStrictEqual([])
    expect(events.filter(({ type }) => type === 'plan')).toMatchObject([{ blobs: 4 }])
    expect(events.filter(({ type }) => type === 'blob:start')).toHaveLength(4)
    expect(events.filter(({ type }) => type === 'blob:done')).toHaveLength(4)
  })

  it('finds bytes that changed, unless only sizes are looked at, and a pull replaces them', async () => {
    const store = await storeWith(IMAGE)
    await overwrite(store, LAYER, flipped)
    expect(await findings(store, { hash: false })).toStrictEqual([])
    expect(await findings(store)).toStrictEqual([{ kind: 'digest', subject: LAYER }])
    const bytes = IMAGE.blobs.find(({ descriptor }) => descriptor.digest === LAYER)?.bytes ?? new Uint8Array()
    await using ingest = await store.content.ingest({ ref: 'again', digest: LAYER })
    await ingest.write(bytes)
    expect(await ingest.commit()).toMatchObject({ existed: false })
    expect(await findings(store)).toStrictEqual([])
  })

  it('finds a change that the times do not show, and does not trust the blob any more', async () => {
    const store = await storeWith(IMAGE)
    const { trust } = contentFiles(contextOf(store))
    await overwrite(store, LAYER, flipped)
    await trust.record(LAYER) // as if nothing had changed
    expect(await findings(store)).toStrictEqual([{ kind: 'digest', subject: LAYER }])
    await using _ = await store.content.ingest({ ref: 'again', digest: LAYER })
  })

  it('finds blobs of another size', async () => {
    const store = await storeWith(IMAGE)
    await overwrite(store, CONFIG, (bytes) => bytes.subarray(1))
    expect(await findings(store, { hash: false })).toStrictEqual([{ kind: 'size', subject: CONFIG }])
    expect(await findings(store)).toContainEqual({ kind: 'digest', subject: CONFIG })
  })

  it('finds what an image lacks, and names without an image', async () => {
    const store = await storeWith(IMAGE)
    await unlink(pathOf(store, LAYER))
    expect(await findings(store)).toStrictEqual([{ kind: 'missing', subject: LAYER }])
    await unlink(pathOf(store, IMAGE.root.digest))
    expect(await findings(store)).toStrictEqual([{ kind: 'dangling-name', subject: NAME }])
    const other = store.namespace('other')
    await other.images.put({ name: 'elsewhere', target: targetOf(IMAGE) })
    expect(await findings(other)).toStrictEqual([
      { kind: 'dangling-name', subject: NAME },
      { kind: 'dangling-name', subject: 'elsewhere' },
    ])
  })

  it('takes an index with images that nobody asked for as it is', async () => {
    const index = testIndex()
    const store = await storeWith(index)
    const [absent] = index.manifests
    if (absent !== undefined) await unlink(pathOf(store, absent.digest))
    expect(await findings(store)).toStrictEqual([])
  })

  it('finds something else in place of a blob', async () => {
    const store = await storeWith(IMAGE)
    await unlink(pathOf(store, LAYER))
    await mkdir(pathOf(store, LAYER))
    expect(await findings(store)).toContainEqual({ kind: 'missing', subject: LAYER })
  })

  it('finds what nobody needs, once it is old', async () => {
    const store = await storeWith(IMAGE)
    await using ingest = await store.content.ingest({ ref: 'orphan' })
    await ingest.write(Buffer.from('nobody needs it'))
    const { info } = await ingest.commit()
    expect(await findings(store)).toStrictEqual([])
    await utimes(pathOf(store, info.digest), new Date(0), new Date(0))
    const stranger = join(dirname(pathOf(store, LAYER)), 'readme.txt')
    await writeFile(stranger, 'x')
    const empty = join(store.folder, 'ingest', 'empty')
    await mkdir(empty)
    expect(await findings(store)).toStrictEqual([
      { kind: 'orphan', subject: stranger },
      { kind: 'orphan', subject: empty },
      { kind: 'orphan', subject: info.digest },
    ])
  })

  it('finds an index.json that cannot be read, or that lists what is not there', async () => {
    const store = await storeWith(IMAGE)
    const path = join(store.folder, 'index.json')
    const index: unknown = JSON.parse(await readFile(path, 'utf8'))
    const absent = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: digestOf(Buffer.from('x')),
      size: 1,
    }
    const { manifests }: { manifests?: readonly unknown[] } = { ...Object(index) }
    await writeFile(path, JSON.stringify({ ...Object(index), manifests: [...(manifests ?? []), absent] }))
    expect(await findings(store)).toStrictEqual([{ kind: 'index', subject: absent.digest }])
    await writeFile(path, '{"manifests":')
    expect(await findings(store)).toContainEqual({ kind: 'index', subject: path })
    await rm(path)
    await store.images.put({ name: NAME, target: targetOf(IMAGE) })
    expect(await findings(store)).toStrictEqual([])
  })

  it('ends with the reason of an abort', async () => {
    const store = await storeWith(IMAGE)
    const controller = new AbortController()
    const reason = new Error('enough')
    const verifying = findings(store, { signal: controller.signal, onProgress: () => controller.abort(reason) })
    await expect(verifying).rejects.toBe(reason)
  })
})
