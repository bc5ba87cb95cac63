import { execFileSync } from 'node:child_process'
import { mkdir, symlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadHostConfig } from '../src/index.ts'
import { hostFolder } from './host/host-folder.ts'

const CONF = 'etc/containers/registries.conf'
const DROP_IN = 'etc/containers/registries.conf.d/1.conf'
const YAML = 'etc/containers/registries.d/a.yaml'

const BOMB = Array.from({ length: 9 }, (_, level) =>
  level === 0 ? 'l0: &l0 [x,x,x]' : `l${level}: &l${level} [${`*l${level - 1},`.repeat(9)}]`,
).join('\n')

async function read(files: Readonly<Record<string, string | Uint8Array>>): Promise<unknown> {
  const { host } = await hostFolder(files)
  const config = loadHostConfig({ host })
  return await Promise.all([config.registriesConf(), config.registriesD()])
}

describe('hostile files', () => {
  it.each<[string, string, string | Uint8Array, string, RegExp]>([
    [
      'a huge file',
      CONF,
      '#'.repeat(1024 * 1024 + 1),
      'LIMIT_EXCEEDED',
      /registries\.conf has more than 1048576 bytes/,
    ],
    ['a huge drop-in', DROP_IN, '#'.repeat(1024 * 1024 + 1), 'LIMIT_EXCEEDED', /1\.conf has more than/],
    ['huge YAML', YAML, '#'.repeat(128 * 1024 + 1), 'LIMIT_EXCEEDED', /a\.yaml has more than 131072 bytes/],
    ['what is not UTF-8', CONF, Uint8Array.of(0x23, 0x0a, 0x23, 0xff), 'INVALID_DATA', /registries\.conf:2: it is not/],
    ['YAML that is not UTF-8', YAML, Uint8Array.of(0xff), 'INVALID_DATA', /a\.yaml:1: it is not valid UTF-8/],
    ['deep lists', CONF, `a = ${'['.repeat(500_000)}`, 'INVALID_DATA', /registries\.conf:1:\d+: it is not TOML/],
    [
      'deep inline tables',
      CONF,
      `a = ${'{a='.repeat(200_000)}`,
      'INVALID_DATA',
      /registries\.conf:1:\d+: it is not TOML/,
    ],
    ['a deep header', CONF, `[${'a.'.repeat(100_000)}a]\n[aliases]\nx = 1`, 'INVALID_DATA', /:3:1: "x" must be text/],
    ['deep YAML', YAML, '['.repeat(100_000), 'LIMIT_EXCEEDED', /a\.yaml is nested too deeply/],
    ['a YAML bomb', YAML, BOMB, 'INVALID_DATA', /a\.yaml:\d+:\d+: it cannot be read: Excessive alias count/],
    ['many aliases', YAML, `a: &a x\n${'- *a\n'.repeat(200)}`, 'LIMIT_EXCEEDED', /a\.yaml has more than 100 aliases/],
    ['binary', CONF, 'a\u0000b', 'INVALID_DATA', /registries\.conf:1:/],
    [
      'a prototype',
      CONF,
      '[[registry]]\n__proto__ = {blocked = true}\nlocation = 1',
      'INVALID_DATA',
      /:3:1: "location" must be/,
    ],
  ])('%s is refused', async (...[, file, content, code, reason]) => {
    const failure = read({ [file]: content })
    await expect(failure).rejects.toMatchObject({ code })
    await expect(failure).rejects.toThrow(reason)
  })

  it('a folder in place of a file is refused, and one among drop-ins is not gone into', async () => {
    await expect(read({ [`${CONF}/x`]: '' })).rejects.toMatchObject({ code: 'IO' })
    await expect(read({ 'etc/containers/registries.conf.d': '' })).rejects.toMatchObject({ code: 'IO' })
    expect(await read({ [`${DROP_IN}/x`]: ']' })).toHaveLength(2)
  })

  it.skipIf(process.platform === 'win32').each([CONF, DROP_IN, YAML])(
    'a pipe at %s does not hold anybody up',
    async (file) => {
      const { host, path } = await hostFolder()
      await mkdir(dirname(path(file)), { recursive: true })
      execFileSync('sh', ['-c', 'mkfifo "$0"', path(file)])
      const config = loadHostConfig({ host })
      const failure = Promise.all([config.registriesConf(), config.registriesD()])
      await expect(failure).rejects.toMatchObject({ code: 'IO' })
      await expect(failure).rejects.toThrow('it is not a regular file')
    },
  )

  it.skipIf(process.platform === 'win32').each(['/dev/zero', '/dev/tty'])('a link to %s is refused', async (device) => {
    const { host, path } = await hostFolder()
    await mkdir(dirname(path(CONF)), { recursive: true })
    await symlink(device, path(CONF))
    await expect(loadHostConfig({ host }).registriesConf()).rejects.toMatchObject({ code: 'IO' })
  })
})
