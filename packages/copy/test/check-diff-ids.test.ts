import { digestOf } from '@crossdock/core'
import { memoryTransport, type TestImage, testBlob, testImage, testManifest } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { copyImage, type CopyOptions } from '../src/index.ts'

type Config = Record<string, unknown>

/** The image, with another configuration. */
function withConfig(image: TestImage, bytesOf: (config: Config) => string): TestImage {
  const [config, ...layers] = image.blobs
  const old: Config = JSON.parse(new TextDecoder().decode(config?.bytes))
  const { mediaType } = config?.descriptor ?? {}
  const other = testBlob(new TextEncoder().encode(bytesOf(old)), { mediaType })
  const manifest: Config = JSON.parse(new TextDecoder().decode(image.root.bytes))
  const root = testManifest({ ...manifest, config: other.descriptor }, { mediaType: image.root.mediaType })
  return { root, manifests: [root], blobs: [other, ...layers] }
}

const promising = (diffIds: unknown) => (config: Config) =>
  JSON.stringify({ ...config, rootfs: { type: 'layers', diff_ids: diffIds } })

function copied(image: TestImage, layers: CopyOptions['layers']) {
  const memory = memoryTransport()
  memory.store.put('from:1', image)
  return copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), { layers })
}

const OTHERS = [digestOf(new Uint8Array([1])), digestOf(new Uint8Array([2]))]
const packed = testImage({ compression: 'gzip' })

describe('a layer that unpacks to something else than the config promises', () => {
  it.each([{ format: 'none' }, { format: 'zstd', force: true }] as const)(
    'is refused if it is packed anew, as %j',
    async (layers) => {
      await expect(copied(withConfig(packed, promising(OTHERS)), layers)).rejects.toMatchObject({
        code: 'DIGEST_MISMATCH',
        side: 'source',
        message: expect.stringContaining(OTHERS[0] ?? ''),
      })
    },
  )

  it('travels if nobody unpacks it', async () => {
    const image = withConfig(packed, promising(OTHERS))
    expect((await copied(image, undefined)).digest).toBe(image.root.digest)
  })
})

it.each([
  ['no diff IDs', promising([])],
  ['no list', promising(null)],
  ['those of another algorithm', promising(OTHERS.map((_, place) => digestOf(new Uint8Array([place]), 'sha512')))],
  ['what is no configuration', () => 'null'],
])('%s promise nothing', async (_what, change) => {
  await expect(copied(withConfig(packed, change), { format: 'none' })).resolves.toBeDefined()
})
