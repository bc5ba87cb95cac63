import { describe, expect, test } from 'vitest'
import { decompress } from '../src/index.ts'
import { bytes, countBytes, endless, pieces, readAll, rejection } from './bodies.ts'
import { altered, contents, packedSample } from './packed-samples.ts'

const small = packedSample('small.bz2')
const SIGNATURE = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59] as const

async function unpack(packed: Uint8Array): Promise<Buffer> {
  return await readAll(decompress(pieces(packed, 1000), { limitBytes: 1e9 }))
}

/** A stream that begins with a block: bits as text, after the block's checksum. */
function block(...bits: readonly string[]): Buffer {
  const all = bits.join('').replaceAll(' ', '')
  const packed = all.match(/.{1,8}/g) ?? []
  const head = [...bytes('BZh1'), ...SIGNATURE, 0, 0, 0, 0]
  return Buffer.from([...head, ...packed.map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2)), ...Array(64).fill(0)])
}

const ORIGIN = `0 ${'0'.repeat(24)}`
/** Only the value 0 occurs. */
const VALUES = `1${'0'.repeat(15)} 1${'0'.repeat(15)}`
/** Three symbols with 1, 2 and 2 bits: 0 and 10 for runs, 11 for the end. */
const TABLE = '00001 0 100 0'
/** The values 0 and 1 occur. */
const TWO_VALUES = `1${'0'.repeat(15)} 11${'0'.repeat(14)}`
/** Four symbols with 2 bits each: 10 for the value that was not the last one, 11 for the end. */
const EVEN_TABLE = '00010 0 0 0 0'

describe('bzip2 data is refused', () => {
  test.each([
    ['without a level', altered(small, 3, 0x30), 'no stream begins'],
    ['without a block', altered(small, 4, 0x32), 'no block begins'],
    ['with another checksum of a block', altered(small, 10, 1, 2, 3, 4), "checksum of a block's content"],
    ['with another checksum of the stream', altered(small, -4, 0xff, 0xff), 'checksum of a stream'],
    ['with something else behind it', Buffer.concat([small, bytes('BZh9xxxxxxxxxxx')]), 'no block begins'],
    ['with junk behind it', Buffer.concat([small, bytes('x')]), 'something that is not bzip2 follows'],
    ['without byte values', block(ORIGIN, '0'.repeat(16)), 'no byte values'],
    ['with one code', block(ORIGIN, VALUES, '001', '000000000000001'), 'codes of a block'],
    ['with seven codes', block(ORIGIN, VALUES, '111', '000000000000001'), 'codes of a block'],
    ['without selectors', block(ORIGIN, VALUES, '010', '0'.repeat(15)), 'codes of a block'],
    ['with a code that it does not have', block(ORIGIN, VALUES, '010', '000000000000001', '110'), 'selects a code'],
    [
      'with lengths of 0',
      block(ORIGIN, VALUES, '010', '000000000000001', '0', '00000 0'),
      'a length that is not valid',
    ],
    ['with lengths of 21', block(ORIGIN, VALUES, '010', '000000000000001', '0', '10100 10 0'), 'a length that is not'],
    [
      'with too many short codes',
      block(ORIGIN, VALUES, '010', '000000000000001', '0', '00001 0 0 0'),
      'a code is not valid',
    ],
    [
      'with a run beyond the block',
      block(ORIGIN, VALUES, '010', '000000000000001', '0', TABLE, TABLE, '10'.repeat(17), '11'),
      'larger than it may be',
    ],
    [
      'with more groups than selectors',
      block(ORIGIN, TWO_VALUES, '010', '000000000000001', '0', EVEN_TABLE, EVEN_TABLE, '10'.repeat(50), '11'),
      'a block has no end',
    ],
    [
      'with an origin behind its end',
      block(`0 ${'1'.repeat(24)}`, VALUES, '010', '000000000000001', '0', TABLE, TABLE, '0 11'),
      'behind its end',
    ],
    ['with an empty block', block(ORIGIN, VALUES, '010', '000000000000001', '0', TABLE, TABLE, '11'), 'behind its end'],
  ])('%s', async (_name, packed, problem) => {
    const error = await rejection(unpack(packed))
    expect(error).toMatchObject({ code: 'INVALID_DATA' })
    expect(String(error)).toContain(problem)
  })

  test('with blocks that are randomised, by name', async () => {
    const error = await rejection(unpack(block('1', '0'.repeat(24), VALUES)))
    expect(error).toMatchObject({ code: 'UNSUPPORTED' })
    expect(String(error)).toContain('randomised')
  })
})

describe('bzip2 data is read', () => {
  test('with zero bytes behind it, but not with another stream behind those', async () => {
    expect(await unpack(Buffer.concat([small, Buffer.alloc(1000)]))).toEqual(contents.small)
    const error = await rejection(unpack(Buffer.concat([small, Buffer.alloc(4), small])))
    expect(error).toMatchObject({ code: 'INVALID_DATA' })
  })

  test('an endless bomb is refused by its ratio, with little memory', { timeout: 60_000 }, async () => {
    const before = process.memoryUsage.rss()
    const bomb = endless(packedSample('zeros.bz2'))
    async function* body(): AsyncGenerator<Uint8Array> {
      yield* bomb
    }
    const error = await rejection(countBytes(decompress(body(), { limitBytes: 1e15 })))
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(String(error)).toContain('over 1100 times as many')
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024)
  })
})
