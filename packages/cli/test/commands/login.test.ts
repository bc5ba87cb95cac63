import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RegistryAuth, type RegistryServer, startRegistry } from '@crossdock/registry-server'
import { describe, expect, onTestFinished, test } from 'vitest'
import { callMain, type Called } from '../call-main.ts'

const PASSWORD = 'correct horse: battery'
const USER = ['-u', 'me', '--password-stdin']

interface Place {
  readonly server: RegistryServer
  readonly home: string
  /** Where credentials are kept if nothing else is said. */
  readonly authFile: string
  call(argv: readonly string[], stdin?: string): Promise<Called>
}

/** A registry that wants to know who somebody is, and a home. */
async function place(kind: RegistryAuth['kind'] | 'none' = 'basic'): Promise<Place> {
  const auth = kind === 'none' ? undefined : ({ kind, users: { me: PASSWORD } } as const)
  const server = await startRegistry(auth === undefined ? {} : { auth })
  const home = await mkdtemp(join(tmpdir(), 'crossdock-login-'))
  onTestFinished(async () => {
    await server.close()
    await rm(home, { recursive: true })
  })
  await mkdir(join(home, 'run'))
  const env = { HOME: home, XDG_RUNTIME_DIR: join(home, 'run') }
  return {
    server,
    home,
    authFile: join(home, process.platform === 'linux' ? 'run' : '.config', 'containers/auth.json'),
    call: (argv, stdin) => callMain(argv, { env, ...(stdin !== undefined && { stdin }) }),
  }
}

async function auths(file: string): Promise<object> {
  return (JSON.parse(await readFile(file, 'utf8')) as { readonly auths: object }).auths
}

describe('login', () => {
  test.each(['basic', 'token'] as const)(
    'keeps what the registry takes, and later commands use it: %s',
    async (kind) => {
      const { server, authFile, call } = await place(kind)
      const name = `docker://${server.host}/app`
      expect((await call(['list-tags', name])).exitCode).toBe(3)
      const done = await call(['login', ...USER, server.host, '-v'], `${PASSWORD}\n`)
      expect(done).toEqual({ exitCode: 0, stdout: '', stderr: `Used: ${authFile}\nLogin Succeeded!\n` })
      expect((await call(['list-tags', name])).exitCode).toBe(2) // logged in, and no such repository
      expect((await call(['list-tags', '--no-creds', name])).exitCode).toBe(3)
      expect((await call(['list-tags', '--creds', 'me:wrong', name])).exitCode).toBe(3)
      const again = await call(['login', server.host])
      expect(again.stderr).toBe(
        `Authenticating with existing credentials for ${server.host}\nExisting credentials are valid. Already logged in to ${server.host}\n`,
      )
      expect(await call(['login', '--get-login', server.host])).toEqual({ exitCode: 0, stdout: 'me\n', stderr: '' })
    },
  )

  test.each(['basic', 'token'] as const)('keeps nothing that is refused: %s', async (kind) => {
    const { server, authFile, call } = await place(kind)
    const { exitCode, stderr } = await call(['--debug', 'login', ...USER, server.host], 'wrong horse\n')
    expect(exitCode).toBe(3)
    expect(stderr).toMatch(
      /check user name and password; some registries take an access token for a password \[UNAUTHENTICATED\]\n$/,
    )
    expect(stderr).not.toMatch(/wrong horse|bWU6/)
    await expect(readFile(authFile)).rejects.toThrow('ENOENT')
  })

  test('is for a part of a registry, too, which counts for that alone', async () => {
    const { server, authFile, call } = await place()
    expect((await call(['login', ...USER, `${server.host}/team`], PASSWORD)).exitCode).toBe(0)
    expect(Object.keys(await auths(authFile))).toEqual([`${server.host}/team`])
    expect((await call(['list-tags', `docker://${server.host}/team/app`])).exitCode).toBe(2)
    expect((await call(['list-tags', `docker://${server.host}/teams/app`])).exitCode).toBe(3)
  })

  test('makes the file that is named, and reads it where it is named again', async () => {
    const { server, home, call } = await place()
    for (const [flag, name] of [
      ['--authfile', 'a.json'],
      ['--compat-auth-file', 'c.json'],
    ] as const) {
      const file = join(home, 'new', name)
      const named = [flag, file]
      expect((await call(['login', ...named, ...USER, server.host], PASSWORD)).exitCode).toBe(0)
      expect(Object.keys(await auths(file))).toEqual([server.host])
      expect((await call(['list-tags', `docker://${server.host}/a`])).exitCode).toBe(3)
      expect((await call([...named, 'list-tags', `docker://${server.host}/a`])).exitCode).toBe(2)
      expect((await call(['list-tags', `docker://${server.host}/a`, ...named])).exitCode).toBe(2)
    }
  })

  test('warns where nobody is asked, and where a password can be seen', async () => {
    const { server, call } = await place('none')
    const { exitCode, stderr } = await call(['login', '-u', 'me', '-p', 'anything', server.host])
    expect(exitCode).toBe(0)
    expect(stderr).toMatch(
      /^warning: a password on the command line can be seen.*\nwarning: .* did not ask who you are/,
    )
  })

  test.each([
    [['login'], 64, 'missing required argument'],
    [['login', 'HOST'], 64, 'nobody can be asked here: log in to HOST with --username and --password-stdin'],
    [['login', '-u', 'me', 'HOST'], 64, 'nobody can be asked here'],
    [['login', '--password-stdin', 'HOST'], 64, '--password-stdin needs --username beside it'],
    [['login', '-u', 'me', '-p', 'x', '--password-stdin', 'HOST'], 64, 'cannot be used with'],
    [['login', ...USER, 'https://HOST'], 64, 'it has a scheme; leave that out'],
    [['login', ...USER, 'HOST/app:tag'], 64, 'credentials are for repositories, not for one tag'],
    [['login', ...USER, 'quay'], 64, 'no image name has the registry "quay"'],
    [['login', '--get-login', 'HOST'], 3, 'not logged into HOST'],
    [['login', ...USER, '--authfile', 'a', '--compat-auth-file', 'b', 'HOST'], 64, 'give one of them'],
    [['login', ...USER, '--compat-auth-file', '/nowhere/c.json', 'HOST/team'], 1, 'keeps credentials for whole hosts'],
  ])('%j ends with %i: %s', async (argv, code, says) => {
    const { server, call } = await place()
    const put = (text: string): string => text.replace('HOST', server.host)
    const { exitCode, stderr } = await call(argv.map(put), PASSWORD)
    expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: expect.stringContaining(put(says)) })
    expect(stderr).not.toContain(PASSWORD)
  })
})

describe('logout', () => {
  test('forgets what login kept, once', async () => {
    const { server, authFile, call } = await place()
    await call(['login', ...USER, server.host], PASSWORD)
    expect(await call(['logout', server.host])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: `Removed login credentials for ${server.host}\n`,
    })
    expect(await auths(authFile)).toEqual({})
    expect(await call(['logout', server.host])).toMatchObject({
      exitCode: 3,
      stderr: `crossdock: not logged into ${server.host} [UNAUTHENTICATED]\n`,
    })
  })

  test('says who else has credentials, and leaves them', async () => {
    const { server, home, call } = await place()
    await mkdir(join(home, '.docker'))
    const file = join(home, '.docker/config.json')
    await writeFile(file, JSON.stringify({ auths: { [server.host]: { auth: btoa(`me:${PASSWORD}`) } } }))
    const { exitCode, stderr } = await call(['logout', server.host])
    expect(exitCode).toBe(3)
    expect(stderr).toContain(`what ${file} may have for ${server.host} was not put there by this command, and stays`)
    expect((await call(['list-tags', `docker://${server.host}/app`])).exitCode).toBe(2)
  })

  test('forgets all, and wants to know what', async () => {
    const { server, authFile, call } = await place()
    for (const path of ['', '/a', '/b']) await call(['login', ...USER, `${server.host}${path}`], PASSWORD)
    expect(Object.keys(await auths(authFile))).toHaveLength(3)
    expect((await call(['logout'])).exitCode).toBe(64)
    expect((await call(['logout', '--all', server.host])).exitCode).toBe(64)
    expect((await call(['logout', '--all'])).stderr).toBe('Removed login credentials for all registries\n')
    expect(await auths(authFile)).toEqual({})
  })
})

describe('auth token', () => {
  test('prints the token for what is asked for, and nothing else', async () => {
    const { server, call } = await place('token')
    await call(['login', ...USER, server.host], PASSWORD)
    const { exitCode, stdout, stderr } = await call(['auth', 'token', `${server.host}/team/app`])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const answer = await fetch(`${server.url.href}v2/team/app/tags/list`, {
      headers: { authorization: `Bearer ${stdout.trim()}` },
    })
    expect(answer.status).toBe(404) // allowed, and no such repository
    const scopes = server.requests
      .filter(({ route }) => route === 'token')
      .map(({ query }) => new URLSearchParams(query).getAll('scope'))
    expect(scopes.at(-1)).toEqual(['repository:team/app:pull'])
  })

  test('is for the scopes that are named, with the credentials that are given', async () => {
    const { server, call } = await place('token')
    const flags = ['--scope', 'repository:a:pull,push', '--scope', 'repository:b:pull']
    const { exitCode } = await call(
      ['auth', 'token', ...flags, '--username', 'me', '--password-stdin', server.host],
      PASSWORD,
    )
    expect(exitCode).toBe(0)
    const [asked] = server.requests.filter(({ route }) => route === 'token')
    expect(new URLSearchParams(asked?.query).getAll('scope')).toEqual(['repository:a:pull,push', 'repository:b:pull'])
  })

  test.each([
    ['basic', 'wants user name and password with each request'],
    ['none', 'asks nobody who they are'],
  ] as const)('says where there is none: %s', async (kind, says) => {
    const { server, call } = await place(kind)
    const argv = ['auth', 'token', '--creds', `me:${PASSWORD}`, server.host]
    const { exitCode, stdout, stderr } = await call(argv)
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toContain(says)
  })

  test('says how to log in', async () => {
    const { server, call } = await place('token')
    const { exitCode, stderr } = await call(['auth', 'token', server.host])
    expect(exitCode).toBe(3)
    expect(stderr).toContain(`crossdock login ${server.host} does that`)
  })
})

describe('the two ends of a copy', () => {
  test('have files of their own, the source and the destination', async () => {
    const { server, home, call } = await place()
    const other = await startRegistry({ auth: { kind: 'basic', users: { you: 'two' } } })
    onTestFinished(() => other.close())
    const file = async (name: string, document: object): Promise<string> => {
      await writeFile(join(home, name), JSON.stringify(document))
      return join(home, name)
    }
    const from = await file('from.json', { auths: { [server.host]: { auth: btoa(`me:${PASSWORD}`) } } })
    const to = await file('to.json', { auths: { [other.host]: { auth: btoa('you:two') } } })
    const names = [`docker://${server.host}/x`, `docker://${other.host}/x`]
    const right = await call(['copy', '-q', '--src-authfile', from, '--dest-authfile', to, ...names])
    expect(right.exitCode).toBe(2) // logged in, and no such image
    expect((await call(['copy', '-q', '--src-authfile', to, '--dest-authfile', from, ...names])).exitCode).toBe(3)
    expect((await call(['copy', '-q', '--authfile', from, ...names])).exitCode).toBe(2)
    expect((await call(['copy', '-q', '--authfile', from, '--src-no-creds', ...names])).exitCode).toBe(3)
    const missing = await call(['copy', '-q', '--src-authfile', join(home, 'none.json'), ...names])
    expect(missing).toMatchObject({ exitCode: 7, stderr: expect.stringContaining('is not there; log in to make it') })
  })
})
