import { readdir } from 'node:fs/promises'
import { bytesBody } from '@crossdock/core'
import { hangingBody, randomBytes, slowBody } from '@crossdock/transport-testkit'
import { describe, expect, it } from 'vitest'
import { readAccess } from '../../src/access/read-access.ts'
import { spool } from '../../src/files/spool.ts'
import { readAll } from '../bodies.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const bytes = randomBytes(1_500_000, 'spool')

describe('a body in a file without a name', () => {
  it('is given from any place, as often as wanted', async () => {
    const folder = await temporaryFolder()
    await using access = await spool(slowBody(bytesBody(bytes), { chunkBytes: 70_000 }).open(), {
      folder,
      limitBytes: 1_500_000,
      what: 'it',
    })
    expect(access.size).toBe(bytes.byteLength)
    for (const [offset, end] of [
      [0, bytes.byteLength],
      [1_000_000, 1_000_001],
      [5, 1_400_000],
      [9, 9],
    ] as const) {
      expect((await readAll(readAccess(access, { offset, end }))).equals(bytes.subarray(offset, end))).toBe(true)
    }
    const room = new Uint8Array(10)
    expect(await access.read(room, bytes.byteLength - 4)).toBe(4)
  })

  it('that is too large is not read on, and is closed', async () => {
    const folder = await temporaryFolder()
    let read = 0
    let isClosed = false
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          read += 100_000
          yield new Uint8Array(100_000)
        }
      } finally {
        // As long as a slow peer takes.
        for (let turn = 0; turn < 200; turn += 1) await new Promise<void>((resolve) => void setImmediate(resolve))
        isClosed = true
      }
    }
    await expect(spool(endless(), { folder, limitBytes: 250_000, what: 'it' })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: 'it has more than the 250000 bytes that are accepted',
    })
    expect(read).toBe(300_000)
    expect(isClosed).toBe(true)
    expect(await readdir(folder)).toEqual([])
  })

  it('that hangs is left when the signal aborts', async () => {
    const folder = await temporaryFolder()
    const controller = new AbortController()
    const reason = { why: 'test' }
    const body = hangingBody(bytesBody(bytes), { hangAfterBytes: 1000, onHang: () => controller.abort(reason) })
    const { signal } = controller
    await expect(spool(body.open(), { folder, limitBytes: 1e9, what: 'it', signal })).rejects.toBe(reason)
    expect(body.closed()).toBe(1)
    expect(await readdir(folder)).toEqual([])
  })
})
