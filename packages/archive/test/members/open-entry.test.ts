import * as fc from 'fast-check'
import { CHUNK_BYTES } from '@crossdock/streams'
import { describe, expect, test } from 'vitest'
import { bytesAccess, findFile, openEntry, type RandomAccess } from '../../src/index.ts'
import { indexOf, noise, readAll, rejection } from '../bodies.ts'
import { fixture } from '../fixtures.ts'
import { rawHeader, rawMember, rawTar } from '../raw-tar.ts'

describe('openEntry', () => {
  const content = noise(3 * CHUNK_BYTES + 77)
  const tar = rawTar(
    rawMember({ name: 'first' }, 'x'),
    rawMember({ name: 'large' }, content),
    rawHeader({ name: 'd', flag: '5' }),
  )

  test('gives any part of a file', async () => {
    const large = findFile(await indexOf(tar), 'large')
    const place = fc.oneof(fc.nat(content.byteLength + 10), fc.constantFrom(0, CHUNK_BYTES, content.byteLength))
    await fc.assert(
      fc.asyncProperty(place, place, async (offset, end) => {
        const part = await readAll(openEntry(bytesAccess(tar), large, { offset, end }))
        expect(Buffer.compare(part, content.subarray(offset, Math.max(offset, end)))).toBe(0)
      }),
      { numRuns: 40 },
    )
    expect(Buffer.compare(await readAll(openEntry(bytesAccess(tar), large)), content)).toBe(0)
  })

  test.each(['old-gnu', 'pax-1.0'])('gives any part of a sparse file (%s)', async (format) => {
    const sparse = fixture(`tar/sparse-${format}.tar`)
    const entry = findFile(await indexOf(sparse), 'holes')
    const whole = await readAll(openEntry(bytesAccess(sparse), entry))
    const place = fc.oneof(fc.nat(entry.size), fc.constantFrom(65_536, 65_546, 65_535))
    await fc.assert(
      fc.asyncProperty(place, place, async (offset, end) => {
        const part = await readAll(openEntry(bytesAccess(sparse), entry, { offset, end }))
        expect(Buffer.compare(part, whole.subarray(offset, Math.max(offset, end)))).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('what is no file has no content', async () => {
    const { byPath } = await indexOf(tar)
    const folder = byPath.get('d')
    if (folder === undefined) throw new Error('it is missing')
    expect(await rejection(readAll(openEntry(bytesAccess(tar), folder)))).toMatchObject({ code: 'INVALID_DATA' })
  })

  test('an archive that shrinks is noticed', async () => {
    const large = findFile(await indexOf(tar), 'large')
    const shrunk = bytesAccess(tar.subarray(0, tar.byteLength - 10_000))
    expect(await rejection(readAll(openEntry(shrunk, large)))).toMatchObject({ code: 'CONFLICT' })
  })

  test('an abort ends it at once, with its reason; a late failure disturbs nobody', async () => {
    const large = findFile(await indexOf(tar), 'large')
    const stop = new AbortController()
    const late = Promise.withResolvers<number>()
    const access: RandomAccess = {
      ...bytesAccess(tar),
      read: () => late.promise,
    }
    const reading = readAll(openEntry(access, large, { signal: stop.signal }))
    setImmediate(() => stop.abort(new Error('enough')))
    expect(await rejection(reading)).toBe(stop.signal.reason)
    late.reject(new Error('late'))
    await new Promise(setImmediate)
  })

  test('a failure of what was read ahead disturbs nobody who has left', async () => {
    const large = findFile(await indexOf(tar), 'large')
    const memory = bytesAccess(tar)
    let reads = 0
    const access: RandomAccess = {
      ...memory,
      async read(room, position) {
        reads += 1
        if (reads > 1) throw new Error('late')
        return await memory.read(room, position)
      },
    }
    const reading = openEntry(access, large)
    await reading.next()
    await new Promise(setImmediate)
    await reading.return(undefined)
    expect(reads).toBe(2)
  })
})
