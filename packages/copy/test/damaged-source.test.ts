import { type BlobReader, type Digest, ImageError, type ImageTransport, type ProgressEvent } from '@crossdock/core'
import { memoryTransport, testImage, wrapTransport } from '@crossdock/transport-testkit'
import { expect, test } from 'vitest'
import { copyImage } from '../src/index.ts'

const image = testImage({ layers: 3, layerBytes: 10_000 })

/** Damages every blob until it was distrusted so many times. */
function damaging(transport: ImageTransport, places: number): { from: ImageTransport; told: Digest[] } {
  const told: Digest[] = []
  const from = wrapTransport(transport, {
    source: (source) => ({
      ...source,
      getBlob: async (blob, options) => {
        const reader = await source.getBlob(blob, options)
        return told.filter((digest) => digest === blob.digest).length >= places ? reader : damaged(reader)
      },
      distrustBlob: (digest) => {
        told.push(digest)
        return told.filter((one) => one === digest).length <= 2
      },
    }),
  })
  return { from, told }
}

function damaged(reader: BlobReader): BlobReader {
  return {
    size: reader.size,
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
    async *[Symbol.asyncIterator]() {
      for await (const chunk of reader) yield chunk.map((byte) => byte ^ 1)
    },
  }
}

test.each([1, 2])('what the source can read elsewhere arrives whole, from place %i after the first', async (places) => {
  const [memory, to] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', image)
  const { from, told } = damaging(memory, places)
  const events: ProgressEvent[] = []
  await copyImage(from.parseReference('from:1'), to.parseReference('to:1'), {
    attempts: 1,
    retryDelayMs: 1,
    onProgress: (event) => void events.push(event),
  })
  expect(to.store.repository('to').tags.get('1')).toBe(image.root.digest)
  expect(told).toHaveLength(image.blobs.length * places)
  const retries = events.filter(({ type }) => type === 'retry')
  expect(retries).toHaveLength(told.length)
  expect(retries[0]).toMatchObject({ side: 'source', code: 'DIGEST_MISMATCH' })
})

test('what is damaged everywhere fails, and is not asked for without end', async () => {
  const [memory, to] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', testImage({ layers: 0 }))
  const { from, told } = damaging(memory, 99)
  const copy = copyImage(from.parseReference('from:1'), to.parseReference('to:1'), { retryDelayMs: 1 })
  await expect(copy).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', side: 'source' })
  expect(told).toHaveLength(3)
})

test('a source is not blamed for what the destination says of itself', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', testImage({ layers: 0 }))
  const { from, told } = damaging(memory, 0)
  const to = wrapTransport(target, {
    destination: (destination) => ({
      ...destination,
      putBlob: () => Promise.reject(new ImageError('DIGEST_MISMATCH', 'other bytes', { side: 'destination' })),
    }),
  })
  const copy = copyImage(from.parseReference('from:1'), to.parseReference('to:1'))
  await expect(copy).rejects.toMatchObject({ side: 'destination' })
  expect(told).toEqual([])
})
