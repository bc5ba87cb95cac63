import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gnupgHome, readGnupgKeyRings } from '../../src/index.ts'

describe('gnupgHome', () => {
  it.each([
    ['GNUPGHOME', { GNUPGHOME: '/keys' }, 'linux', '/keys'],
    ['the home folder', { GNUPGHOME: '' }, 'linux', join('/home/tess', '.gnupg')],
    ['the folder of programs on Windows', { APPDATA: 'C:\\Data' }, 'win32', 'C:\\Data\\gnupg'],
  ] as const)('is in %s', (_, env, platform, expected) => {
    expect(gnupgHome({ env, home: '/home/tess', platform })).toBe(expected)
  })

  it('is nowhere without a home folder', () => {
    expect(() => gnupgHome({ env: {}, home: undefined, platform: 'linux' })).toThrow(
      expect.objectContaining({ code: 'IO' }),
    )
  })
})

describe('readGnupgKeyRings', () => {
  let home: string
  beforeEach(async () => void (home = await mkdtemp(join(tmpdir(), 'gnupg-home-'))))
  afterEach(() => rm(home, { recursive: true }))

  it('reads both files that there may be', async () => {
    await writeFile(join(home, 'pubring.gpg'), 'old')
    expect(await texts()).toEqual(['old'])
    await writeFile(join(home, 'pubring.kbx'), 'new')
    expect(await texts()).toEqual(['new', 'old'])
  })

  it('refuses a home without keys, and one whose keys are in a database', async () => {
    await writeFile(join(home, 'pubring.kbx'), '')
    await expect(texts()).rejects.toMatchObject({ code: 'IO' })
    await writeFile(join(home, 'pubring.kbx'), 'left behind')
    await mkdir(join(home, 'public-keys.d'))
    await writeFile(join(home, 'public-keys.d', 'pubring.db'), '')
    await expect(texts()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  async function texts(): Promise<readonly string[]> {
    return (await readGnupgKeyRings(home)).map((ring) => Buffer.from(ring).toString())
  }
})
