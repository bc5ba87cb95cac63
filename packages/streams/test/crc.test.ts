import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBzip2Crc, createCrc64 } from '../src/crc.ts'
import { bytes } from './bodies.ts'

describe.each([
  // The check values of the catalogue of parametrised CRC algorithms: CRC-64/XZ and CRC-32/BZIP2.
  ['CRC-64', createCrc64, { high: 0x995dc9bb, low: 0xdf1939fa }],
  ['CRC-32 of bzip2', createBzip2Crc, { high: 0, low: 0xfc891918 }],
])('%s', (_name, create, value) => {
  test('of the digits', () => {
    const crc = create()
    crc.update(bytes('123456789'))
    expect(crc.value).toEqual(value)
  })

  test('does not depend on how the bytes are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.nat(50), (content, cut) => {
        const [whole, cutUp] = [create(), create()]
        whole.update(content)
        cutUp.update(content.subarray(0, cut))
        cutUp.update(content.subarray(cut))
        expect(cutUp.value).toEqual(whole.value)
      }),
    )
  })
})
