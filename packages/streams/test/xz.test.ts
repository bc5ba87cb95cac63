import { describe, expect, test } from 'vitest'
import { decompress } from '../src/index.ts'
import { readVli, type Cursor } from '../src/xz-block-header.ts'
import { countBytes, endless, pieces, readAll, rejection } from './bodies.ts'
import { altered, packedSample, sealed } from './packed-samples.ts'

const text = packedSample('text-crc64.xz')
const sized = packedSample('blocks-with-sizes.xz')
const BLOCK = 12

function blockHeaderBytes(packed: Buffer): number {
  return (packed[BLOCK]! + 1) * 4
}

function indexAt(packed: Buffer): number {
  return packed.byteLength - 12 - (packed.readUInt32LE(packed.byteLength - 8) + 1) * 4
}

/** With another byte in the header of the first block, whose checksum fits. */
function withBlockHeader(packed: Buffer, at: number, ...bytes: number[]): Buffer {
  return sealed(altered(packed, BLOCK + at, ...bytes), { from: BLOCK, to: BLOCK + blockHeaderBytes(packed) - 4 })
}

function withIndex(packed: Buffer, at: number, ...bytes: number[]): Buffer {
  const index = indexAt(packed)
  return sealed(altered(packed, index + at, ...bytes), { from: index, to: packed.byteLength - 16 })
}

function withStreamFlags(packed: Buffer, ...bytes: number[]): Buffer {
  return sealed(altered(packed, 6, ...bytes), { from: 6, to: 8 })
}

function withFooter(packed: Buffer, at: number, ...bytes: number[]): Buffer {
  const footer = packed.byteLength - 12
  return sealed(altered(packed, footer + at, ...bytes), { from: footer + 4, to: footer + 10, at: footer })
}

async function unpack(packed: Uint8Array): Promise<Buffer> {
  return await readAll(decompress(pieces(packed, 1000), { limitBytes: 1e9 }))
}

describe('xz data whose checksums fit is refused', () => {
  test.each([
    ['with reserved stream flags', withStreamFlags(text, 1, 4), 'INVALID_DATA', 'reserved bit'],
    ['with a reserved check', withStreamFlags(text, 0, 0x14), 'INVALID_DATA', 'reserved bit'],
    [
      'with a check that was never assigned',
      withStreamFlags(text, 0, 2),
      'UNSUPPORTED',
      'checks of the unknown kind 2',
    ],
    ['with reserved block flags', withBlockHeader(text, 1, 4), 'INVALID_DATA', 'reserved bit'],
    ['with two filters', withBlockHeader(text, 1, 1), 'UNSUPPORTED', 'only LZMA2 alone'],
    ['with an unknown filter', withBlockHeader(text, 2, 0x22), 'UNSUPPORTED', 'the filter 0x22'],
    ['with properties that are no dictionary size', withBlockHeader(text, 3, 2), 'INVALID_DATA', 'dictionary size'],
    ['with a dictionary size that is none', withBlockHeader(text, 4, 41), 'INVALID_DATA', 'dictionary size'],
    ['with a dictionary of 4 GiB', withBlockHeader(text, 4, 40), 'LIMIT_EXCEEDED', 'dictionary of 4294967296 bytes'],
    ['with a dictionary above 64 MiB', withBlockHeader(text, 4, 29), 'LIMIT_EXCEEDED', 'dictionary of 100663296 bytes'],
    ['with padding in a header that is not zero', withBlockHeader(text, 6, 1), 'INVALID_DATA', 'padding is not zero'],
    ['with another packed size', withBlockHeader(sized, 2, 0x81), 'INVALID_DATA', 'another size'],
    ['with another unpacked size', withBlockHeader(sized, 4, 0xa1), 'INVALID_DATA', 'another size'],
    [
      'with a number that is not the shortest',
      withBlockHeader(sized, 5, 0x80, 0),
      'INVALID_DATA',
      'number is not valid',
    ],
    ['with another number of blocks', withIndex(text, 1, 2), 'INVALID_DATA', 'does not list the blocks'],
    ['with another size in the index', withIndex(text, 2, 0x81), 'INVALID_DATA', 'other sizes'],
    ['with padding in the index that is not zero', withIndex(text, 7, 1), 'INVALID_DATA', 'padding is not zero'],
    ['with another size of the index', withFooter(text, 4, 9), 'INVALID_DATA', 'footer'],
    ['with another check in the footer', withFooter(text, 9, 1), 'INVALID_DATA', 'footer'],
    ['with other flags in the footer', withFooter(text, 8, 1), 'INVALID_DATA', 'footer'],
  ])('%s', async (_name, packed, code, problem) => {
    const error = await rejection(unpack(packed))
    expect(error).toMatchObject({ code })
    expect(String(error)).toContain(problem)
  })

  test('with padding of another size than multiples of four', async () => {
    for (const zeros of [1, 2, 3, 5]) {
      const error = await rejection(unpack(Buffer.concat([text, Buffer.alloc(zeros)])))
      expect(error).toMatchObject({ code: 'INVALID_DATA' })
    }
    expect((await unpack(Buffer.concat([text, Buffer.alloc(400)]))).byteLength).toBe(58_890)
  })

  test.each([
    ['begins without a dictionary', [0x02, 0, 0, 65]],
    ['begins with state of before', [0x80, 0, 0, 0, 4, 0, 0, 0, 0, 0]],
    ['lacks properties', [0x01, 0, 0, 65, 0xa0, 0, 0, 0, 4, 0, 0, 0, 0, 0]],
    ['has a chunk of no kind', [0x01, 0, 0, 65, 0x03]],
    ['has properties that are none', [0xe0, 0, 0, 0, 4, 225, 0, 0, 0, 0, 0]],
    ['has too many context bits', [0xe0, 0, 0, 0, 4, 9 + 8, 0, 0, 0, 0, 0]],
    ['has a chunk that begins with another byte', [0xe0, 0, 0, 0, 4, 0x5d, 1, 0, 0, 0, 0]],
    ['has a chunk that is too short', [0xe0, 0, 0, 0, 3, 0x5d, 0, 0, 0, 0]],
    ['has a match before all content', [0xe0, 0, 0, 0, 5, 0x5d, 0, 0xff, 0xff, 0xff, 0xff, 0]],
    ['has a chunk that does not end', [0xe0, 0, 9, 0, 5, 0x5d, 0, 0, 0, 0, 0, 0]],
    ['has a chunk with too much input', [0xe0, 0, 0, 0, 9, 0x5d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ])('and LZMA2 data that %s', async (_name, chunk) => {
    const begin = text.subarray(0, BLOCK + blockHeaderBytes(text))
    const packed = Buffer.concat([begin, Buffer.from(chunk), Buffer.alloc(64)])
    const error = await rejection(unpack(packed))
    expect(error).toMatchObject({ code: 'INVALID_DATA' })
    expect(String(error)).toMatch(/chunk|match/)
  })
})

test('LZMA2 data with a match before all content is refused for that', async () => {
  const begin = text.subarray(0, BLOCK + blockHeaderBytes(text))
  const chunk = Buffer.from([0xe0, 0, 0, 0, 5, 0x5d, 0, 0xff, 0xff, 0xff, 0xff, 0])
  expect(String(await rejection(unpack(Buffer.concat([begin, chunk]))))).toContain('a match reaches behind')
})

test('one block that takes long leaves others their turn', async () => {
  const wrapping = packedSample('wrapping.xz')
  const begin = BLOCK + blockHeaderBytes(wrapping)
  const index: Cursor = { bytes: wrapping, position: indexAt(wrapping) + 2 }
  // Without end marker and check: each of these begins with a dictionary of its own.
  const chunks = wrapping.subarray(begin, BLOCK + (readVli(index) ?? 0) - 8 - 1)
  const often = Array.from({ length: 4 }, () => chunks)
  const packed = Buffer.concat([wrapping.subarray(0, begin), ...often])
  let turns = 0
  const timer = setInterval(() => (turns += 1), 0)
  const size: number[] = []
  const error = await rejection(
    (async () => {
      for await (const chunk of decompress(pieces(packed, 1e6), { limitBytes: 1e9 })) size.push(chunk.byteLength)
    })(),
  )
  clearInterval(timer)
  expect(String(error)).toContain('cut off')
  expect(size.reduce((sum, bytes) => sum + bytes, 0)).toBe(4 * 2_944_500)
  expect(turns).toBeGreaterThan(2)
})

describe('memory and size of xz data', () => {
  test.each([
    ['dictionary-96m.xz', 100_663_296],
    ['dictionary-1536m.xz', 1_610_612_736],
  ])('%s is refused before memory is given', async (name, bytes) => {
    const before = process.memoryUsage.rss()
    const error = await rejection(unpack(packedSample(name)))
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(String(error)).toContain(`dictionary of ${bytes} bytes, more than the 67108864`)
    expect(process.memoryUsage.rss() - before).toBeLessThan(20 * 1024 * 1024)
  })

  test('a dictionary of 64 MiB is not allocated before there is content', async () => {
    const packed = packedSample('dictionary-64m.xz')
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    for (let times = 0; times < 20; times += 1) {
      for await (const _chunk of decompress(pieces(packed, 1000), { limitBytes: 1e6 })) {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before)
      }
    }
    expect(most).toBeLessThan(40 * 1024 * 1024)
  })

  test.each(['filter-x86.xz', 'filter-delta.xz'])('%s is refused by name', async (name) => {
    const error = await rejection(unpack(packedSample(name)))
    expect(error).toMatchObject({ code: 'UNSUPPORTED' })
    expect(String(error)).toMatch(/filter (BCJ for x86|delta): only LZMA2/)
  })

  test('an endless bomb is refused by its ratio, with little memory', { timeout: 60_000 }, async () => {
    const zeros = packedSample('zeros.xz')
    const before = process.memoryUsage.rss()
    // Its block, of 1 MB, again and again.
    async function* bomb(): AsyncGenerator<Uint8Array> {
      yield zeros.subarray(0, BLOCK)
      yield* endless(zeros.subarray(BLOCK, indexAt(zeros)))
    }
    const error = await rejection(countBytes(decompress(bomb(), { limitBytes: 1e15 })))
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(String(error)).toContain('over 1100 times as many')
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024)
  })
})
