import { digestOf } from '@crossdock/core'
import { describe, expect, test } from 'vitest'
import { CHUNK_BYTES, diffId, takeChunk } from '../src/index.ts'
import { chunks, pieces, rejection, tracked } from './bodies.ts'
import { contents, packedSample, samples } from './packed-samples.ts'

const limits = { limitBytes: 1e7 }

describe('diffId', () => {
  test.each(samples)('%s', async (name, content) => {
    const found = await diffId(pieces(packedSample(name), 5000), limits)
    expect(found).toEqual({ diffId: digestOf(content), size: content.byteLength })
  })

  test('of what is not packed, and of nothing', async () => {
    for (const content of [contents.text, contents.empty]) {
      const found = await diffId(pieces(content, 5000), { ...limits, algorithm: 'sha512' })
      expect(found).toEqual({ diffId: digestOf(content, 'sha512'), size: content.byteLength })
    }
  })

  test('gives chunks back that it consumed', async () => {
    const chunk = takeChunk()
    chunk.fill(7)
    expect((await diffId(chunks(chunk), limits)).size).toBe(CHUNK_BYTES)
    expect(takeChunk().buffer === chunk.buffer).toBe(true)
  })

  test('refuses more than is allowed and what is damaged, and closes the body', async () => {
    const body = tracked(Array.from({ length: 50 }, () => packedSample('text-crc64.xz')))
    expect(await rejection(diffId(body, { limitBytes: 100_000 }))).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(body.closed).toBe(true)
    const cut = packedSample('text.bz2').subarray(0, 3000)
    expect(await rejection(diffId(pieces(cut, 100), limits))).toMatchObject({ code: 'INVALID_DATA' })
  })
})
