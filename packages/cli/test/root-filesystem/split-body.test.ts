import { setImmediate } from 'node:timers/promises'
import { CHUNK_BYTES, recycle, takeChunk } from '@crossdock/streams'
import { expect, test } from 'vitest'
import { splitBody } from '../../src/root-filesystem/split-body.ts'

/** A body of chunks of one byte each, and how far it was read. */
function countedBody(length: number, failure?: Error) {
  const state = { opened: 0, given: 0, closed: false }
  const open = async function* (): AsyncGenerator<Uint8Array> {
    state.opened += 1
    try {
      for (let at = 0; at < length; at += 1) {
        state.given += 1
        yield Uint8Array.of(at)
      }
      if (failure !== undefined) throw failure
    } finally {
      state.closed = true
    }
  }
  return { state, open }
}

async function all(body: AsyncIterable<Uint8Array>): Promise<readonly number[]> {
  const bytes: number[] = []
  for await (const chunk of body) bytes.push(...chunk)
  return bytes
}

test('both readers see all of it, and it is opened once', async () => {
  const { state, open } = countedBody(5)
  const [one, other] = splitBody(open)
  const reading = all(one)
  await setImmediate()
  expect(state.opened).toBe(0) // until the other one comes
  expect(await Promise.all([reading, all(other)])).toEqual([
    [0, 1, 2, 3, 4],
    [0, 1, 2, 3, 4],
  ])
  expect(state).toEqual({ opened: 1, given: 5, closed: true })
})

test('nobody is ahead by more than a chunk', async () => {
  const { state, open } = countedBody(5)
  const [one, other] = splitBody(open)
  const [slow, fast] = [one[Symbol.asyncIterator](), other[Symbol.asyncIterator]()]
  await Promise.all([slow.next(), fast.next()])
  const ahead = fast.next()
  await setImmediate()
  expect(state.given).toBe(1)
  await slow.next()
  expect(await ahead).toEqual({ done: false, value: Uint8Array.of(1) })
})

test('a failure is told to both', async () => {
  const failure = new Error('broken')
  const [one, other] = splitBody(countedBody(2, failure).open)
  const results = await Promise.allSettled([all(one), all(other)])
  expect(results).toEqual([
    { status: 'rejected', reason: failure },
    { status: 'rejected', reason: failure },
  ])
})

test('one that leaves does not keep the other; when both have left, it is closed', async () => {
  const { state, open } = countedBody(5)
  const [one, other] = splitBody(open)
  const reading = all(other)
  for await (const chunk of one) if (chunk[0] === 1) break
  expect(await reading).toEqual([0, 1, 2, 3, 4])

  const second = countedBody(5)
  await Promise.all(
    splitBody(second.open).map(async (body) => {
      for await (const chunk of body) if (chunk[0] === 1) break
    }),
  )
  expect(second.state).toEqual({ opened: 1, given: 2, closed: true })
  expect(state.closed).toBe(true)
})

test('a chunk is used again when both have given it back, and not before', async () => {
  const [one, other] = splitBody(async function* () {
    yield takeChunk()
    await setImmediate()
  })
  const [first, second] = await Promise.all([one, other].map((body) => body[Symbol.asyncIterator]().next()))
  const chunk: Uint8Array = first?.value ?? new Uint8Array(0)
  expect(second?.value).toBe(chunk)
  expect(chunk.byteLength).toBe(CHUNK_BYTES)
  recycle(chunk)
  expect(takeChunk()).not.toBe(chunk)
  recycle(chunk)
  expect(takeChunk()).toBe(chunk)
})
