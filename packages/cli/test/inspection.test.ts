import { gunzipSync } from 'node:zlib'
import { digestOf } from '@crossdock/core'
import { memoryTransport, testArtifact, testImage, testSchema1, type TestImage } from '@crossdock/transport-testkit'
import { expect, test } from 'vitest'
import { inspectImage, type ImageDescription, type InspectSettings } from '../src/inspection.ts'

function inspected(image: TestImage, wanted: InspectSettings['wanted']): ReturnType<typeof inspectImage> {
  const memory = memoryTransport()
  memory.store.put('app:1', image)
  return inspectImage(memory.parseReference('app:1'), { platform: undefined, wanted, operation: {} })
}

async function described(image: TestImage): Promise<ImageDescription | undefined> {
  const found = await inspected(image, 'description')
  return found.kind === 'description' ? found.description : undefined
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

test('schema 1 says all but sizes, of steps without files too', async () => {
  const image = testSchema1()
  const description = await described(image)
  expect(description).toMatchObject({
    Digest: image.root.digest,
    MediaType: image.root.mediaType,
    Architecture: 'amd64',
    Os: 'linux',
    Env: ['A=1'],
    Layers: image.blobs.map(({ descriptor }) => descriptor.digest),
    LayersData: ['step 0', 'step 1', 'step 2'].map((CreatedBy) => ({ MIMEType: '', CreatedBy })),
  })
  expect(JSON.stringify(description)).not.toContain('"Size"')
})

test('schema 1 has no configuration to print', async () => {
  for (const wanted of ['config', 'config-bytes'] as const) {
    const refusal = { code: 'UNSUPPORTED', message: expect.stringContaining('schema 1') }
    await expect(inspected(testSchema1(), wanted)).rejects.toMatchObject(refusal)
  }
})
