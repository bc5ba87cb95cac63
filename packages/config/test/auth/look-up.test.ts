import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  type AuthOptions,
  type Credentials,
  credentialsLookup,
  type FoundCredentials,
  lookUpCredentials,
  parseAuthKey,
} from '../../src/index.ts'
import { entry, KEEPING, type TestHost, testHost } from './host.ts'

const RUNTIME = 'run/containers/auth.json'
const USER = 'home/.config/containers/auth.json'
const DOCKER = 'home/.docker/config.json'
const LEGACY = 'home/.dockercfg'

async function lookUp(
  { environment }: TestHost,
  key: string,
  options: Partial<AuthOptions> = {},
): Promise<FoundCredentials | undefined> {
  const { host, path } = parseAuthKey(key)
  return await lookUpCredentials({ host, repository: path }, { environment, ...options })
}

function user(found: FoundCredentials | undefined): string | undefined {
  return found === undefined ? undefined : 'username' in found.credentials ? found.credentials.username : '<token>'
}

describe('the files', () => {
  it('are asked one after the other, and the first with credentials decides', async () => {
    const host = await testHost()
    for (const [name, path, document] of [
      ['legacy', LEGACY, { 'https://quay.io/v1/': entry('legacy', 'x') }],
      ['docker', DOCKER, { auths: { 'quay.io': entry('docker', 'x') } }],
      ['user', USER, { auths: { 'quay.io': entry('user', 'x') } }],
      ['runtime', RUNTIME, { auths: { 'quay.io': entry('runtime', 'x') } }],
    ] as const) {
      const file = await host.write(path, document)
      const found = await lookUp(host, 'quay.io/a')
      expect(found?.from).toEqual({ file, key: path === LEGACY ? 'https://quay.io/v1/' : 'quay.io' })
      expect(user(found)).toBe(name)
    }
    expect(await lookUp(host, 'other.example')).toBeUndefined()
  })

  it('are passed over if they say nothing of the host, and not read once one does', async () => {
    const host = await testHost()
    await host.write(RUNTIME, { auths: { 'quay.io': {} } })
    await host.write(USER, { auths: { 'quay.io': entry('user', 'x') } })
    await host.write(DOCKER, 'broken')
    expect(user(await lookUp(host, 'quay.io'))).toBe('user')
    await expect(lookUp(host, 'other.example')).rejects.toMatchObject({ code: 'INVALID_DATA' })
  })

  it('are one if it is named', async () => {
    const host = await testHost()
    await host.write(DOCKER, { auths: { 'quay.io': entry('docker', 'x') } })
    const authFile = await host.write('other.json', { auths: { 'ghcr.io': entry('named', 'x') } })
    expect(await lookUp(host, 'quay.io', { authFile })).toBeUndefined()
    expect(user(await lookUp(host, 'ghcr.io', { authFile }))).toBe('named')
    expect(user(await lookUp(host, 'ghcr.io', { compatAuthFile: authFile }))).toBe('named')
  })

  it.each(['authFile', 'compatAuthFile'] as const)('have to be there if named as %s', async (name) => {
    const host = await testHost()
    const missing = lookUp(host, 'quay.io', { [name]: '/nowhere/auth.json' })
    await expect(missing).rejects.toThrow('/nowhere/auth.json, the file with credentials that')
    await expect(missing).rejects.toMatchObject({ code: 'IO' })
  })

  it.each([
    ['no JSON', 'me:secret', 'INVALID_DATA'],
    ['empty', '', 'INVALID_DATA'],
    ['no object', '["secret"]', 'INVALID_DATA'],
    ['a wrong entry', '{"auths":{"quay.io":{"auth":"secret!"}}}', 'INVALID_DATA'],
    ['too large', `{"a":"${'s'.repeat(5_000_000)}"}`, 'LIMIT_EXCEEDED'],
    ['nested', '['.repeat(5000), 'LIMIT_EXCEEDED'],
  ])('are not passed over for being wrong: %s', async (_, content, code) => {
    const host = await testHost()
    const file = await host.write(RUNTIME, content)
    await host.write(USER, { auths: { 'quay.io': entry('user', 'x') } })
    const error: unknown = await lookUp(host, 'quay.io').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code, message: expect.stringContaining(file) })
    expect(String(error)).not.toContain('secret')
  })

  it('may be a folder or unreadable, which is told', async () => {
    const host = await testHost()
    await host.write(`${RUNTIME}/inside`, '')
    await expect(lookUp(host, 'quay.io')).rejects.toMatchObject({ code: 'IO' })
  })
})

// Catalogue E 100: whose entry is it?
describe('an entry is that of', () => {
  it.each([
    ['another port', 'registry.example:5001', 'registry.example:5000/app', undefined],
    ['the host without its port', 'registry.example', 'registry.example:5000/app', undefined],
    ['the repository', 'registry.example:5000/app', 'registry.example:5000/app', 'me'],
    ['a repository that begins like it', 'registry.example:5000/ap', 'registry.example:5000/app', undefined],
    ['a host that begins like it', 'registry.example', 'registry.example.evil.example/app', undefined],
    ['a host that ends like it', 'registry.example', 'evil.registry.example/app', undefined],
  ])('%s', async (_, key, wanted, expected) => {
    const host = await testHost()
    await host.write(RUNTIME, { auths: { [key]: entry('me', 'x') } })
    expect(user(await lookUp(host, wanted))).toBe(expected)
  })
})

describe('helpers', () => {
  it('of the host count alone within their file', async () => {
    const host = await testHost()
    await host.helper('mine', `say({ ServerURL: input, Username: 'helped', Secret: 'x' })`)
    await host.helper('store', `say({ ServerURL: input, Username: 'stored', Secret: 'x' })`)
    const file = await host.write(RUNTIME, {
      auths: { 'quay.io/a': entry('inline', 'x') },
      credHelpers: { 'quay.io': 'mine' },
      credsStore: 'store',
    })
    const found = await lookUp(host, 'quay.io/a')
    expect(user(found)).toBe('helped')
    expect(found?.from).toEqual({ file, key: 'quay.io', helper: 'docker-credential-mine' })
    expect(await host.read('calls')).toBe(
      `${JSON.stringify([`${host.folder}/bin/docker-credential-mine get`, 'quay.io'])}\n`,
    )
  })

  it('of the host that know nothing leave it to the next file', async () => {
    const host = await testHost()
    await host.helper('mine', KEEPING)
    await host.write(RUNTIME, { auths: { 'quay.io': entry('inline', 'x') }, credHelpers: { 'quay.io': 'mine' } })
    await host.write(USER, { auths: { 'quay.io': entry('user', 'x') } })
    expect(user(await lookUp(host, 'quay.io'))).toBe('user')
  })

  it('of all hosts come before the entries, which count if they know nothing', async () => {
    const host = await testHost()
    await host.helper('store', KEEPING)
    await host.write('kept.json', { 'ghcr.io': { Username: 'stored', Secret: 'x' } })
    await host.write(DOCKER, { auths: { 'quay.io': entry('q', 'x'), 'ghcr.io': entry('g', 'x') }, credsStore: 'store' })
    expect([user(await lookUp(host, 'quay.io')), user(await lookUp(host, 'ghcr.io'))]).toEqual(['q', 'stored'])
  })

  it('of all hosts know Docker Hub by the name that docker gives it', async () => {
    const host = await testHost()
    await host.helper('store', KEEPING)
    await host.write('kept.json', { 'https://index.docker.io/v1/': { Username: '<token>', Secret: 'id' } })
    await host.write(DOCKER, { auths: { 'https://index.docker.io/v1/': {} }, credsStore: 'store' })
    const found = await lookUp(host, 'docker.io/library/alpine')
    expect(found?.credentials).toEqual({ identityToken: 'id' })
    expect(found?.from.key).toBe('https://index.docker.io/v1/')
  })

  it('that are not installed do not matter where others know, and are named where nobody does', async () => {
    const host = await testHost()
    const file = await host.write(DOCKER, { auths: { 'quay.io': entry('inline', 'x') }, credsStore: 'desktop' })
    expect(user(await lookUp(host, 'quay.io'))).toBe('inline')
    const missing = lookUp(host, 'ghcr.io')
    await expect(missing).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(missing).rejects.toThrow(`credsStore in ${file} says that docker-credential-desktop keeps`)
  })

  it('of registries.conf are asked in their order, the files among them', async () => {
    const host = await testHost()
    await host.helper('first', KEEPING)
    await host.helper('last', `say({ Username: 'last', Secret: 'x' })`)
    await host.write(RUNTIME, { auths: { 'quay.io': entry('inline', 'x') } })
    const credentialHelpers = ['first', 'containers-auth.json', 'last']
    expect(user(await lookUp(host, 'quay.io/a', { credentialHelpers }))).toBe('inline')
    expect((await lookUp(host, 'ghcr.io/a', { credentialHelpers }))?.from).toEqual({
      key: 'ghcr.io',
      helper: 'docker-credential-last',
    })
    const authFile = await host.write('named.json', {})
    expect(
      await lookUp(host, 'ghcr.io/a', { credentialHelpers: () => Promise.resolve(credentialHelpers), authFile }),
    ).toBeUndefined()
  })

  it('of registries.conf that fail leave it to the others, and are named if those know nothing', async () => {
    const host = await testHost()
    await host.helper('broken', `say('secret', 3)`)
    await host.write(RUNTIME, { auths: { 'quay.io': entry('inline', 'x') } })
    const credentialHelpers = ['broken', 'containers-auth.json']
    expect(user(await lookUp(host, 'quay.io', { credentialHelpers }))).toBe('inline')
    const failed = lookUp(host, 'ghcr.io', { credentialHelpers })
    await expect(failed).rejects.toThrow(/^docker-credential-broken failed to get for ghcr\.io/)
    await expect(failed).rejects.not.toThrow('secret')
  })
})

describe('a lookup for transports', () => {
  it('gives credentials by host and repository, and honours the signal', async () => {
    const host = await testHost()
    await host.write(RUNTIME, { auths: { 'quay.io/a': entry('me', 'x') } })
    const lookup = credentialsLookup({ environment: host.environment })
    expect(await lookup('quay.io', 'a/b')).toEqual({ username: 'me', password: 'x' })
    expect(await lookup('quay.io', undefined)).toBeUndefined()
    await expect(lookup('quay.io', 'a', { signal: AbortSignal.abort('stop') })).rejects.toBe('stop')
  })

  it.each(['quay.io\nusername=x', '', 'a b'])('is for hosts, and not for %j', async (name) => {
    const host = await testHost()
    await expect(credentialsLookup({ environment: host.environment })(name, 'a')).rejects.toMatchObject({
      code: 'INVALID_REFERENCE',
    })
  })
})

interface Expected {
  readonly Username?: string
  readonly Password?: string
  readonly IdentityToken?: string
}

function inTheirWords(found: Credentials | undefined): Expected {
  if (found === undefined) return {}
  if ('password' in found) return { Username: found.username, Password: found.password }
  if ('registryToken' in found) return {}
  const { identityToken, username } = found
  return { IdentityToken: identityToken, Password: '', ...(username !== undefined && { Username: username }) }
}

describe("containers/image's table", () => {
  const table = JSON.parse(readFileSync(new URL('../fixtures/auth/config_test.json', import.meta.url), 'utf8')) as {
    readonly TestGetAuth: readonly {
      readonly rows: readonly { name: string; key?: string; path?: string; expected: Expected; sys?: object }[]
    }[]
  }
  const FILES: Readonly<Record<string, object>> = {
    'testdata/example.json': { auths: { 'example.org': entry('example', 'org') } },
    'testdata/full.json': {
      auths: {
        'example.org': entry('example', 'org'),
        'https://index.docker.io/v1': entry('index', 'docker.io'),
        'docker.io': entry('docker', 'io'),
        localhost: entry('local', 'host'),
        '10.10.30.45:5000': entry('10.10', '30.45-5000'),
        'https://normalize.example.org/v1': entry('normalize', 'example'),
      },
    },
    'testdata/abnormal.json': {
      auths: {
        'https://index.docker.io/v1': entry('index', 'docker.io'),
        'http://localhost:5000': entry('local', 'host-5000'),
      },
    },
    'testdata/example_identitytoken.json': {
      auths: {
        'example.org': {
          ...entry('00000000-0000-0000-0000-000000000000', ''),
          identitytoken: 'some very long identity token',
        },
      },
    },
    'testdata/empty.json': {},
    'testdata/refpath.json': {
      auths: {
        'example.org': entry('local', 'host'),
        'example.org/repo': entry('example', 'org'),
        'docker.io/library/busybox': entry('library', 'busybox'),
        'docker.io/library': entry('library', 'other'),
        'docker.io/vendor': entry('first', 'level'),
        'docker.io': entry('top', 'level'),
      },
    },
  }
  const rows = table.TestGetAuth.flatMap((group) => group.rows).filter((row) => typeof row === 'object' && 'key' in row)
  const inFiles = rows.filter((row) => row.path !== undefined && row.path in FILES && row.sys === undefined)

  it('has the rows that are meant', () => {
    expect(inFiles.length).toBeGreaterThan(15)
  })

  it.each(rows.filter(({ name }) => name.includes('credhelper from registries.conf')))('$name: $key', async (row) => {
    const host = await testHost()
    await host.helper(
      'helper-registry',
      `say(input === 'registry-a.com' ? { Username: 'foo', Secret: 'bar' } : { Username: '<token>', Secret: 'fizzbuzz' })`,
    )
    const found = await lookUp(host, row.key ?? '', { credentialHelpers: ['helper-registry'] })
    expect(inTheirWords(found?.credentials)).toMatchObject(row.expected)
  })

  it.each(inFiles)('$name: $key', async ({ key = '', path = '', expected }) => {
    const host = await testHost()
    const authFile = await host.write('auth.json', FILES[path] ?? {})
    expect(inTheirWords((await lookUp(host, key, { authFile }))?.credentials)).toEqual({ ...expected })
  })
})
