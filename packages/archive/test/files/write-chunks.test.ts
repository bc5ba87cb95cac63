import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from '@crossdock/transport-testkit'
import { expect, it } from 'vitest'
import type { NamelessFile } from '../../src/files/temporary-file.ts'
import { writeChunks } from '../../src/files/write-chunks.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const chunks = ['a', 'b', 'c', 'd'].map((seed) => randomBytes(300_000, seed))
const all = Buffer.concat(chunks)

async function* body(): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Uint8Array.from(chunk) // what is written may be used again
}

async function openFile(flags: string): Promise<NamelessFile> {
  const path = join(await temporaryFolder(), 'file')
  if (flags === 'r') await writeFile(path, '')
  const handle = await open(path, flags)
  return { path, handle, [Symbol.asyncDispose]: () => handle.close() }
}

it('chunks are written whole, from the position on', async () => {
  await using file = await openFile('wx+')
  expect(await writeChunks(file, 10, body())).toBe(1_200_010)
  expect((await readFile(file.path)).subarray(10).equals(all)).toBe(true)
})

it('several write into one file at once, each at its place, and say how much for the disk', async () => {
  await using file = await openFile('wx+')
  let wrote = 0
  const flusher = { wrote: (bytes: number) => void (wrote += bytes), settle: () => Promise.resolve() }
  const places = [2, 0, 1].map((place) => place * all.byteLength)
  await Promise.all(places.map((place) => writeChunks(file, place, body(), flusher)))
  expect((await readFile(file.path)).equals(Buffer.concat([all, all, all]))).toBe(true)
  expect(wrote).toBe(3 * all.byteLength)
})

it('what the body throws is thrown when nothing is written any more', async () => {
  await using file = await openFile('wx+')
  const error = new Error('the body broke')
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Uint8Array.from(chunks[0]!)
    throw error
  }
  await expect(writeChunks(file, 0, broken())).rejects.toBe(error)
  expect((await file.handle.stat()).size).toBe(300_000)
})

it('a write that fails is thrown, named', async () => {
  await using file = await openFile('r')
  await expect(writeChunks(file, 0, body())).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringContaining(file.path),
  })
})
