import { type BlobReader, type Digest, ImageError, type ImageTransport, type ProgressEvent } from '@crossdock/core'
import { memoryTransport, testImage, testIndex, wrapTransport } from '@crossdock/transport-testkit'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { copyImage } from '../src/index.ts'

const LAYER_BYTES = 100_000
const image = testImage({ layers: 3, layerBytes: LAYER_BYTES })
const cut = new ImageError('UNAVAILABLE', 'the connection was cut')

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Lets pauses pass at once. */
async function hurried<Value>(work: Promise<Value>): Promise<Value> {
  const state = { over: false }
  const settled = work.finally(() => {
    state.over = true
  })
  settled.catch(() => undefined) // it is awaited below, a moment later
  while (!state.over) await vi.advanceTimersByTimeAsync(60_000)
  return settled
}

/** Breaks readers off after some bytes, as long as `fails` says so. */
function breaking(
  transport: ImageTransport,
  { after, fails }: { readonly after: number; readonly fails: (digest: Digest) => boolean },
): ImageTransport {
  return wrapTransport(transport, {
    source: (source) => ({
      ...source,
      getBlob: async (blob, options) => {
        const reader = await source.getBlob(blob, options)
        return fails(blob.digest) ? breakingReader(reader, after) : reader
      },
    }),
  })
}

function breakingReader(reader: BlobReader, after: number): BlobReader {
  return {
    size: reader.size,
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
    async *[Symbol.asyncIterator]() {
      let passed = 0
      for await (const chunk of reader) {
        if (passed + chunk.byteLength > after) throw cut
        passed += chunk.byteLength
        yield chunk
      }
    },
  }
}

test('a blob that breaks off goes on where it stopped', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', image)
  const layer = image.blobs.at(-1)?.descriptor.digest
  let failures = 0
  const from = breaking(memory, { after: 70_000, fails: (digest) => digest === layer && failures++ < 1 })
  const events: ProgressEvent[] = []
  const copy = copyImage(from.parseReference('from:1'), target.parseReference('to:1'), {
    onProgress: (event) => events.push(event),
  })
  const result = await hurried(copy)
  const opened = memory.store.blobOpens.filter(({ digest }) => digest === layer).map(({ offset }) => offset)
  expect(opened[0]).toBe(0)
  expect(opened[1]).toBeGreaterThan(60_000)
  expect(result.bytes.moved).toBe(image.blobs.reduce((total, { bytes }) => total + bytes.byteLength, 0))
  expect(events.find((event) => event.type === 'retry')).toMatchObject({
    side: 'source',
    code: 'UNAVAILABLE',
    attempt: 1,
    attempts: 4,
  })
})

test('progress refills the budget; crumbs do not', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  const big = testImage({ layers: 1, layerBytes: 1_000_000 })
  memory.store.put('from:1', big)
  const steady = breaking(memory, { after: 80_000, fails: () => true })
  await hurried(copyImage(steady.parseReference('from:1'), target.parseReference('to:1')))
  expect(target.store.digest('to:1')).toBe(big.root.digest)

  const crumbs = breaking(memory, { after: 10_000, fails: () => true })
  const failure = hurried(copyImage(crumbs.parseReference('from:1'), target.parseReference('other:1')))
  await expect(failure).rejects.toMatchObject({ code: 'UNAVAILABLE', side: 'source', image: 'memory:from:1' })
  expect(target.store.digest('other:1')).toBeUndefined()
})

test('the next copy goes on from what the last one brought', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', image)
  const from = breaking(memory, { after: 70_000, fails: () => true })
  const failure = hurried(copyImage(from.parseReference('from:1'), target.parseReference('to:1'), { attempts: 1 }))
  await expect(failure).rejects.toMatchObject({ code: 'UNAVAILABLE', message: cut.message })
  const result = await copyImage(memory.parseReference('from:1'), target.parseReference('to:1'))
  expect(result.bytes.resumed).toBeGreaterThan(60_000)
  expect(target.store.digest('to:1')).toBe(image.root.digest)
})

test('a source that cannot read from the middle is read from the start and the head is dropped', async () => {
  const [memory, target] = [memoryTransport({ sourceTraits: { rangeReads: false } }), memoryTransport()]
  memory.store.put('from:1', image)
  let failures = 0
  const from = breaking(memory, { after: 70_000, fails: () => failures++ < 1 })
  await hurried(copyImage(from.parseReference('from:1'), target.parseReference('to:1'), { concurrency: 1 }))
  expect(memory.store.blobOpens.every(({ offset }) => offset === 0)).toBe(true)
  expect(target.store.digest('to:1')).toBe(image.root.digest)
})

test('what cannot succeed is not tried again, and its siblings end', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', image)
  const refused = new ImageError('FORBIDDEN', 'not yours')
  const from = wrapTransport(memory, {
    source: (source) => ({ ...source, getBlob: () => Promise.reject(refused) }),
  })
  const retries: ProgressEvent[] = []
  const failure = copyImage(from.parseReference('from:1'), target.parseReference('to:1'), {
    onProgress: (event) => event.type === 'retry' && retries.push(event),
  })
  await expect(failure).rejects.toMatchObject({ code: 'FORBIDDEN', message: 'not yours', side: 'source' })
  expect(retries).toEqual([])
})

test('content that a destination has lost is sent again, once', async () => {
  const memory = memoryTransport()
  memory.store.put('from:1', image)
  const lost = image.blobs[1]?.descriptor.digest
  if (lost === undefined) throw new Error('an image without blobs')
  memory.store.put('to:0', image)
  let puts = 0
  const to = wrapTransport(memory, {
    destination: (destination) => ({
      ...destination,
      putManifest: async (manifest, options) => {
        puts += 1
        if (puts === 1) {
          memory.store.lose('to:0', lost)
          throw new ImageError('CONFLICT', 'a blob is unknown', { missing: [lost] })
        }
        await destination.putManifest(manifest, options)
      },
    }),
  })
  const result = await copyImage(memory.parseReference('from:1'), to.parseReference('to:1'))
  expect(puts).toBe(2)
  expect(result).toMatchObject({ moved: 1, reused: 4 })
  expect(memory.store.digest('to:1')).toBe(image.root.digest)
})

test('a destination that lacks what nobody has is believed', async () => {
  const memory = memoryTransport()
  memory.store.put('from:1', image)
  const missing = [testImage({ seed: 'other' }).root.digest]
  const to = wrapTransport(memory, {
    destination: (destination) => ({
      ...destination,
      putManifest: () => Promise.reject(new ImageError('CONFLICT', 'a blob is unknown', { missing })),
    }),
  })
  await expect(copyImage(memory.parseReference('from:1'), to.parseReference('to:1'))).rejects.toMatchObject({
    code: 'CONFLICT',
    side: 'destination',
  })
})

test.each(['getManifest', 'getBlob', 'putBlob', 'putManifest', 'commit'] as const)(
  'an abort during %s ends the copy with its reason, and the name stays as it was',
  async (method) => {
    const memory = memoryTransport()
    memory.store.put('from:1', testIndex())
    const controller = new AbortController()
    const reason = { because: 'I say so' }
    // As it begins: the call itself has to see that.
    const abortIn = (called: string): void => {
      if (called === method) controller.abort(reason)
    }
    const transport = wrapTransport(memory, {
      source: (source) => ({
        ...source,
        getManifest: (...values) => (abortIn('getManifest'), source.getManifest(...values)),
        getBlob: (...values) => (abortIn('getBlob'), source.getBlob(...values)),
      }),
      destination: ({ reuseBlob: _, ...destination }) => ({
        ...destination,
        putBlob: (...values) => (abortIn('putBlob'), destination.putBlob(...values)),
        putManifest: (...values) => (abortIn('putManifest'), destination.putManifest(...values)),
        commit: (...values) => (abortIn('commit'), destination.commit(...values)),
      }),
    })
    const copy = copyImage(transport.parseReference('from:1'), transport.parseReference('to:1'), {
      platforms: 'all',
      signal: controller.signal,
    })
    await expect(copy).rejects.toBe(reason)
    expect(memory.store.digest('to:1')).toBeUndefined()
  },
)

test('an aborted signal ends the copy before it begins', async () => {
  const memory = memoryTransport()
  const reason = new Error('too late')
  const copy = copyImage(memory.parseReference('from:1'), memory.parseReference('to:1'), {
    signal: AbortSignal.abort(reason),
  })
  await expect(copy).rejects.toBe(reason)
})

test('nothing is told after the end, whatever a transport leaves to close', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', image)
  let later: (() => void) | undefined
  const from = wrapTransport(memory, {
    source: (source) => ({
      ...source,
      getBlob: (_blob, options) => {
        later = () => options?.onProgress?.({ type: 'note', level: 'info', message: 'too late' })
        return Promise.reject(new ImageError('FORBIDDEN', 'not yours'))
      },
    }),
  })
  const events: ProgressEvent[] = []
  const copy = copyImage(from.parseReference('from:1'), target.parseReference('to:1'), {
    onProgress: (event) => events.push(event),
  })
  await expect(copy).rejects.toMatchObject({ code: 'FORBIDDEN' })
  later?.()
  expect(later).toBeDefined()
  expect(events.filter(({ type }) => type === 'note')).toEqual([])
})

test('no more blobs are in flight than both sides bear', async () => {
  vi.useRealTimers()
  const [memory, target] = [memoryTransport(), memoryTransport({ destinationTraits: { parallelBlobs: 3 } })]
  memory.store.put('from:1', testImage({ layers: 20 }))
  let [running, most] = [0, 0]
  const to = wrapTransport(target, {
    destination: (destination) => ({
      ...destination,
      putBlob: async (...values) => {
        most = Math.max(most, (running += 1))
        try {
          return await destination.putBlob(...values)
        } finally {
          running -= 1
        }
      },
    }),
  })
  await copyImage(memory.parseReference('from:1'), to.parseReference('to:1'))
  expect(most).toBe(3)
})

test('the pause before the next try is the one that was asked for', async () => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', image)
  const from = breaking(memory, { after: 0, fails: (digest) => digest === image.blobs.at(-1)?.descriptor.digest })
  const pauses: number[] = []
  const copy = copyImage(from.parseReference('from:1'), target.parseReference('to:1'), {
    attempts: 3,
    retryDelayMs: 10_000,
    concurrency: 1,
    onProgress: (event) => event.type === 'retry' && pauses.push(event.delayMs),
  })
  await expect(hurried(copy)).rejects.toThrow(cut.message)
  expect(pauses).toHaveLength(2)
  for (const [at, pause] of pauses.entries()) expect(Math.abs(pause / (10_000 * 2 ** at) - 1)).toBeLessThanOrEqual(0.25)
})

test.each([
  { what: 'wrong bytes', side: undefined, blamed: { side: 'source', image: 'memory:from:1' } },
  {
    what: 'what a registry says of itself',
    side: 'destination' as const,
    blamed: { side: 'destination', image: 'memory:to:1' },
  },
])('$what: the message says whose they are', async ({ side, blamed }) => {
  const [memory, target] = [memoryTransport(), memoryTransport()]
  memory.store.put('from:1', testImage({ layers: 1 }))
  const to = wrapTransport(target, {
    destination: (destination) => ({
      ...destination,
      putBlob: () => Promise.reject(new ImageError('DIGEST_MISMATCH', 'other bytes', { side })),
    }),
  })
  const copy = copyImage(memory.parseReference('from:1'), to.parseReference('to:1'))
  await expect(copy).rejects.toMatchObject({ code: 'DIGEST_MISMATCH', ...blamed })
})
