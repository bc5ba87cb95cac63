import * as fc from 'fast-check'
import { randomBytes } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import { createBodyCursor } from '../../../src/client/upload/body-cursor.ts'
import { collect, descriptor, failure, watchedBody } from '../../peers.ts'

const BYTES = randomBytes(1000, 'cursor')
const BLOB = descriptor(BYTES)

it('gives the bytes of every section, however often one is read again, and hashes each byte once', async () => {
  const section = fc.record({
    size: fc.integer({ min: 1, max: 400 }),
    readsBefore: fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 2 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(section, { maxLength: 6 }), fc.integer({ min: 1, max: 300 }), async (sections, piece) => {
      const cursor = createBodyCursor(watchedBody(BYTES, piece), { ...BLOB, from: 0 })
      let position = 0
      for (const { size, readsBefore } of [...sections, { size: 1000, readsBefore: [] }]) {
        const end = Math.min(1000, position + size)
        const body = cursor.section(position, end)
        for (const limit of readsBefore) await readSome(body.open(), limit)
        const bytes = Buffer.concat(await collect(body.open()))
        expect(bytes.equals(BYTES.subarray(position, end))).toBe(true)
        position = end
      }
      await cursor.finish()
      cursor.close()
    }),
    { numRuns: 50 },
  )
})

it('loses nothing to a section that is given up while it waits for bytes', async () => {
  for (const readBefore of [0, 1, 2]) {
    const cursor = createBodyCursor(watchedBody(BYTES, 100), { ...BLOB, from: 0 })
    const first = cursor.section(0, 500).open()[Symbol.asyncIterator]()
    for (let count = 0; count < readBefore; count += 1) await first.next()
    const pending = first.next()
    const ending = first.return?.()
    const again = readBefore * 100
    const bytes = await collect(cursor.section(again, 1000).open())
    expect(Buffer.concat(bytes).equals(BYTES.subarray(again))).toBe(true)
    await Promise.all([pending, ending])
    await cursor.finish()
  }
})

it('opens the body at the offset of a resumed upload and leaves its digest to the registry', async () => {
  const body = watchedBody(BYTES.map((byte, index) => (index < 100 ? byte ^ 1 : byte)))
  const cursor = createBodyCursor(body, { ...BLOB, from: 500 })
  expect(Buffer.concat(await collect(cursor.section(500, 1000).open())).equals(BYTES.subarray(500))).toBe(true)
  await cursor.finish()
  expect(body.offsets).toEqual([500])
})

it.each([
  ['another byte', BYTES.map((byte, index) => (index === 999 ? byte ^ 1 : byte))],
  ['one byte less', BYTES.subarray(0, 999)],
  ['one byte more', Buffer.concat([BYTES, BYTES.subarray(0, 1)])],
])('finds %s', async (_name, wrong) => {
  const cursor = createBodyCursor(watchedBody(wrong, 100), { ...BLOB, from: 0 })
  const read = async (): Promise<void> => {
    await collect(cursor.section(0, 1000).open())
    await cursor.finish()
  }
  expect(await failure(read)).toMatchObject({ code: 'DIGEST_MISMATCH' })
})

it('leaves the digest to the registry where bytes are left out', async () => {
  const cursor = createBodyCursor(watchedBody(BYTES, 300), { ...BLOB, from: 0 })
  await readSome(cursor.section(0, 400).open(), 100)
  expect(Buffer.concat(await collect(cursor.section(700, 1000).open()))).toEqual(Buffer.from(BYTES.subarray(700)))
  await cursor.finish()
  cursor.close()
})

async function readSome(bytes: AsyncIterable<Uint8Array>, limit: number): Promise<void> {
  let read = 0
  for await (const chunk of bytes) {
    read += chunk.byteLength
    if (read >= limit) return
  }
}
