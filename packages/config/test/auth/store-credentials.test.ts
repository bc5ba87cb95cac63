import { execFile } from 'node:child_process'
import { chmod, lstat, mkdir, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  type AuthOptions,
  type CredentialsOrigin,
  eraseAllCredentials,
  eraseCredentials,
  lookUpCredentials,
  parseAuthKey,
  storeCredentials,
} from '../../src/index.ts'
import { base64, entry, KEEPING, type TestHost, testHost } from './host.ts'

const RUNTIME = 'run/containers/auth.json'
const USER = 'home/.config/containers/auth.json'

type Options = Partial<AuthOptions>

function store({ environment }: TestHost, key: string, user = 'me', options: Options = {}): Promise<CredentialsOrigin> {
  return storeCredentials(parseAuthKey(key), { username: user, password: 'secret' }, { environment, ...options })
}

function erase({ environment }: TestHost, key: string, options: Options = {}): Promise<readonly CredentialsOrigin[]> {
  return eraseCredentials(parseAuthKey(key), { environment, ...options })
}

async function userOf({ environment }: TestHost, key: string, options: Options = {}): Promise<string | undefined> {
  const { host, path } = parseAuthKey(key)
  const found = await lookUpCredentials({ host, repository: path }, { environment, ...options })
  return found !== undefined && 'username' in found.credentials ? found.credentials.username : undefined
}

interface Rows<Row> {
  readonly rows: readonly Row[]
}

const table = JSON.parse(readFileSync(new URL('../fixtures/auth/config_test.json', import.meta.url), 'utf8')) as {
  readonly TestSetCredentials: readonly Rows<readonly string[]>[]
  readonly TestSetGetCredentials: readonly Rows<{
    readonly name: string
    readonly set: string
    readonly get: string
    readonly shouldAuth: boolean
    readonly useLegacyFormat?: boolean
  }>[]
  readonly TestSetCredentialsInteroperability: readonly Rows<{
    readonly loginKey: string
    readonly queryRepo: string
    readonly loginKeyError?: boolean
  }>[]
  readonly TestRemoveAuthentication: readonly Rows<{
    readonly config: { readonly AuthConfigs: Readonly<Record<string, string>> }
    readonly inputs: readonly string[]
    readonly shouldError?: boolean
  }>[]
}

describe('what is stored', () => {
  it.each(table.TestSetCredentials.flatMap(({ rows }) => rows.map((keys) => ({ keys }))))(
    'is found again: $keys',
    async ({ keys }) => {
      const host = await testHost()
      for (const [index, key] of keys.entries()) await store(host, key, `user-${index}`)
      for (const key of keys) expect(await userOf(host, key)).toBe(`user-${keys.lastIndexOf(key)}`)
    },
  )

  it.each(table.TestSetGetCredentials.flatMap(({ rows }) => rows))('$name', async ({ set, get, ...row }) => {
    const host = await testHost()
    const entries = { [set]: entry('me', 'x') }
    await host.write(
      row.useLegacyFormat === true ? 'home/.dockercfg' : RUNTIME,
      row.useLegacyFormat === true ? entries : { auths: entries },
    )
    expect(await userOf(host, get)).toBe(row.shouldAuth ? 'me' : undefined)
  })

  const interoperability = table.TestSetCredentialsInteroperability.flatMap(({ rows }) => rows)
  it.each(interoperability.filter(({ loginKeyError }) => loginKeyError === undefined))(
    "in Docker's form is found, $loginKey for $queryRepo",
    async ({ loginKey, queryRepo }) => {
      const host = await testHost()
      const compatAuthFile = await host.write('config.json', { auths: { 'other.example': entry('a', 'b') }, foo: 1 })
      const { key } = await store(host, loginKey, 'me', { compatAuthFile })
      expect(key).toBe(loginKey === 'docker.io' ? 'https://index.docker.io/v1/' : loginKey)
      expect(await userOf(host, queryRepo, { compatAuthFile })).toBe('me')
      expect(JSON.parse(await host.read('config.json'))).toMatchObject({ foo: 1 })
    },
  )

  it.each(interoperability.filter(({ loginKeyError }) => loginKeyError === true))(
    "is not in Docker's form for a part of a host: $loginKey",
    async ({ loginKey }) => {
      const host = await testHost()
      const stored = store(host, loginKey, 'me', { compatAuthFile: join(host.folder, 'config.json') })
      await expect(stored).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    },
  )

  it('lies where Podman puts it, for its owner alone, indented by tabs', async () => {
    const host = await testHost()
    expect(await store(host, 'quay.io/team')).toEqual({ file: join(host.folder, RUNTIME), key: 'quay.io/team' })
    expect(await host.read(RUNTIME)).toBe(
      `{\n\t"auths": {\n\t\t"quay.io/team": {\n\t\t\t"auth": "${base64('me:secret')}"\n\t\t}\n\t}\n}`,
    )
    const file = join(host.folder, RUNTIME)
    expect([(await stat(file)).mode & 0o777, (await stat(dirname(file))).mode & 0o777]).toEqual([0o600, 0o700])
    expect(await readdir(dirname(file))).toEqual(['auth.json'])
  })

  it('leaves everything else as it is written, and takes the rights of others away', async () => {
    const host = await testHost()
    const before = `{ "HttpHeaders": {"x" : 1.0},\n  "big": 12345678901234567890,\n  "auths": {"a.example":{"auth":"bTpw","email":"e"} },\n  "credHelpers": {}\n}\n`
    const file = await host.write(RUNTIME, before)
    await chmod(file, 0o644)
    await store(host, 'quay.io')
    const after = await host.read(RUNTIME)
    expect(JSON.parse(after)).toMatchObject({ auths: { 'quay.io': entry('me', 'secret') } })
    for (const kept of [/"x"\s*: 1\.0/, /"big": 12345678901234567890/, /"auth":\s*"bTpw",\s*"email":\s*"e"/, /\}\n$/]) {
      expect(after).toMatch(kept)
    }
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await erase(host, 'quay.io')
    expect(JSON.parse(await host.read(RUNTIME))).toEqual(JSON.parse(before))
  })

  it.each([
    '{}',
    '{"auths":null}',
    '{"auths":{"quay.io":{"auth":"bTpw","identitytoken":"old"}}}',
    '{"__proto__":{"a":1},"auths":{}}',
  ])('takes its place in %s', async (before) => {
    const host = await testHost()
    await host.write(RUNTIME, before)
    await store(host, 'quay.io')
    const after = JSON.parse(await host.read(RUNTIME)) as { readonly auths: object }
    expect(after.auths).toEqual({ 'quay.io': entry('me', 'secret') })
    expect(Object.keys(after)).toEqual(before.includes('__proto__') ? ['__proto__', 'auths'] : ['auths'])
  })

  it('takes the place of what another form of the name had', async () => {
    const host = await testHost()
    const others = {
      'docker.io': entry('old', 'x'),
      'index.docker.io': entry('older', 'x'),
      'docker.io/a': entry('a', 'x'),
    }
    const compatAuthFile = await host.write('config.json', { auths: others })
    await store(host, 'docker.io', 'new', { compatAuthFile })
    expect(await userOf(host, 'docker.io', { compatAuthFile })).toBe('new')
    expect(await userOf(host, 'docker.io/a', { compatAuthFile })).toBe('a')
  })

  it('may be an identity token', async () => {
    const host = await testHost()
    const { environment } = host
    await storeCredentials(parseAuthKey('quay.io'), { identityToken: 'id' }, { environment })
    expect((await lookUpCredentials({ host: 'quay.io' }, { environment }))?.credentials).toEqual({
      identityToken: 'id',
    })
  })

  it('has no user with a ":"', async () => {
    await expect(store(await testHost(), 'quay.io', 'a:b')).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })
})

describe('the place', () => {
  it('is the folder of configuration where the runtime folder is not there', async () => {
    const host = await testHost()
    await rm(join(host.folder, 'run'), { recursive: true })
    expect((await store(host, 'quay.io')).file).toBe(join(host.folder, USER))
    expect(await userOf(host, 'quay.io')).toBe('me')
  })

  it.skipIf(process.getuid?.() === 0)('is that folder, too, where the runtime folder is not the own one', async () => {
    const host = await testHost()
    await chmod(join(host.folder, 'run'), 0o500)
    expect((await store(host, 'quay.io')).file).toBe(join(host.folder, USER))
    await chmod(join(host.folder, 'run'), 0o700)
  })

  it('may be none', async () => {
    const { environment } = await testHost({ XDG_RUNTIME_DIR: '' })
    const nobody = { ...environment, home: undefined, uid: undefined }
    const stored = storeCredentials(parseAuthKey('quay.io'), { username: 'a', password: 'b' }, { environment: nobody })
    await expect(stored).rejects.toThrow('name a file (authFile)')
  })

  it.each(['a link', 'a link to nothing'])('stays %s', async (kind) => {
    const host = await testHost()
    const target = join(host.folder, 'dotfiles/auth.json')
    await mkdir(dirname(target))
    if (kind === 'a link') await writeFile(target, '{"kept":true}')
    const authFile = join(host.folder, 'auth.json')
    await symlink('dotfiles/auth.json', authFile)
    await store(host, 'quay.io', 'me', { authFile })
    expect((await lstat(authFile)).isSymbolicLink()).toBe(true)
    expect(JSON.parse(await host.read('dotfiles/auth.json'))).toMatchObject({ auths: { 'quay.io': {} } })
    expect(await readdir(dirname(target))).toEqual(['auth.json'])
  })

  it('is not written if it cannot be read', async () => {
    const host = await testHost()
    const authFile = await host.write('auth.json', '{"auths": {},')
    await expect(store(host, 'quay.io', 'me', { authFile })).rejects.toMatchObject({ code: 'INVALID_DATA' })
    expect(await host.read('auth.json')).toBe('{"auths": {},')
  })

  it('is told if the system refuses it', async () => {
    const host = await testHost()
    const authFile = join(await host.write('plain', 'x'), 'auth.json')
    await expect(store(host, 'quay.io', 'me', { authFile })).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining(`${authFile} cannot be written`),
    })
  })
})

describe('two who write at once', () => {
  it('both have their way, in one process', async () => {
    const host = await testHost()
    await Promise.all(Array.from({ length: 20 }, (_, index) => store(host, `quay.io/n${index}`)))
    const { auths } = JSON.parse(await host.read(RUNTIME)) as { readonly auths: object }
    expect(Object.keys(auths)).toHaveLength(20)
    expect(await readdir(join(host.folder, 'run/containers'))).toEqual(['auth.json'])
  })

  it('both have their way, in several', async () => {
    const host = await testHost()
    const script = `
import { parseAuthKey, storeCredentials } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)}
const [environment, name] = JSON.parse(process.argv[1])
for (let index = 0; index < 5; index += 1)
  await storeCredentials(parseAuthKey('quay.io/' + name + index), { username: 'u', password: 'p' }, { environment })`
    const flags = ['--conditions=source', '--input-type=module', '-e', script]
    await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        promisify(execFile)(process.execPath, [...flags, JSON.stringify([host.environment, name])]),
      ),
    )
    const { auths } = JSON.parse(await host.read(RUNTIME)) as { readonly auths: object }
    expect(Object.keys(auths)).toHaveLength(15)
  })

  it('are not held up by what one left that was killed', async () => {
    const host = await testHost()
    const { pid } = await promisify(execFile)(process.execPath, ['-p', 'process.pid']).then(({ stdout }) => ({
      pid: stdout.trim(),
    }))
    const { hostname } = await import('node:os')
    await host.write(`${RUNTIME}.lock`, `${pid} ${hostname()}\n`)
    await host.write(`${RUNTIME}.crossdock-new.0`, 'half')
    await store(host, 'quay.io')
    expect(await readdir(join(host.folder, 'run/containers'))).toEqual(['auth.json'])
  })

  it('wait for each other, as long as the signal lets them', async () => {
    const host = await testHost()
    const { hostname } = await import('node:os')
    const lock = await host.write(`${RUNTIME}.lock`, `${process.pid} ${hostname()}\n`)
    await expect(store(host, 'quay.io', 'me', { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    const stored = store(host, 'quay.io')
    await rm(lock)
    await stored
    expect(await userOf(host, 'quay.io')).toBe('me')
  })
})

describe('a helper', () => {
  it.each([
    ['credHelpers', { credHelpers: { 'quay.io': 'keep' } }],
    ['credsStore', { credsStore: 'keep' }],
  ])('that %s names keeps what is stored, and forgets it', async (_, document) => {
    const host = await testHost()
    await host.helper('keep', KEEPING)
    const file = await host.write(RUNTIME, document)
    expect(await store(host, 'quay.io')).toEqual({ file, key: 'quay.io', helper: 'docker-credential-keep' })
    expect(JSON.parse(await host.read(RUNTIME))).toEqual(document)
    expect(await userOf(host, 'quay.io/a')).toBe('me')
    await expect(store(host, 'quay.io/a')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    expect(await erase(host, 'quay.io/a')).toEqual([])
    expect(await erase(host, 'quay.io')).toHaveLength(1)
    expect(await userOf(host, 'quay.io/a')).toBeUndefined()
    expect(await host.read('calls')).not.toMatch(/secret[^\n]*get|^\["[^"]*secret/m)
  })

  it('for all hosts keeps those of Docker Hub as docker does', async () => {
    const host = await testHost()
    await host.helper('keep', KEEPING)
    const compatAuthFile = await host.write('config.json', { credsStore: 'keep' })
    await store(host, 'docker.io', 'me', { compatAuthFile })
    expect(Object.keys(JSON.parse(await host.read('kept.json')) as object)).toEqual(['https://index.docker.io/v1/'])
    expect(await userOf(host, 'docker.io/a', { compatAuthFile })).toBe('me')
  })

  it('of registries.conf is the first place that takes it', async () => {
    const host = await testHost()
    await host.helper('broken', `say('SECRET', 1)`)
    await host.helper('keep', KEEPING)
    const credentialHelpers = ['broken', 'keep', 'containers-auth.json']
    expect(await store(host, 'quay.io', 'me', { credentialHelpers })).toEqual({
      key: 'quay.io',
      helper: 'docker-credential-keep',
    })
    expect((await store(host, 'quay.io/a', 'me', { credentialHelpers })).file).toBe(join(host.folder, RUNTIME))
    const failed = store(host, 'quay.io', 'me', { credentialHelpers: ['broken'] })
    await expect(failed).rejects.toThrow(/^docker-credential-broken failed to store/)
    await expect(failed).rejects.not.toThrow(/SECRET/)
  })
})

describe('what is erased', () => {
  it.each(table.TestRemoveAuthentication.flatMap(({ rows }) => rows))(
    'is what was asked for: $inputs of $config',
    async ({ config, inputs, shouldError = false }) => {
      const host = await testHost()
      const keys = Object.keys(config.AuthConfigs)
      await host.write(RUNTIME, { auths: Object.fromEntries(keys.map((key) => [key, entry('me', 'x')])) })
      for (const input of inputs) expect((await erase(host, input)).length > 0).toBe(!shouldError)
      const left = Object.keys((JSON.parse(await host.read(RUNTIME)) as { readonly auths: object }).auths)
      expect(left).toEqual(keys.filter((key) => !inputs.includes(key)))
    },
  )

  it('is in every form of the name, in every file that is written, and no other', async () => {
    const host = await testHost()
    await host.write(RUNTIME, {
      auths: { 'https://index.docker.io/v1/': entry('a', 'x'), 'docker.io/b': entry('b', 'x') },
    })
    await host.write(USER, { auths: { 'docker.io': entry('c', 'x') } })
    await host.write('home/.docker/config.json', { auths: { 'docker.io': entry('docker', 'x') } })
    expect((await erase(host, 'index.docker.io')).map(({ key }) => key)).toEqual([
      'https://index.docker.io/v1/',
      'docker.io',
    ])
    expect([await userOf(host, 'docker.io'), await userOf(host, 'docker.io/b')]).toEqual(['docker', 'b'])
  })

  it('may be everything, in helpers too', async () => {
    const host = await testHost()
    await host.helper('keep', KEEPING)
    await host.helper('own', KEEPING.replace('kept.json', 'own.json'))
    await host.write('kept.json', { 'a.example': { ServerURL: 'a.example', Username: 'a', Secret: 'x' } })
    await host.write('own.json', { 'b.example': { ServerURL: 'b.example', Username: 'b', Secret: 'x' }, other: {} })
    const document = {
      auths: { 'c.example': entry('c', 'x') },
      credHelpers: { 'b.example': 'own' },
      credsStore: 'keep',
    }
    await host.write(RUNTIME, document)
    const erased = await eraseAllCredentials({ environment: host.environment })
    expect(erased.map(({ key }) => key)).toEqual(['b.example', 'a.example', 'c.example'])
    expect(JSON.parse(await host.read(RUNTIME))).toEqual({ ...document, auths: {} })
    expect([await host.read('kept.json'), await host.read('own.json')]).toEqual(['{}', '{"other":{}}'])
    expect(await eraseAllCredentials({ environment: host.environment })).toEqual([])
  })

  it('is nothing where nothing is', async () => {
    const host = await testHost()
    expect(await erase(host, 'quay.io')).toEqual([])
    expect(await readdir(join(host.folder, 'run'))).toEqual([])
  })
})
