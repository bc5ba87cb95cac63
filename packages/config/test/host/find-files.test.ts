import { chmod, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findFiles, type FileSearch } from '../../src/host/find-files.ts'
import type { HostEnvironment } from '../../src/index.ts'
import { hostFolder } from './host-folder.ts'

const SEARCH: FileSearch = { name: 'registries.conf', extension: '.conf', variable: 'NAMED', limitBytes: 1000 }
const [USER, ETC, USR] = ['home/me/.config/containers', 'etc/containers', 'usr/share/containers']

async function contents(host: HostEnvironment, search: Partial<FileSearch> = {}): Promise<readonly string[]> {
  const { files } = await findFiles(host, { ...SEARCH, ...search })
  return files.map(({ bytes }) => new TextDecoder().decode(bytes))
}

describe('findFiles', () => {
  it('reads the first main file that exists, and says so', async () => {
    const { host, path } = await hostFolder({ [`${ETC}/registries.conf`]: 'etc', [`${USR}/registries.conf`]: 'usr' })
    const { files, searched } = await findFiles(host, SEARCH)
    expect(files.map(({ path: found }) => found)).toEqual([path(`${ETC}/registries.conf`)])
    expect(searched.slice(0, 3).map(({ state }) => state)).toEqual(['absent', 'read', 'not needed'])
    expect(await contents((await hostFolder({ [`${USER}/registries.conf`]: 'me' })).host)).toEqual(['me'])
    expect(await contents((await hostFolder()).host)).toEqual([])
  })

  it('reads drop-ins by name over all levels; one of a higher level hides its namesakes', async () => {
    const { host, path } = await hostFolder({
      [`${USR}/registries.conf.d/20-a.conf`]: 'usr-20',
      [`${USR}/registries.conf.d/10-b.conf`]: 'usr-10',
      [`${ETC}/registries.conf.d/10-b.conf`]: 'etc-10',
      [`${USER}/registries.conf.d/05.conf`]: 'me-05',
      [`${ETC}/registries.conf.d/README`]: 'no',
      [`${ETC}/registries.conf.d/30.conf~`]: 'no',
      [`${ETC}/registries.conf.d/sub.conf/deep.conf`]: 'no',
      [`${ETC}/registries.conf`]: 'main',
    })
    expect(await contents(host)).toEqual(['main', 'me-05', 'etc-10', 'usr-20'])
    const { searched } = await findFiles(host, SEARCH)
    expect(searched.filter(({ state }) => state === 'hidden')).toEqual([
      {
        path: path(`${USR}/registries.conf.d/10-b.conf`),
        state: 'hidden',
        by: path(`${ETC}/registries.conf.d/10-b.conf`),
      },
    ])
  })

  it.each<[string, Partial<HostEnvironment>, readonly string[]]>([
    ['the administrator', { uid: 0 }, ['all', 'rootful']],
    ['a user', { uid: 1000 }, ['all', 'rootless', 'only-1000']],
    ['another user', { uid: 99 }, ['all', 'rootless']],
    ['a user in a namespace', { uid: 0, env: { _CONTAINERS_ROOTLESS_UID: '1000' } }, ['all', 'rootless', 'only-1000']],
    ['nobody in particular', { uid: undefined }, ['all']],
  ])('has drop-ins for %s', async (_, over, expected) => {
    const { host } = await hostFolder({
      [`${ETC}/registries.conf.d/1.conf`]: 'all',
      [`${USR}/registries.rootful.conf.d/2.conf`]: 'rootful',
      [`${USR}/registries.rootless.conf.d/3.conf`]: 'rootless',
      [`${ETC}/registries.rootless.conf.d/1000/4.conf`]: 'only-1000',
      [`${USER}/registries.rootless.conf.d/5.conf`]: 'the user has no such folder',
    })
    expect(await contents({ ...host, ...over })).toEqual(expected)
  })

  it('keeps registries.d apart, which has no main file', async () => {
    const { host } = await hostFolder({
      [`${ETC}/registries.d/a.yaml`]: 'etc',
      [`${USR}/registries.rootless.d/b.yaml`]: 'rootless',
      [`${ETC}/registries`]: 'no main file',
      [`${ETC}/registries.yaml`]: 'no main file either',
    })
    const search = { name: 'registries', extension: '.yaml', hasMainFile: false }
    expect(await contents(host, search)).toEqual(['etc', 'rootless'])
  })

  it('follows the variables: one file alone, and one after all others', async () => {
    const { host, path } = await hostFolder({
      [`${ETC}/registries.conf`]: 'main',
      [`${ETC}/registries.conf.d/1.conf`]: 'drop-in',
      only: 'only',
      last: 'last',
    })
    const withEnv = (env: HostEnvironment['env']): HostEnvironment => ({ ...host, env })
    expect(await contents(withEnv({ NAMED: path('only') }))).toEqual(['only'])
    expect(await contents(withEnv({ NAMED_OVERRIDE: path('last') }))).toEqual(['main', 'drop-in', 'last'])
    expect(await contents(withEnv({ NAMED: path('only'), NAMED_OVERRIDE: path('last') }))).toEqual(['only', 'last'])
    expect(await contents(withEnv({ NAMED: '', NAMED_OVERRIDE: '' }))).toEqual(['main', 'drop-in'])
    for (const name of ['NAMED', 'NAMED_OVERRIDE']) {
      const failure = contents(withEnv({ [name]: path('gone') }))
      await expect(failure).rejects.toMatchObject({ code: 'IO' })
      await expect(failure).rejects.toThrow(`which ${name} names, does not exist`)
    }
  })

  it('takes what is given before variables', async () => {
    const { host, path } = await hostFolder({
      [`${ETC}/registries.conf`]: 'main',
      [`${ETC}/registries.conf.d/1.conf`]: 'drop-in',
      'given.d/1.conf': 'given drop-in',
      given: 'given',
      only: 'only',
    })
    const env = { NAMED: path('only'), NAMED_OVERRIDE: path('only') }
    const [file, dropIns] = [path('given'), path('given.d')]
    expect(await contents({ ...host, env }, { file })).toEqual(['given', 'drop-in'])
    expect(await contents({ ...host, env }, { dropIns })).toEqual(['main', 'given drop-in'])
    expect(await contents({ ...host, env }, { file, dropIns })).toEqual(['given', 'given drop-in'])
    expect(await contents(host, { dropIns: path('gone.d') })).toEqual(['main'])
    await expect(contents(host, { file: path('gone') })).rejects.toMatchObject({ code: 'IO' })
  })

  it.skipIf(process.platform === 'win32')('follows links, and lets one to /dev/null switch a drop-in off', async () => {
    const { host, path } = await hostFolder({
      [`${USR}/registries.conf.d/1.conf`]: 'usr-1',
      [`${USR}/registries.conf.d/2.conf`]: 'usr-2',
      elsewhere: 'linked',
    })
    await mkdir(path(`${ETC}/registries.conf.d`), { recursive: true })
    await symlink('/dev/null', path(`${ETC}/registries.conf.d/1.conf`))
    await symlink(path('elsewhere'), path(`${ETC}/registries.conf.d/3.conf`))
    await symlink(path('nowhere'), path(`${ETC}/registries.conf.d/4.conf`))
    expect(await contents(host)).toEqual(['', 'usr-2', 'linked'])
  })

  it.skipIf(process.platform === 'win32')('refuses links that lead in a circle', async () => {
    const { host, path } = await hostFolder({ [`${ETC}/registries.conf.d/1.conf`]: '' })
    const loop = path(`${ETC}/registries.conf.d/2.conf`)
    await symlink(loop, loop)
    await expect(contents(host)).rejects.toMatchObject({ code: 'IO', message: expect.stringContaining(loop) as string })
  })

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'tells folders that may not be read',
    async () => {
      const { host, path } = await hostFolder({ [`${ETC}/registries.conf.d/1.conf`]: '' })
      await chmod(path(`${ETC}/registries.conf.d`), 0)
      await expect(contents(host)).rejects.toMatchObject({ code: 'IO' })
      await chmod(path(`${ETC}/registries.conf.d`), 0o700)
    },
  )

  it('refuses more drop-ins than anybody has, and larger files', async () => {
    const many = Array.from({ length: 1001 }, (_, index) => [join(ETC, 'registries.conf.d', `${index}.conf`), ''])
    const { host } = await hostFolder(Object.fromEntries(many) as Record<string, string>)
    await expect(contents(host)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    const large = await hostFolder({ [`${ETC}/registries.conf`]: 'x'.repeat(1001) })
    await expect(contents(large.host)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})
