import { digestOf } from '@crossdock/core'
import { describe, expect, test } from 'vitest'
import { readBytes, readVerified } from '../src/index.ts'
import { bytes, endless, pieces, rejection, tracked } from './bodies.ts'

const content = bytes('{"schemaVersion":2}')
const what = 'the manifest of docker://alpine'

describe('readBytes', () => {
  test.each([1, 5, 100])('joins pieces of %i', async (cut) => {
    expect(await readBytes(pieces(content, cut), { limitBytes: content.byteLength, what })).toEqual(content)
  })

  test('an empty body is no bytes', async () => {
    expect((await readBytes(tracked([]), { limitBytes: 0, what })).byteLength).toBe(0)
  })

  test('stops reading over the limit, says what and closes the body', async () => {
    const body = tracked(endless(content))
    const error = await rejection(readBytes(body, { limitBytes: 50, what }))
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(String(error)).toContain(`${what} is larger than the 50 bytes`)
    expect(body.pulled).toBe(3)
    expect(body.closed).toBe(true)
  })
})

describe('readVerified', () => {
  const expected = { digest: digestOf(content), size: content.byteLength }

  test('gives the bytes', async () => {
    expect(await readVerified(pieces(content, 3), expected, { limitBytes: 100, what })).toEqual(content)
  })

  test('refuses a declared size over the limit before reading', async () => {
    const body = tracked([content])
    const error = await rejection(readVerified(body, { ...expected, size: 2 ** 53 - 1 }, { limitBytes: 100, what }))
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(body.pulled).toBe(0)
  })

  test('refuses other bytes', async () => {
    const error = await rejection(
      readVerified(pieces(bytes('{"schemaVersion":3}'), 3), expected, { limitBytes: 100, what }),
    )
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH' })
  })

  test('has a limit also without a declared size', async () => {
    const error = await rejection(
      readVerified(tracked(endless(content)), { digest: expected.digest }, { limitBytes: 100, what }),
    )
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})
