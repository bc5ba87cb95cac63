import { gunzipSync } from 'node:zlib'
import { digestOf } from '@crossdock/core'
import { memoryTransport, testArtifact, testImage, type TestImage } from '@crossdock/transport-testkit'
import { expect, test } from 'vitest'
import { inspectImage, type ImageDescription } from '../src/inspection.ts'

async function described(image: TestImage): Promise<ImageDescription | undefined> {
  const memory = memoryTransport()
  memory.store.put('app:1', image)
  const settings = { platform: undefined, wanted: 'description', operation: {} } as const
  const inspected = await inspectImage(memory.parseReference('app:1'), settings)
  return inspected.kind === 'description' ? inspected.description : undefined
}

test('each layer comes with its diff ID and with what made it', async () => {
  const image = testImage({ compression: 'gzip', platform: { os: 'linux', architecture: 'amd64' } })
  const layers = image.blobs.slice(1)
  expect((await described(image))?.LayersData).toMatchObject(
    layers.map(({ descriptor, bytes }) => ({
      Digest: descriptor.digest,
      DiffID: digestOf(gunzipSync(bytes)),
      CreatedBy: 'test image',
    })),
  )
})

test('an artifact has neither', async () => {
  expect((await described(testArtifact()))?.LayersData[0]).toMatchObject({ DiffID: undefined, CreatedBy: undefined })
})
