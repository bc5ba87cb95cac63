import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { folderJournal } from '../../../src/index.ts'
import { temporaryFolder } from '../../peers.ts'

const KEY = { host: 'example.com', repository: 'a/b', digest: digestOf(new Uint8Array()) }
const UPLOAD = { url: 'https://example.com/v2/a/b/blobs/uploads/1?_state=s3cret', offset: 7 }
/** No process has it: it is above what the kernel gives. */
const DEAD_PID = 2 ** 30

async function onlyFile(path: string): Promise<string> {
  const [name] = await readdir(path)
  return join(path, name ?? 'none')
}

async function change(path: string, members: object): Promise<void> {
  const file = await onlyFile(path)
  await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as object), ...members })) // written by the subject
}

describe('folderJournal', () => {
  it('remembers in files that only their owner can read', async () => {
    const path = join(await temporaryFolder(), 'made', 'when needed')
    const journal = folderJournal(path)
    expect(await journal.claim(KEY)).toBeUndefined()
    await journal.note(KEY, { ...UPLOAD, offset: 1 })
    await journal.note(KEY, UPLOAD)
    expect(await folderJournal(path).peek(KEY)).toMatchObject(UPLOAD)
    expect(await folderJournal(path).claim(KEY)).toMatchObject(UPLOAD)
    expect(await journal.peek({ ...KEY, repository: 'other' })).toBeUndefined()
    expect(await readdir(path)).toHaveLength(1)
    const modes = [(await stat(path)).mode & 0o777, (await stat(await onlyFile(path))).mode & 0o777]
    expect(process.platform === 'win32' ? [0o700, 0o600] : modes).toEqual([0o700, 0o600])
    await journal.forget(KEY)
    expect(await readdir(path)).toEqual([])
  })

  it('takes over what a dead process left, and leaves alone what a living one has', async () => {
    const path = await temporaryFolder()
    const journal = folderJournal(path)
    await journal.note(KEY, UPLOAD)
    await change(path, { pid: process.ppid })
    expect(await journal.peek(KEY)).toBeUndefined()
    expect(await journal.claim(KEY)).toBeUndefined()
    await journal.note(KEY, { ...UPLOAD, offset: 9 })
    await journal.forget(KEY)
    expect(JSON.parse(await readFile(await onlyFile(path), 'utf8'))).toMatchObject({ ...UPLOAD, pid: process.ppid })
    await change(path, { pid: DEAD_PID })
    expect(await journal.claim(KEY)).toMatchObject(UPLOAD)
    expect(JSON.parse(await readFile(await onlyFile(path), 'utf8'))).toMatchObject({ pid: process.pid })
    expect(await readdir(path)).toHaveLength(1)
  })

  it('gives it to one of several that claim it', async () => {
    const path = await temporaryFolder()
    await folderJournal(path).note(KEY, UPLOAD)
    await change(path, { pid: DEAD_PID })
    // Of one process both would be its own; what counts is that the rename does not fail anybody.
    const claims = await Promise.all([folderJournal(path).claim(KEY), folderJournal(path).claim(KEY)])
    expect(claims.filter((claim) => claim !== undefined).length).toBeGreaterThan(0)
  })

  it('takes over what nobody has touched for long, also of another machine', async () => {
    const path = await temporaryFolder()
    const journal = folderJournal(path)
    await journal.note(KEY, UPLOAD)
    await change(path, { machine: 'another' })
    expect(await journal.claim(KEY)).toBeUndefined()
    const hourAgo = new Date(Date.now() - 3600_000)
    await utimes(await onlyFile(path), hourAgo, hourAgo)
    expect(await journal.claim(KEY)).toMatchObject(UPLOAD)
  })

  it('forgets what is too old, and passes over what is damaged', async () => {
    const path = await temporaryFolder()
    await folderJournal(path).note(KEY, UPLOAD)
    const file = await onlyFile(path)
    const monthAgo = new Date(Date.now() - 30 * 24 * 3600_000)
    await utimes(file, monthAgo, monthAgo)
    expect(await folderJournal(path).claim(KEY)).toBeUndefined()
    await folderJournal(path).note({ ...KEY, repository: 'other' }, UPLOAD)
    expect(await readdir(path)).toHaveLength(1)
    for (const text of [
      '',
      '{',
      '[]',
      'null',
      '{"url":"x"}',
      JSON.stringify({ ...UPLOAD, offset: -1, pid: 1, machine: 'x', key: 'x' }),
    ]) {
      await writeFile(file, text)
      expect(await folderJournal(path).peek(KEY)).toBeUndefined()
    }
  })

  it('does without where nothing can be written', async () => {
    const path = await temporaryFolder()
    await writeFile(join(path, 'file'), '')
    const journal = folderJournal(join(path, 'file', 'below'))
    await journal.note(KEY, UPLOAD)
    expect(await journal.claim(KEY)).toBeUndefined()
    await journal.forget(KEY)
  })
})
