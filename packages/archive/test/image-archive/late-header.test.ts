import { encodeTarHeader, indexTar, type RandomAccess } from '@crossdock/archive'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lateHeader } from '../../src/image-archive/late-header.ts'

const GIB = 1024 ** 3

/** An archive of one member whose content is all zeros and need not be there. */
function archiveOf(header: Uint8Array, size: number): RandomAccess {
  return {
    name: 'sparse',
    size: header.byteLength + Math.ceil(size / 512) * 512 + 1024,
    async read(room, position) {
      room.fill(0)
      if (position < header.byteLength) room.set(header.subarray(position, position + room.byteLength))
      return room.byteLength
    },
    async [Symbol.asyncDispose]() {},
  }
}

describe('a header that is written after the content', () => {
  it.each([0, 1, 8 * GIB - 1, 8 * GIB, 9 * GIB + 1, 2 ** 42 + 5])(
    'fits where room was left for it, for %d bytes',
    async (size) => {
      const input = { path: 'blobs/sha256/x', mode: 0o444 }
      const room = encodeTarHeader(input).byteLength
      const header = lateHeader({ ...input, size }, room)
      expect(header.byteLength).toBe(room)
      const { entries } = await indexTar(archiveOf(header, size))
      expect(entries).toMatchObject([{ path: input.path, size, mode: 0o444, type: 'file' }])
    },
  )

  it('is read back for any size and any length of the name', async () => {
    const path = fc.stringMatching(/^[a-z/é]{1,180}$/).map((text) => `a${text.replaceAll('/', '/b')}z`)
    await fc.assert(
      fc.asyncProperty(path, fc.nat(2 ** 50), async (name, size) => {
        const room = encodeTarHeader({ path: name }).byteLength
        const header = lateHeader({ path: name, size }, room)
        expect(header.byteLength).toBe(room)
        expect((await indexTar(archiveOf(header, size))).entries).toMatchObject([{ path: name, size }])
      }),
    )
  })

  it('is refused where it does not fit', () => {
    expect(() => lateHeader({ path: 'x', size: 1 }, 1024)).toThrow(/1024 bytes for a header of 512/)
  })
})
