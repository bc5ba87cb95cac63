import { randomBytes } from 'node:crypto'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createFileWriter } from '../src/file-writer.ts'

const CHUNKS = [1, 70_000, 0, 3, 600_000, 12, 1_000_000].map((size) => randomBytes(size))
const ALL = Buffer.concat(CHUNKS)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-writer-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))
afterEach(() => vi.restoreAllMocks())

/** Every look at the clock is so much later. */
function clockRuns(ms: number): void {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (now += ms))
}

describe.each([
  ['in its own call', 1, false],
  ['in the thread pool, once that took long', 1000, false],
  ['in the thread pool from the beginning on', 1, true],
])('a file written %s', (_how, msPerLook, isPooled) => {
  it('has every byte at its place, and tells of them in order', async () => {
    clockRuns(msPerLook)
    const path = join(folder, `whole-${msPerLook}-${isPooled}`)
    const handle = await open(path, 'w+')
    await handle.write(Buffer.alloc(1000))
    const ends: number[] = []
    const writer = createFileWriter({
      handle,
      path,
      position: 1000,
      isPooled,
      onWritten: (_bytes, end) => ends.push(end),
    })
    const pool = vi.spyOn(handle, 'write')
    for (const chunk of CHUNKS) await writer.write(Buffer.from(chunk))
    expect(await writer.finish()).toBe(1000 + ALL.byteLength)
    expect(pool.mock.calls.length > 0).toBe(isPooled || msPerLook > 1)
    await handle.close()
    expect((await readFile(path)).equals(Buffer.concat([Buffer.alloc(1000), ALL]))).toBe(true)
    expect(ends).toStrictEqual(ends.toSorted((a, b) => a - b))
    expect(ends.at(-1)).toBe(1000 + ALL.byteLength)
  })

  it('that cannot be written fails, then and at the end', async () => {
    clockRuns(msPerLook)
    const path = join(folder, `refused-${msPerLook}-${isPooled}`)
    await writeFile(path, 'good')
    const readOnly = await open(path, 'r')
    const failing = createFileWriter({ handle: readOnly, path, position: 0, isPooled })
    const error = { code: 'IO', message: expect.stringContaining(`cannot write "${path}"`) }
    await expect(failing.write(Buffer.from('bad')).then(() => failing.finish())).rejects.toMatchObject(error)
    await expect(failing.finish()).rejects.toMatchObject(error)
    await readOnly.close()
  })

  it('fails with what the listener throws', async () => {
    clockRuns(msPerLook)
    const path = join(folder, `listener-${msPerLook}-${isPooled}`)
    const handle = await open(path, 'w')
    const onWritten = vi.fn<() => void>()
    const writer = createFileWriter({ handle, path, position: 0, isPooled, onWritten })
    await writer.write(Buffer.from('first'))
    onWritten.mockImplementation(() => {
      throw new Error('no more')
    })
    const all = async (): Promise<void> => {
      await writer.write(Buffer.from('second'))
      await writer.finish()
    }
    await expect(all()).rejects.toThrow('no more')
    await handle.close()
  })
})
