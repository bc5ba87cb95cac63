import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import type { NamelessFile } from '../../src/files/temporary-file.ts'
import { writeChunks } from '../../src/files/write-chunks.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const chunks = ['a', 'b', 'c', 'd'].map((seed) => randomBytes(300_000, seed))

interface CountedFile extends NamelessFile {
  /** The most writes that were under way at once. */
  mostAtOnce(): number
}

async function* body(): AsyncGenerator<Uint8Array> {
  yield* chunks
}

/** A file that takes at most 100,000 bytes in a write, as a system may, and each in a turn of its own. */
async function slowFile(path: string): Promise<CountedFile> {
  const handle = await open(path, 'wx+')
  const write = handle.write.bind(handle) as (
    bytes: Uint8Array,
    at: number,
    length: number,
    position: number,
  ) => Promise<unknown>
  let writes = 0
  let most = 0
  const slowWrite = async (bytes: Uint8Array, at: number, length: number, position: number): Promise<unknown> => {
    writes += 1
    most = Math.max(most, writes)
    await new Promise<void>((resolve) => void setImmediate(resolve))
    const written = await write(bytes, at, Math.min(length, 100_000), position)
    writes -= 1
    return written
  }
  Object.assign(handle, { write: slowWrite })
  return { path, handle, mostAtOnce: () => most, [Symbol.asyncDispose]: () => handle.close() }
}

it('chunks are written one at a time and whole, from the position on', async () => {
  const path = join(await temporaryFolder(), 'file')
  await using file = await slowFile(path)
  expect(await writeChunks(file, 10, body())).toBe(1_200_010)
  expect(file.mostAtOnce()).toBe(1)
  expect((await readFile(path)).subarray(10).equals(Buffer.concat(chunks))).toBe(true)
})

it('what the body throws is thrown when nothing is written any more', async () => {
  await using file = await slowFile(join(await temporaryFolder(), 'file'))
  const error = new Error('the body broke')
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield chunks[0]!
    throw error
  }
  await expect(writeChunks(file, 0, broken())).rejects.toBe(error)
  expect((await file.handle.stat()).size).toBe(300_000)
})

it('a write that fails is thrown, named', async () => {
  const path = join(await temporaryFolder(), 'file')
  const file = await slowFile(path)
  await file.handle.close()
  await expect(writeChunks(file, 0, body())).rejects.toThrow(/EBADF|closed|cannot write/)
})
