import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { thisProcess } from '@crossdock/blob-files'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { writeWhole } from '../../src/root-filesystem/write-whole.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossdock-whole-'))
  onTestFinished(() => rm(folder, { recursive: true }))
})

async function* chunks(...texts: readonly (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    if (text instanceof Error) throw text
    yield Buffer.from(text)
  }
}

test('a file is written, and replaced', async () => {
  const path = join(folder, 'a.tar')
  await writeWhole(path, chunks('one', ' two'))
  expect(await readFile(path, 'utf8')).toBe('one two')
  await writeWhole(path, chunks('three'))
  expect(await readFile(path, 'utf8')).toBe('three')
  expect(await readdir(folder)).toEqual(['a.tar'])
})

test('until it is whole, what was there stays; a failure leaves nothing else', async () => {
  const path = join(folder, 'a.tar')
  await writeFile(path, 'old')
  const seen: string[] = []
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('new')
    seen.push(await readFile(path, 'utf8'))
    throw new Error('broken off')
  }
  await expect(writeWhole(path, body())).rejects.toThrow('broken off')
  expect(seen).toEqual(['old'])
  expect(await readFile(path, 'utf8')).toBe('old')
  expect(await readdir(folder)).toEqual(['a.tar'])
  await expect(writeWhole(join(folder, 'b.tar'), chunks('x', new Error('no')))).rejects.toThrow('no')
  expect(await readdir(folder)).toEqual(['a.tar'])
})

test('what a process that was killed left is removed, and what a living one writes is not', async () => {
  const dead = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).trim()
  const { pid, start, place } = thisProcess()
  const living = `new.${pid}-${start}-${place}.0123456789ab`
  for (const name of [`new.${dead}-1-${place}.0123456789ab`, living, 'new.txt']) {
    await writeFile(join(folder, name), 'half')
  }
  await writeWhole(join(folder, 'a.tar'), chunks('one'))
  expect((await readdir(folder)).toSorted()).toEqual(['a.tar', living, 'new.txt'].toSorted())
})

test.skipIf(process.platform === 'win32')('nobody else reads it before it is whole, and permissions stay', async () => {
  const path = join(folder, 'a.tar')
  const modeOf = async (name: string): Promise<number> => (await stat(join(folder, name))).mode & 0o777
  const modes: number[] = []
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('x')
    for (const name of await readdir(folder)) if (name !== 'a.tar') modes.push(await modeOf(name))
  }
  await writeWhole(path, body())
  expect(await modeOf('a.tar')).toBe(0o644 & ~process.umask())
  await chmod(path, 0o640)
  await writeWhole(path, body())
  expect(await modeOf('a.tar')).toBe(0o640)
  expect(modes).toEqual([0o600, 0o600])
})

test('a symbolic link stays one', async () => {
  await mkdir(join(folder, 'elsewhere'))
  await writeFile(join(folder, 'elsewhere/real'), 'old')
  await symlink('elsewhere/real', join(folder, 'link'))
  await writeWhole(join(folder, 'link'), chunks('new'))
  expect(await readFile(join(folder, 'elsewhere/real'), 'utf8')).toBe('new')
  expect(await readlink(join(folder, 'link'))).toBe('elsewhere/real')
})

test('a folder and a device are refused, and a place that is not there', async () => {
  await expect(writeWhole(folder, chunks('x'))).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('is a folder'),
  })
  await expect(writeWhole('/dev/null', chunks('x'))).rejects.toMatchObject({ code: 'CONFLICT' })
  await expect(writeWhole(join(folder, 'no/a.tar'), chunks('x'))).rejects.toMatchObject({ code: 'IO' })
})
