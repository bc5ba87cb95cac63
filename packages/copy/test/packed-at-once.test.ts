import { memoryTransport, testImage, wrapTransport } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import { copyImage } from '../src/index.ts'

const MIB = 1024 * 1024

/** Packs all layers of an image anew, and says how many were under way at once. */
async function mostAtOnce(image: { readonly layers: number; readonly layerBytes: number }): Promise<number> {
  const memory = memoryTransport({ chunkBytes: MIB })
  memory.store.put('from:1', testImage({ ...image, compression: 'gzip' }))
  let now = 0
  let most = 0
  const counting = wrapTransport(memory, {
    destination: (destination) => ({
      ...destination,
      async putBlob(...values) {
        now += 1
        most = Math.max(most, now)
        try {
          return await destination.putBlob(...values)
        } finally {
          now -= 1
        }
      },
    }),
  })
  const layers = { format: 'zstd', level: 1, force: true } as const
  await copyImage(memory.parseReference('from:1'), counting.parseReference('to:1'), { layers })
  return most
}

it('no more than two large layers are packed at once: each keeps all processors busy, and memory', async () => {
  expect(await mostAtOnce({ layers: 5, layerBytes: 5 * MIB })).toBe(2)
})

it('of small ones, as many as may be in flight', async () => {
  expect(await mostAtOnce({ layers: 8, layerBytes: 3000 })).toBeGreaterThan(2)
})
