import { digestOf } from '@crossdock/core'
import { expect, test } from 'vitest'
import { CHUNK_BYTES, passDiffId, recycle, takeChunk } from '../src/index.ts'
import { chunks, pieces, rejection, tracked } from './bodies.ts'
import { contents, packedSample, samples } from './packed-samples.ts'

const limits = { limitBytes: 1e7 }

/** All bytes that pass, copied as they come, and what is said at the end. */
async function passed(body: AsyncIterable<Uint8Array>) {
  const passing = passDiffId(body, limits)
  const bytes: number[] = []
  for (;;) {
    const next = await passing.next()
    if (next.done === true) return { bytes: Buffer.from(bytes), said: next.value }
    bytes.push(...next.value)
    recycle(next.value)
  }
}

test.each(samples)('%s passes as it is', async (name, content) => {
  const { bytes, said } = await passed(pieces(packedSample(name), 5000))
  expect(bytes.equals(packedSample(name))).toBe(true)
  expect(said).toEqual({ diffId: digestOf(content), size: content.byteLength })
})

test('so do plain bytes, and none', async () => {
  for (const content of [contents.text, contents.empty]) {
    const { bytes, said } = await passed(pieces(content, 5000))
    expect(bytes.equals(content)).toBe(true)
    expect(said).toEqual({ diffId: digestOf(content), size: content.byteLength })
  }
})

test('a chunk is used again only when both have given it back', async () => {
  const chunk = takeChunk().fill(7)
  const passing = passDiffId(chunks(chunk), limits)
  const { value } = await passing.next()
  expect(value).toBe(chunk)
  expect(takeChunk().buffer === chunk.buffer).toBe(false)
  recycle(chunk)
  expect(await passing.next()).toMatchObject({ done: true, value: { size: CHUNK_BYTES } })
  expect(takeChunk().buffer === chunk.buffer).toBe(true)
})

test('what is damaged fails, and the body is closed', async () => {
  const sample = packedSample('text-crc64.xz')
  const body = tracked(Array.from({ length: 50 }, () => sample))
  expect(
    await rejection(
      passed({ [Symbol.asyncIterator]: () => passDiffId(body, { limitBytes: 100_000 })[Symbol.asyncIterator]() }),
    ),
  ).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  expect(body.closed).toBe(true)
  expect(await rejection(passed(pieces(packedSample('text.bz2').subarray(0, 3000), 100)))).toMatchObject({
    code: 'INVALID_DATA',
  })
})

test('who leaves early closes the body', async () => {
  const body = tracked([contents.text, contents.text])
  for await (const _ of passDiffId(body, limits)) break
  expect(body.closed).toBe(true)
})
