import { gunzipSync } from 'node:zlib'
import { memoryTransport, testArtifact, testImage, type TestImage, testIndex } from '@crossdock/transport-testkit'
import { expect, test } from 'vitest'
import { findSizes, type ImageSizes } from '../src/image-sizes.ts'
import type { Operation } from '../src/invocation.ts'

const operation: Operation = { signal: new AbortController().signal, onProgress: () => undefined }

async function sizesOf(image: TestImage): Promise<ImageSizes> {
  const memory = memoryTransport()
  memory.store.put('app:1', image)
  await using source = await memory.parseReference('app:1').openSource()
  return await findSizes(source, { platform: undefined, operation })
}

function bytesOf({ blobs }: TestImage): number {
  return blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
}

test('of one image: what each layer takes unpacked', async () => {
  const image = testImage({ compression: 'gzip', layers: 3 })
  const unpacked = image.blobs.slice(1).map(({ bytes }) => gunzipSync(bytes).byteLength)
  expect(await sizesOf(image)).toStrictEqual({ unpacked, index: undefined })
})

test('of an index: what is shared, and all of it', async () => {
  const common = { seed: 'common', compression: 'gzip' } as const
  const [one, other] = [testImage(common), testImage({ ...common, platform: { os: 'linux', architecture: 'arm64' } })]
  const own = testImage({ seed: 'own' })
  const index = testIndex({ platforms: [], entries: [one, other, own] })
  const { unpacked, index: found } = await sizesOf(index)
  expect(unpacked).toStrictEqual(one.blobs.slice(1).map(({ bytes }) => gunzipSync(bytes).byteLength))
  const shared = bytesOf(one) - (one.blobs[0]?.bytes.byteLength ?? 0)
  const instance = (image: TestImage, bytes: number) => ({
    platform: undefined,
    digest: image.root.digest,
    size: bytesOf(image),
    shared: bytes,
  })
  expect(found?.instances).toStrictEqual([instance(one, shared), instance(other, shared), instance(own, 0)])
  const documents = index.manifests.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
  expect(found?.total).toBe(bytesOf(index) + documents)
})

test('platforms are named', async () => {
  const { index } = await sizesOf(testIndex())
  expect(index?.instances.map(({ platform }) => platform)).toStrictEqual(['linux/amd64', 'linux/arm64/v8'])
})

test('an artifact has no layers to unpack', async () => {
  await expect(sizesOf(testArtifact())).rejects.toMatchObject({ code: 'UNSUPPORTED' })
})
