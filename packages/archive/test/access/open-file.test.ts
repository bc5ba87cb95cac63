import { execFileSync } from 'node:child_process'
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { indexTar, openFile } from '../../src/index.ts'
import { rejection } from '../bodies.ts'
import { rawMember, rawTar } from '../raw-tar.ts'
import { temporaryFolder } from '../temporary-folder.ts'

describe('openFile', () => {
  test('reads at any place, through a link too', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'a.tar')
    await writeFile(path, rawTar(rawMember({ name: 'a' }, 'hello')))
    await symlink(path, join(folder, 'link'))
    for (const name of ['a.tar', 'link']) {
      await using access = await openFile(join(folder, name))
      const room = Buffer.alloc(5)
      expect(await access.read(room, 512)).toBe(5)
      expect(room.toString()).toBe('hello')
      expect(await access.read(room, access.size - 2)).toBe(2)
      expect(await access.read(room, access.size)).toBe(0)
      expect((await indexTar(access)).entries).toHaveLength(1)
    }
  })

  test('says what it is not', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'folder'))
    expect(await rejection(openFile(join(folder, 'missing')))).toMatchObject({ code: 'NOT_FOUND' })
    expect(await rejection(openFile(join(folder, 'folder')))).toMatchObject({ code: 'INVALID_DATA' })
    await symlink('circle', join(folder, 'circle'))
    expect(await rejection(openFile(join(folder, 'circle')))).toMatchObject({ code: 'IO' })
    await writeFile(join(folder, 'file'), '')
    expect(await rejection(openFile(join(folder, 'file', 'below')))).toMatchObject({ code: 'IO' })
    expect(String(await rejection(openFile(join(folder, 'missing\n'))))).toContain(String.raw`missing\u{a}`)
  })

  test.skipIf(process.platform === 'win32')('does not wait for a pipe', async () => {
    const pipe = join(await temporaryFolder(), 'pipe')
    execFileSync('sh', ['-c', 'mkfifo "$0"', pipe])
    const error = await rejection(openFile(pipe))
    expect(error).toMatchObject({ code: 'INVALID_DATA' })
    expect(String(error)).toContain('a pipe, a socket or a device')
  })

  test('a file that was cut off meanwhile is noticed', async () => {
    const path = join(await temporaryFolder(), 'a.tar')
    await writeFile(path, rawTar(rawMember({ name: 'a' }, 'hello')))
    await using access = await openFile(path)
    await truncate(path, 300)
    expect(await rejection(indexTar(access))).toMatchObject({ code: 'INVALID_DATA' })
  })
})
