import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { coalesce, recycle, takeChunk } from '../src/index.ts'
import { chunks, collect, tracked } from './bodies.ts'

describe('coalesce', () => {
  test('keeps the bytes and the promised chunk size', async () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(parts, fc.integer({ min: 1, max: 50 }), async (input, minBytes) => {
        const output = await collect(coalesce(chunks(...input), minBytes))
        expect(Buffer.compare(Buffer.concat(output), Buffer.concat(input))).toBe(0)
        for (const chunk of output.slice(0, -1)) expect(chunk.byteLength).toBeGreaterThanOrEqual(minBytes)
        for (const chunk of output) expect(chunk.byteLength).toBeGreaterThan(0)
      }),
    )
  })

  test('does not copy what is large enough', async () => {
    const large = new Uint8Array(300 * 1024)
    expect((await collect(coalesce(chunks(large, large))))[1]).toBe(large)
  })

  test('joins to 256 KiB by default', async () => {
    const part = new Uint8Array(64 * 1024)
    const sizes = (await collect(coalesce(chunks(part, part, part, part, part)))).map((chunk) => chunk.byteLength)
    expect(sizes).toEqual([256 * 1024, 64 * 1024])
  })

  test('chunks handed out are not written to again', async () => {
    const output = await collect(
      coalesce(chunks(Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3), Uint8Array.of(4)), 2),
    )
    expect(output).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3, 4)])
  })

  test('gives back what it has copied, and nothing that it passes on', async () => {
    const [small, large] = [takeChunk().subarray(0, 10), takeChunk()]
    const output = await collect(coalesce(chunks(small, large), 20))
    const free = new Set(Array.from({ length: 100 }, () => takeChunk().buffer))
    expect([free.has(small.buffer), free.has(large.buffer)]).toEqual([true, false])
    output.forEach(recycle)
    expect(output.map(({ buffer }) => buffer === large.buffer || buffer.byteLength === 0)).not.toContain(false)
    expect(takeChunk().buffer).toBe(large.buffer)
  })

  test('leaving early closes the body', async () => {
    const body = tracked([new Uint8Array(2), new Uint8Array(2)])
    for await (const _chunk of coalesce(body, 2)) break
    expect(body.closed).toBe(true)
    expect(body.pulled).toBe(1)
  })
})
