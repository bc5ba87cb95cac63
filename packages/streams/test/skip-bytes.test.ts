import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { skipBytes } from '../src/index.ts'
import { bytes, collect, pieces, readAll, rejection, tracked } from './bodies.ts'

describe('skipBytes', () => {
  test('drops the head, however the body is cut', async () => {
    const cases = fc.uint8Array({ maxLength: 60 }).chain((all) => fc.tuple(fc.constant(all), fc.nat(all.byteLength)))
    await fc.assert(
      fc.asyncProperty(cases, fc.integer({ min: 1, max: 20 }), async ([all, count], cut) => {
        expect(Buffer.compare(await readAll(skipBytes(pieces(all, cut), count)), all.subarray(count))).toBe(0)
      }),
    )
  })

  test('refuses a body that is shorter', async () => {
    const error = await rejection(collect(skipBytes(pieces(bytes('abc'), 2), 4)))
    expect(error).toMatchObject({ code: 'INVALID_DATA' })
    expect(String(error)).toContain('after 3 bytes, before byte 4')
  })

  test('leaving early closes the body', async () => {
    const body = tracked([bytes('abc'), bytes('def')])
    for await (const chunk of skipBytes(body, 1)) {
      expect(chunk).toEqual(bytes('bc'))
      break
    }
    expect(body.closed).toBe(true)
  })
})
