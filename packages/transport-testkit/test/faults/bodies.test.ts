import { bytesBody } from '@crossdock/core'
import { expect, test } from 'vitest'
import { faultyBody, hangingBody, randomBytes, recordedBody, slowBody } from '../../src/index.ts'

const BYTES = randomBytes(1000, 'body')
const BODY = bytesBody(BYTES)

async function read(bytes: AsyncIterable<Uint8Array>): Promise<{ bytes: Uint8Array; chunks: number; error?: unknown }> {
  const chunks: Uint8Array[] = []
  const done = (): { bytes: Uint8Array; chunks: number } => ({
    bytes: new Uint8Array(Buffer.concat(chunks)),
    chunks: chunks.length,
  })
  try {
    for await (const chunk of bytes) chunks.push(chunk)
    return done()
  } catch (error) {
    return { ...done(), error }
  }
}

test('faultyBody breaks off the first openings and gives the later ones whole', async () => {
  const error = new Error('on purpose')
  const body = faultyBody(BODY, { failAfterBytes: 300, times: 2, error })
  expect(await read(body.open())).toEqual({ bytes: BYTES.subarray(0, 300), chunks: 1, error })
  expect(await read(body.open(300))).toEqual({ bytes: BYTES.subarray(300, 600), chunks: 1, error })
  expect(await read(body.open(600))).toEqual({ bytes: BYTES.subarray(600), chunks: 1 })
  expect(body.offsets).toEqual([0, 300, 600])
})

test('faultyBody fails for good, with what a cut connection looks like, unless told otherwise', async () => {
  const body = faultyBody(BODY)
  for (let time = 0; time < 3; time += 1) {
    expect(await read(body.open())).toMatchObject({ chunks: 0, error: { code: 'UNAVAILABLE', retryable: true } })
  }
})

test('hangingBody gives its bytes, tells that it hangs, and can be closed meanwhile', async () => {
  let hangs = 0
  const body = hangingBody(BODY, { hangAfterBytes: 10, onHang: () => (hangs += 1) })
  const iterator = body.open()[Symbol.asyncIterator]()
  expect(await iterator.next()).toEqual({ done: false, value: BYTES.subarray(0, 10) })
  const stuck = iterator.next()
  await iterator.return?.()
  expect(await stuck).toEqual({ done: true, value: undefined })
  expect({ hangs, closed: body.closed() }).toEqual({ hangs: 1, closed: 1 })
})

test('slowBody gives the same bytes in small pieces, from any offset', async () => {
  expect(await read(slowBody(BODY, { chunkBytes: 300 }).open(100))).toEqual({ bytes: BYTES.subarray(100), chunks: 3 })
})

test('recordedBody takes note of openings', async () => {
  const body = recordedBody(BODY)
  await read(body.open())
  await read(body.open(5))
  expect(body.offsets).toEqual([0, 5])
})
