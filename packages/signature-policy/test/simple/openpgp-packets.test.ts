import { ImageError } from '@crossdock/core'
import { array, assert, constantFrom, property, record, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPackets } from '../../src/simple/openpgp-packets.ts'
import { writePackets } from '../../src/simple/write-packets.ts'

const read = (...bytes: readonly (number | Uint8Array)[]) =>
  readPackets(Buffer.concat(bytes.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part))), {
    what: 'the data',
    maxPackets: 4,
  }).map(({ tag, body }) => ({ tag, size: body.byteLength }))
const zeros = (size: number): Uint8Array => new Uint8Array(size)

describe('readPackets', () => {
  it.each([
    ['the old format, one byte of length', [0x88, 3, zeros(3)], 2, 3],
    ['the old format, two', [0x89, 1, 0, zeros(256)], 2, 256],
    ['the old format, four', [0x8a, 0, 0, 1, 0, zeros(256)], 2, 256],
    ['the old format, without a length', [0xa3, zeros(7)], 8, 7],
    ['one byte of length', [0xc2, 191, zeros(191)], 2, 191],
    ['two bytes of length', [0xc2, 192, 0, zeros(192)], 2, 192],
    ['the most that two bytes say', [0xc2, 223, 255, zeros(8383)], 2, 8383],
    ['four bytes of length', [0xc2, 255, 0, 0, 0, 5, zeros(5)], 2, 5],
    ['pieces', [0xcb, 0xe9, zeros(512), 0xe0, zeros(1), 2, zeros(2)], 11, 515],
  ])('reads %s', (_, bytes, tag, size) => {
    expect(read(...bytes)).toEqual([{ tag, size }])
  })

  it.each([
    ['no packet', [0x2d], 'no OpenPGP packet begins where one should'],
    ['the tag 0', [0xc0, 0], 'the reserved tag 0'],
    ['a length that is cut off', [0xc2, 255, 0], 'ends within a packet'],
    ['a body that is cut off', [0xc2, 4, 0], 'ends within a packet'],
    ['a signature in pieces', [0xc2, 0xe9, zeros(512), 0], 'is in pieces'],
    ['a signature without a length', [0x8b, 0], 'has no length'],
    ['a short first piece', [0xcb, 0xe8, zeros(256), 0], 'too short'],
    ['pieces without an end', [0xcb, 0xe9, zeros(512)], 'ends within a packet'],
  ])('refuses %s', (_, bytes, reason) => {
    expect(() => read(...bytes)).toThrow(reason)
  })

  it('reads a bounded number of packets', () => {
    expect(() => read(...Array.from({ length: 5 }, () => [0xc2, 0]).flat())).toThrow('more than 4 OpenPGP packets')
  })

  it('reads what was written', () => {
    const packet = record({ tag: constantFrom(1, 2, 11, 63), body: uint8Array({ maxLength: 9000 }) })
    assert(
      property(array(packet, { maxLength: 4 }), (packets) => {
        const found = readPackets(writePackets(packets), { what: 'x', maxPackets: 4 })
        expect(found.map(({ tag, body }) => [tag, Buffer.from(body)])).toEqual(
          packets.map(({ tag, body }) => [tag, Buffer.from(body)]),
        )
      }),
    )
  })

  it('refuses noise in good order', () => {
    assert(
      property(uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['INVALID_DATA', 'within bounds']).toContain(outcome(bytes))
      }),
    )
  })
})

function outcome(bytes: Uint8Array): unknown {
  try {
    const packets = readPackets(bytes, { what: 'x', maxPackets: 999 })
    const size = packets.reduce((sum, { body }) => sum + body.byteLength, 0)
    return size <= bytes.byteLength ? 'within bounds' : size
  } catch (error) {
    return error instanceof ImageError ? error.code : error
  }
}
