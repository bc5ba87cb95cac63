import { describe, expect, it, test } from 'vitest'
import { hostEnvironment, type HostEnvironment } from '../../src/index.ts'
import { containersFolders, userConfigFolder } from '../../src/host/host-paths.ts'

const host = (over: Partial<HostEnvironment>): HostEnvironment => ({
  env: {},
  home: '/home/me',
  platform: 'linux',
  uid: 1000,
  ...over,
})

describe('the folders of configuration', () => {
  it.each<[string, Partial<HostEnvironment>, readonly string[]]>([
    ['Linux', {}, ['/home/me/.config/containers', '/etc/containers', '/usr/share/containers']],
    ['macOS', { platform: 'darwin' }, ['/home/me/.config/containers', '/etc/containers', '/usr/share/containers']],
    [
      'FreeBSD',
      { platform: 'freebsd' },
      ['/home/me/.config/containers', '/usr/local/etc/containers', '/usr/local/share/containers'],
    ],
    [
      'Windows',
      {
        platform: 'win32',
        home: 'C:\\Users\\me',
        uid: undefined,
        env: { APPDATA: 'C:\\Users\\me\\AppData\\Roaming', ProgramData: 'C:\\ProgramData', XDG_CONFIG_HOME: 'X:\\' },
      },
      ['C:\\Users\\me\\AppData\\Roaming\\containers', 'C:\\ProgramData\\containers'],
    ],
    ['Windows without variables', { platform: 'win32', uid: undefined }, []],
    ['no home', { home: undefined }, ['/etc/containers', '/usr/share/containers']],
    [
      'a root and a variable',
      { root: '/sys', env: { XDG_CONFIG_HOME: '/conf' } },
      ['/conf/containers', '/sys/etc/containers', '/sys/usr/share/containers'],
    ],
    [
      'an empty variable',
      { env: { XDG_CONFIG_HOME: '' } },
      ['/home/me/.config/containers', '/etc/containers', '/usr/share/containers'],
    ],
  ])('on %s', (_, over, folders) => {
    expect(containersFolders(host(over))).toEqual(folders)
  })
})

test('this process has an environment', () => {
  const real = hostEnvironment({ HOME: '/somewhere', USERPROFILE: '/somewhere', XDG_CONFIG_HOME: '/x', APPDATA: '/x' })
  expect(real).toMatchObject({ home: '/somewhere', platform: process.platform })
  expect(userConfigFolder(real)).toBe('/x')
})
