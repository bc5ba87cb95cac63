import type { Digest, ImageError } from '@crossdock/core'
import { memoryTransport, testArtifact, testImage, type TestImage, testIndex } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import { copyImage } from '../src/index.ts'

const platform = (os: string) => ({ os, architecture: 'amd64' })
const windows = testImage({ platform: platform('windows') })

interface Outcome {
  readonly code: string | undefined
  /** Blobs that were read at the source. */
  readonly read: readonly Digest[]
  readonly arrived: Digest | undefined
}

/** A copy to a place for images of linux alone. */
async function copied(image: TestImage): Promise<Outcome> {
  const [from, to] = [memoryTransport(), memoryTransport({ destinationTraits: { systems: ['linux'] } })]
  from.store.put('app:1', image)
  const copying = copyImage(from.parseReference('app:1'), to.parseReference('app:1'), { platforms: 'all' })
  const code = await copying.then(
    () => undefined,
    (reason: ImageError) => reason.code,
  )
  return { code, read: from.store.blobOpens.map(({ digest }) => digest), arrived: to.store.digest('app:1') }
}

it('an image for another system is refused when its configuration has been read', async () => {
  const [config] = windows.blobs
  expect(await copied(windows)).toStrictEqual({
    code: 'UNSUPPORTED',
    read: [config?.descriptor.digest],
    arrived: undefined,
  })
})

it('so is an index with one in it', async () => {
  const index = testIndex({ platforms: [platform('linux')], entries: [windows] })
  expect(await copied(index)).toMatchObject({ code: 'UNSUPPORTED', arrived: undefined })
})

it.each([
  { what: 'for the right one', image: testImage() },
  { what: 'that says none', image: testImage({ platform: platform('') }) },
  { what: 'that is an artifact', image: testArtifact() },
])('an image $what is taken', async ({ image }) => {
  expect(await copied(image)).toMatchObject({ code: undefined, arrived: image.root.digest })
})
