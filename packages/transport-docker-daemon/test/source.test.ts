import { readdir, readFile } from 'node:fs/promises'
import { type Digest, digestOf, type ImageSource } from '@crossdock/core'
import { parseManifest } from '@crossdock/formats'
import { type EngineStore, packTar, startEngine, type StoredImage, type TestEngine } from '@crossdock/test-engine'
import { testImage, testIndex } from '@crossdock/transport-testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { dockerDaemonTransport } from '../src/index.ts'
import { rawEngine } from './raw-engine.ts'
import { temporaryFolder } from './temporary-folder.ts'

const image = testImage({ compression: 'gzip' })

async function newEngine(store: EngineStore, name = 'app:1', stored: StoredImage = image): Promise<TestEngine> {
  const engine = await startEngine({ store })
  onTestFinished(() => engine[Symbol.asyncDispose]())
  engine.add(name, stored)
  return engine
}

async function sourceOf({ host }: Pick<TestEngine, 'host'>, name: string): Promise<ImageSource> {
  const source = await dockerDaemonTransport({ host }).parseReference(name).openSource()
  onTestFinished(() => source[Symbol.asyncDispose]())
  return source
}

/** Of all blobs, which have to be what the manifest says. */
async function readAll(source: ImageSource, instance?: Digest): Promise<readonly Buffer[]> {
  const parsed = parseManifest(await source.getManifest(instance))
  if (parsed.kind !== 'image') throw new Error('it is an index')
  const read: Buffer[] = []
  for (const blob of [parsed.config, ...parsed.layers]) {
    const chunks: Uint8Array[] = []
    for await (const chunk of await source.getBlob(blob)) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    expect(digestOf(bytes)).toBe(blob.digest)
    read.push(bytes)
  }
  return read
}

describe('an engine that keeps plain layers', () => {
  it('gives an image the same digest by name and by ID, before Docker 25 and after', async () => {
    const digests = new Set<Digest>()
    for (const store of ['classic', 'classic-25'] as const) {
      const engine = await newEngine(store)
      for (const name of ['app:1', 'docker.io/library/app:1', image.blobs[0]!.descriptor.digest]) {
        const source = await sourceOf(engine, name)
        digests.add((await source.getManifest()).digest)
        expect(await readAll(source)).toHaveLength(3)
        expect(source.traits.makesManifest).toBe(true)
      }
    }
    expect(digests.size).toBe(1)
  })

  it('gives what Docker 25 has saved', async () => {
    const file = new URL('../../transport-tarball/test/fixtures/hello-world-v25.tar', import.meta.url)
    const saved = await readFile(file)
    const host = await rawEngine((_, response) => void response.end(saved))
    expect(await readAll(await sourceOf({ host }, 'hello-world:latest'))).toHaveLength(2)
  })
})

describe("an engine with containerd's store", () => {
  it('gives an image as it came, by name, digest and ID', async () => {
    const engine = await newEngine('containerd')
    for (const name of ['app:1', `app@${image.root.digest}`, image.root.digest]) {
      const source = await sourceOf(engine, name)
      expect(Buffer.from((await source.getManifest()).bytes)).toEqual(Buffer.from(image.root.bytes))
      expect(await readAll(source)).toEqual(image.blobs.map(({ bytes }) => Buffer.from(bytes)))
      expect(source.traits.makesManifest).toBeUndefined()
    }
  })

  it('gives an index with the platforms that it has', async () => {
    const index = testIndex()
    const [here, missing] = index.manifests
    const { config, layers } = JSON.parse(Buffer.from(here!.bytes).toString())
    const wanted = [config, ...layers].map(({ digest }) => digest)
    const partial: StoredImage = {
      root: index.root,
      manifests: [here!, index.root],
      blobs: index.blobs.filter(({ descriptor }) => wanted.includes(descriptor.digest)),
    }
    const source = await sourceOf(await newEngine('containerd', 'app:1', partial), 'app:1')
    expect((await source.getManifest()).digest).toBe(index.root.digest)
    expect(await readAll(source, here!.digest)).toHaveLength(wanted.length)
    await expect(source.getManifest(missing!.digest)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('an archive with a layout and manifest.json', () => {
  it('is read by manifest.json if the layout names several images, or none that is whole', async () => {
    const [config, layer] = testImage({ layers: 1 }).blobs
    const entry = { mediaType: image.root.mediaType, digest: image.root.digest, size: image.root.bytes.byteLength }
    const other = { ...entry, digest: `sha256:${'1'.repeat(64)}` }
    for (const manifests of [[entry], [entry, other]]) {
      const saved = await packTar([
        { path: 'config.json', content: config!.bytes },
        { path: 'layer.tar', content: layer!.bytes },
        { path: 'manifest.json', content: JSON.stringify([{ Config: 'config.json', Layers: ['layer.tar'] }]) },
        { path: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests }) },
        { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
      ])
      const host = await rawEngine((_, response) => void response.end(saved))
      expect(await readAll(await sourceOf({ host }, 'app:1'))).toHaveLength(2)
    }
  })
})

it('nothing is left of an image that was read', async () => {
  const tmpDir = await temporaryFolder()
  const { host } = await newEngine('classic')
  const source = await dockerDaemonTransport({ host, tmpDir }).parseReference('app:1').openSource()
  await source[Symbol.asyncDispose]()
  expect(await readdir(tmpDir)).toEqual([])
})

it('what the engine does not have is not found', async () => {
  const engine = await newEngine('containerd')
  for (const name of ['app:2', `sha256:${'0'.repeat(64)}`, `other@${image.root.digest}`]) {
    await expect(sourceOf(engine, name)).rejects.toMatchObject({ code: 'NOT_FOUND', retryable: false })
  }
})
