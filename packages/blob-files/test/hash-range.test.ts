import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHasher } from '@crossdock/core'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { hashRange } from '../src/hash-range.ts'

const BYTES = randomBytes(2_500_000)

let folder: string
let path: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hash-range-'))
  path = join(folder, 'file')
  await writeFile(path, BYTES)
})
afterAll(() => rm(folder, { recursive: true, force: true }))
afterEach(() => vi.restoreAllMocks())

function sha256(from: number, to: number): string {
  return `sha256:${createHash('sha256').update(BYTES.subarray(from, to)).digest('hex')}`
}

it.each([
  ['in its own call', 1],
  ['in the thread pool, once that took long', 1000],
])('hashes a range of a file, read %s', async (_how, msPerLook) => {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (now += msPerLook))
  await using handle = await open(path)
  const pool = vi.spyOn(handle, 'read')
  const hasher = createHasher('sha256')
  expect(await hashRange(handle, { hasher, from: 3, to: 1_500_000 })).toBe(1_500_000)
  expect(await hashRange(handle, { hasher, from: 1_500_000, to: 9_000_000 })).toBe(BYTES.byteLength)
  expect(hasher.digest()).toBe(sha256(3, BYTES.byteLength))
  expect(pool.mock.calls.length > 0).toBe(msPerLook > 1)
})

it('lets other work go on, and stops for the signal', async () => {
  await using handle = await open(path)
  const stop = new AbortController()
  setImmediate(() => stop.abort(new Error('enough')))
  const hashing = hashRange(handle, { hasher: createHasher('sha256'), to: BYTES.byteLength, signal: stop.signal })
  await expect(hashing).rejects.toThrow('enough')
})
