import { readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { withFileLock } from '../../src/auth/file-lock.ts'
import { testHost } from './host.ts'

async function place(): Promise<{ readonly path: string; readonly lock: string }> {
  const { folder } = await testHost()
  return { path: join(folder, 'file'), lock: join(folder, 'file.lock') }
}

it('lets one in after the other, whoever fails', async () => {
  const { path, lock } = await place()
  let inside = 0
  const work = async (index: number): Promise<number> => {
    expect((inside += 1)).toBe(1)
    await writeFile(path, String(index))
    inside -= 1
    if (index % 2 === 1) throw new Error('odd')
    return index
  }
  const runs = Array.from({ length: 10 }, (_, index) => withFileLock(path, {}, () => work(index)))
  const settled = await Promise.allSettled(runs)
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  await expect(readFile(lock)).rejects.toThrow('ENOENT')
})

it('is taken from who has had it for too long, who then leaves the next one alone', async () => {
  const { path, lock } = await place()
  const long = new Date(Date.now() - 60_000)
  await withFileLock(path, {}, async () => {
    await utimes(lock, long, long)
    await withFileLock(path, {}, () => Promise.resolve())
    await writeFile(lock, 'another')
  })
  expect(await readFile(lock, 'utf8')).toBe('another')
})

it('is given up in time, and names what to remove', async () => {
  const { path, lock } = await place()
  await writeFile(lock, '1 elsewhere\n')
  const held = withFileLock(path, { timeoutMs: 20 }, () => Promise.resolve())
  await expect(held).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(`remove ${lock}`) })
})
