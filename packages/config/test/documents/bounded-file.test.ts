import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfigFile } from '../../src/index.ts'

describe('readConfigFile', () => {
  let folder = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crossdock-config-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('reads a file of any size up to the limit', async () => {
    const path = join(folder, 'file')
    for (const size of [0, 1, 16_384, 40_000]) {
      await writeFile(path, Buffer.alloc(size, 'x'))
      expect((await readConfigFile(path, { limitBytes: 40_000 }))?.byteLength).toBe(size)
    }
    const tooSmall = readConfigFile(path, { limitBytes: 39_999 })
    await expect(tooSmall).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('gives undefined for what is not there', async () => {
    await writeFile(join(folder, 'plain'), '')
    expect(await readConfigFile(join(folder, 'none'))).toBeUndefined()
    expect(await readConfigFile(join(folder, 'plain', 'below'))).toBeUndefined()
  })

  it('refuses a folder, and does not wait for a pipe', async () => {
    await mkdir(join(folder, 'sub'))
    await expect(readConfigFile(join(folder, 'sub'))).rejects.toMatchObject({ code: 'IO' })
    if (process.platform === 'win32') return
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(folder, 'pipe')])
    await expect(readConfigFile(join(folder, 'pipe'))).rejects.toThrow('not a regular file')
  })

  it('rethrows the reason of an abort', async () => {
    const reason = new Error('enough')
    await expect(readConfigFile(join(folder, 'file'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
