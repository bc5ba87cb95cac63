import { CHUNK_BYTES, recycle, takeChunk } from '@crossdock/streams'
import { describe, expect, test } from 'vitest'
import { type Assembler, createAssembler } from '../../src/direct/assembler.ts'
import { createChunkedDecoder } from '../../src/direct/chunked.ts'
import { type BodyDecoder, bodyDecoder } from '../../src/direct/framing.ts'
import { createHeaders } from '../../src/headers.ts'

const KIB = 1024

function decoderOf(size?: number): BodyDecoder {
  const fields = size === undefined ? [] : ['content-length', String(size)]
  const decoder = bodyDecoder({ status: 200, version: '1.1', fields }, createHeaders(fields), 'GET')
  if (decoder === undefined) throw new Error('no body')
  return decoder
}

/** The socket writes so many bytes of `value` into the room. */
function write(assembler: Assembler, bytes: number, value: number): number | undefined {
  assembler.room().subarray(0, bytes).fill(value)
  return assembler.add(bytes)
}

/** Gives away everything that is free, so that what is taken next is what was given back since. */
function emptyPool(): void {
  for (let count = 0; count < 100; count += 1) takeChunk()
}

describe('the room', () => {
  test.each([
    [1, 2],
    [64 * KIB, 64 * KIB + 1],
    [64 * KIB + 1, CHUNK_BYTES],
    [CHUNK_BYTES - 1, CHUNK_BYTES],
    [CHUNK_BYTES, CHUNK_BYTES - 1],
    [CHUNK_BYTES + 1, CHUNK_BYTES],
    [100 * CHUNK_BYTES, CHUNK_BYTES],
    [undefined, 16 * KIB + 1],
  ])('for a body of %j bytes has %i', (size, bytes) => {
    expect(createAssembler(decoderOf(size)).room().byteLength).toBe(bytes)
  })

  test('is filled on, and never empty before the end', () => {
    for (const size of [1, 100, 64 * KIB, 600 * KIB, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5]) {
      const assembler = createAssembler(decoderOf(size))
      let left = size
      for (let ended = false; !ended;) {
        const { byteLength } = assembler.room()
        expect(byteLength).toBeGreaterThan(0)
        const bytes = Math.min(byteLength, left, 300 * KIB)
        left -= bytes
        ended = assembler.add(bytes) !== undefined
        assembler.takeFull()
      }
      expect(left).toBe(0)
    }
  })
})

describe('chunks', () => {
  test('a full room goes on as it is, and the next one is another', () => {
    const assembler = createAssembler(decoderOf(10 * CHUNK_BYTES))
    const room = assembler.room()
    expect(write(assembler, CHUNK_BYTES - 1, 1)).toBeUndefined()
    expect(assembler.takeFull()).toBeUndefined()
    write(assembler, 1, 2)
    const chunk = assembler.takeFull()
    expect([chunk?.buffer === room.buffer, chunk?.byteLength]).toEqual([true, CHUNK_BYTES])
    expect(assembler.room().buffer).not.toBe(room.buffer)
    expect(assembler.room().byteLength).toBe(CHUNK_BYTES)
  })

  test('what is taken meanwhile is not taken again, and stays as it is', () => {
    const assembler = createAssembler(decoderOf(10 * CHUNK_BYTES))
    write(assembler, 3, 1)
    const some = assembler.takeSome()
    expect(assembler.takeSome()).toBeUndefined()
    write(assembler, CHUNK_BYTES - 3, 2)
    const rest = assembler.takeFull()
    expect([some, rest?.byteLength, rest?.[0], rest?.at(-1)]).toEqual([
      new Uint8Array(3).fill(1),
      CHUNK_BYTES - 3,
      2,
      2,
    ])
    write(assembler, CHUNK_BYTES, 3)
    assembler.takeSome()
    expect(assembler.takeFull()).toBeUndefined() // all of it is taken
    expect(assembler.room().byteLength).toBe(CHUNK_BYTES)
    expect(some).toEqual(new Uint8Array(3).fill(1))
  })

  test('nothing is taken of nothing', () => {
    for (const size of [5, 600 * KIB, undefined]) {
      const assembler = createAssembler(decoderOf(size))
      expect([assembler.takeFull(), assembler.takeSome(), assembler.takeLast()]).toEqual([
        undefined,
        undefined,
        undefined,
      ])
    }
  })

  test('a short body, and a short rest of a long one, have memory of their own', () => {
    const short = createAssembler(decoderOf(50 * KIB))
    expect(write(short, 50 * KIB, 1)).toBe(0)
    expect(short.takeLast()?.buffer.byteLength).toBe(50 * KIB + 1)
    const long = createAssembler(decoderOf(CHUNK_BYTES + 50 * KIB))
    write(long, CHUNK_BYTES, 1)
    long.takeFull()
    expect(write(long, 50 * KIB, 1)).toBe(0)
    expect(long.takeLast()?.buffer.byteLength).toBe(50 * KIB + 1)
  })

  test('bytes behind the end are told and not handed over', () => {
    const assembler = createAssembler(decoderOf(70 * KIB))
    expect(write(assembler, 70 * KIB + 5, 1)).toBe(5)
    expect(assembler.takeLast()?.byteLength).toBe(70 * KIB)
  })

  test('a coding is taken out in place', () => {
    const assembler = createAssembler(createChunkedDecoder())
    for (const [text, expected] of [
      ['3\r\nabc\r\n2\r\nde', 'abcde'],
      ['\r\n1\r\nf\r\n0\r\n\r\n', 'f'],
    ] as const) {
      const bytes = Buffer.from(text)
      assembler.room().set(bytes)
      assembler.add(bytes.byteLength)
      expect(Buffer.from(assembler.takeSome() ?? []).toString()).toBe(expected)
    }
  })
})

describe('rooms are given back', () => {
  test('when nothing of them was handed over', () => {
    emptyPool()
    const assembler = createAssembler(decoderOf(600 * KIB))
    const { buffer } = assembler.room()
    assembler.takeLast()
    expect(takeChunk().buffer).toBe(buffer)
  })

  test('when all parts of them came back, whoever had them, and not before', () => {
    for (const isFull of [true, false]) {
      emptyPool()
      const assembler = createAssembler(decoderOf(10 * CHUNK_BYTES))
      const { buffer } = assembler.room()
      const parts: (Uint8Array | undefined)[] = []
      for (let count = 0; count < 3; count += 1) {
        write(assembler, 10, count)
        parts.push(assembler.takeSome())
      }
      if (isFull) write(assembler, CHUNK_BYTES - 30, 9)
      else write(assembler, 10, 9)
      parts.push(isFull ? assembler.takeFull() : assembler.takeLast())
      for (const part of parts) {
        expect(takeChunk().buffer).not.toBe(buffer)
        if (part !== undefined) recycle(part)
      }
      expect(takeChunk().buffer).toBe(buffer)
    }
  })

  test('when all was taken before the end', () => {
    for (const isFull of [true, false]) {
      emptyPool()
      const assembler = createAssembler(decoderOf(10 * CHUNK_BYTES))
      const { buffer } = assembler.room()
      write(assembler, isFull ? CHUNK_BYTES : 10, 1)
      const part = assembler.takeSome()
      if (part !== undefined) recycle(part)
      expect(isFull ? assembler.takeFull() : assembler.takeLast()).toBeUndefined()
      // A full room has been replaced by the one that was given back.
      const next = isFull ? assembler.room().buffer : takeChunk().buffer
      expect(next).toBe(buffer)
    }
  })
})
