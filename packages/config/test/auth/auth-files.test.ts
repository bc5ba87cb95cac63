import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { filesToWrite } from '../../src/auth/auth-files.ts'
import { authFiles, type HostEnvironment } from '../../src/index.ts'

interface Row {
  readonly expected: string
  readonly legacyFormat: boolean
  readonly os: NodeJS.Platform
  readonly sys: { readonly AuthFilePath?: string; readonly RootForImplicitAbsolutePaths?: string } | null
  readonly xrd: string
}

const table = JSON.parse(readFileSync(new URL('../fixtures/auth/config_test.json', import.meta.url), 'utf8')) as {
  readonly TestGetPathToAuth: readonly { readonly rows: readonly Row[] }[]
}
const HOME = '/home/me'

function environment(env: HostEnvironment['env'] = {}, more: Partial<HostEnvironment> = {}): HostEnvironment {
  return { env, home: HOME, platform: 'linux', uid: 1000, ...more }
}

function paths(env: HostEnvironment['env'] = {}, more: Partial<HostEnvironment> = {}): readonly string[] {
  return authFiles({ environment: environment(env, more) }).map(({ path }) => path)
}

describe('the first file', () => {
  const rows = table.TestGetPathToAuth.flatMap((group) => group.rows)
  // Old files cannot be named here, and a runtime folder that is not there is passed over when the file is read.
  const meant = rows.filter(({ legacyFormat, expected }) => !legacyFormat && expected !== '')
  it.each(meant)('on $os with $sys and runtime folder "$xrd" is $expected', ({ expected, os, sys, xrd }) => {
    const options = {
      environment: environment(xrd === '' ? {} : { XDG_RUNTIME_DIR: xrd }, {
        platform: os,
        root: sys?.RootForImplicitAbsolutePaths,
      }),
      authFile: sys?.AuthFilePath,
    }
    const wanted = expected.replace('#uid', '1000').replace('#darwinDefault', `${HOME}/.config/containers/auth.json`)
    expect(authFiles(options)[0]?.path).toBe(wanted)
    expect(filesToWrite(options)[0]?.path).toBe(wanted)
  })
})

describe('the files', () => {
  it("are Podman's, then Docker's", () => {
    expect(paths({ XDG_RUNTIME_DIR: '/run/user/1000' })).toEqual([
      '/run/user/1000/containers/auth.json',
      '/home/me/.config/containers/auth.json',
      '/home/me/.docker/config.json',
      '/home/me/.dockercfg',
    ])
  })

  it('are where variables say', () => {
    expect(paths({ XDG_CONFIG_HOME: '/c', DOCKER_CONFIG: '/d', XDG_RUNTIME_DIR: '' })).toEqual([
      '/run/containers/1000/auth.json',
      '/c/containers/auth.json',
      '/d/config.json',
      '/home/me/.dockercfg',
    ])
  })

  it.each(['darwin', 'win32', 'freebsd'] as const)('are named once on %s', (platform) => {
    const found = paths({}, { platform, home: platform === 'win32' ? 'C:\\Users\\me' : HOME })
    expect(found).toHaveLength(3)
    expect(found[0]).toMatch(/\.config[\\/]containers[\\/]auth\.json$/)
  })

  it('are one if it is named, and a flag beats the variable', () => {
    const env = { REGISTRY_AUTH_FILE: '/a/auth.json' }
    expect(paths(env)).toEqual(['/a/auth.json'])
    expect(authFiles({ environment: environment(env), authFile: '/b' }).map(({ path }) => path)).toEqual(['/b'])
    expect(authFiles({ environment: environment(env), compatAuthFile: '/b' })[0]).toMatchObject({ form: 'docker' })
  })

  it('cannot be two that are the only one', () => {
    const options = { environment: environment(), authFile: '/a', compatAuthFile: '/b' }
    expect(() => authFiles(options)).toThrow(/two files/)
  })

  it("are Docker's alone on demand, for reading and for writing", () => {
    const options = { environment: environment(), order: 'docker' } as const
    const config = '/home/me/.docker/config.json'
    expect(authFiles(options).map(({ path }) => path)).toEqual([config, '/home/me/.dockercfg'])
    expect(filesToWrite(options)).toEqual([{ path: config, form: 'docker' }])
  })

  it('are few without a home folder', () => {
    expect(paths({}, { home: undefined })).toEqual(['/run/containers/1000/auth.json'])
    expect(paths({}, { home: undefined, platform: 'win32', uid: undefined })).toEqual([])
  })
})

describe('what is written', () => {
  it('is the runtime folder, which must be there, else the folder of configuration', () => {
    expect(filesToWrite({ environment: environment({ XDG_RUNTIME_DIR: '/r' }) })).toEqual([
      { path: '/r/containers/auth.json', form: 'containers', within: '/r' },
      { path: '/home/me/.config/containers/auth.json', form: 'containers' },
    ])
    expect(filesToWrite({ environment: environment({}, { platform: 'darwin' }) })).toHaveLength(1)
  })
})
