import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { credentialHelper, type CredentialHelper } from '../../src/auth/credential-helper.ts'
import { KEEPING, type TestHost, testHost } from './host.ts'

interface Helped {
  readonly host: TestHost
  readonly helper: CredentialHelper
}

async function helped(script: string, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<Helped> {
  const host = await testHost()
  await host.helper('test', script)
  const { timeoutMs: helperTimeoutMs, signal } = options
  return {
    host,
    helper: credentialHelper('test', '/a/auth.json', { environment: host.environment, helperTimeoutMs, signal }),
  }
}

async function failure(helper: CredentialHelper): Promise<Error & { readonly code?: string }> {
  return await helper.get('quay.io').then(
    () => new Error('it did not fail'),
    (error: Error) => error,
  )
}

describe('a helper', () => {
  it('keeps, gives, lists and forgets, and what it is told is on its stdin alone', async () => {
    const { host, helper } = await helped(KEEPING)
    expect(await helper.get('quay.io')).toBeUndefined()
    await helper.store('quay.io', { username: 'me', password: 'se"cret\n' })
    await helper.store('ghcr.io', { identityToken: 'id' })
    expect(await helper.get('quay.io')).toEqual({ username: 'me', password: 'se"cret\n' })
    expect(await helper.get('ghcr.io')).toEqual({ identityToken: 'id' })
    expect(await helper.list()).toEqual(['quay.io', 'ghcr.io'])
    expect([await helper.erase('quay.io'), await helper.erase('quay.io')]).toEqual([true, false])
    const calls = (await host.read('calls')).trim().split('\n')
    const argv = calls.map((line) => (JSON.parse(line) as string[])[0])
    expect(argv.join('\n')).not.toMatch(/quay|cret|id/)
    expect(calls).toHaveLength(8)
  })

  it.each([
    ['no user', `say({ ServerURL: input, Username: '', Secret: '' })`, undefined],
    ['a token', `say({ Username: '<token>', Secret: 't' })`, { identityToken: 't' }],
    ['more than is known', `say({ Username: 'a', Secret: 'b', More: 1 })`, { username: 'a', password: 'b' }],
    ['nothing', `say('credentials not found in native keychain', 1)`, undefined],
  ])('may answer with %s', async (_, script, credentials) => {
    expect(await (await helped(script)).helper.get('quay.io')).toEqual(credentials)
  })

  // Catalogue E 103: what it says is never shown.
  it.each([
    ['no JSON', `say('SECRET')`, 'INVALID_DATA'],
    ['half of it', `say('{"Username":"SECRET"')`, 'INVALID_DATA'],
    ['a list', `say(['SECRET'])`, 'INVALID_DATA'],
    ['a number', `say({ Username: 1, Secret: 'SECRET' })`, 'INVALID_DATA'],
    ['no text', `process.stdout.write(Buffer.from([0xff, 0xfe]))`, 'INVALID_DATA'],
    ['nothing at all', ``, 'INVALID_DATA'],
    ['a failure', `say('SECRET', 1); process.stderr.write('SECRET')`, 'UNAUTHENTICATED'],
    ['its end by a signal', `process.kill(process.pid, 'SIGTERM')`, 'UNAUTHENTICATED'],
    ['too much', `say('SECRET'.repeat(100000))`, 'LIMIT_EXCEEDED'],
    ['much without end', `setInterval(() => process.stdout.write('SECRET'.repeat(9999)), 1)`, 'LIMIT_EXCEEDED'],
  ])('that answers with %s is refused, and what it said is not shown', async (_, script, code) => {
    const error = await failure((await helped(script)).helper)
    expect(error).toMatchObject({ code, message: expect.stringContaining('docker-credential-test') })
    expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain('SECRET')
  })

  it('need not read what it is told', async () => {
    const host = await testHost()
    await host.helper('test', '')
    await host.write('bin/docker-credential-test', `#!/bin/sh\nexec 0<&-\necho '{"Username":"a","Secret":"b"}'\n`)
    const helper = credentialHelper('test', 'f', { environment: host.environment })
    expect(await helper.get('x'.repeat(200_000))).toEqual({ username: 'a', password: 'b' })
  })

  it('that hangs is ended in time, with what it started', async () => {
    const { host, helper } = await helped(
      `const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
fs.writeFileSync(folder + '/pids', process.pid + ' ' + child.pid)
setInterval(() => {}, 1000)`,
      { timeoutMs: 1000 },
    )
    const error = await failure(helper)
    expect(error.message).toMatch(/docker-credential-test get has not answered within 1 s and was ended; /)
    for (const pid of (await host.read('pids')).split(' ')) await expect.poll(() => isAlive(Number(pid))).toBe(false)
  })

  it('that has answered is not waited for because of what it leaves behind', async () => {
    const { host, helper } = await helped(
      `const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit', detached: true })
fs.writeFileSync(folder + '/pid', String(child.pid))
child.unref()
say({ Username: 'a', Secret: 'b' })`,
    )
    expect(await helper.get('quay.io')).toEqual({ username: 'a', password: 'b' })
    process.kill(Number(await host.read('pid')), 'SIGKILL')
  })

  it('is ended when nobody waits any more', async () => {
    const controller = new AbortController()
    const { host, helper } = await helped(
      `fs.writeFileSync(folder + '/pid', String(process.pid)); setInterval(() => {}, 1000)`,
      {
        signal: controller.signal,
      },
    )
    const given = helper.get('quay.io')
    given.catch(() => undefined)
    await expect.poll(() => existsSync(`${host.folder}/pid`), { timeout: 10_000 }).toBe(true)
    controller.abort('enough')
    await expect(given).rejects.toBe('enough')
  })
})

// Catalogue E 102.
describe('the name of a helper', () => {
  it.each(['../evil', 'a/b', 'a b', 'a;touch x', '$(touch x)', '`x`', 'A', '', 'a\n', 'a\0', 'ä', 'x'.repeat(101)])(
    'is not %j',
    async (name) => {
      const { environment } = await testHost()
      expect(() => credentialHelper(name, '/a/auth.json', { environment })).toThrow(
        /^\/a\/auth\.json names a credential helper that cannot be one/,
      )
    },
  )

  it('leads to a program in PATH, and never to one in the current folder', async () => {
    const host = await testHost()
    const here = process.cwd()
    try {
      await host.helper('local', `say({ Username: 'a', Secret: 'b' })`)
      process.chdir(`${host.folder}/bin`)
      const env = { ...host.environment.env, PATH: ':.:' }
      const helper = credentialHelper('local', '/a/auth.json', { environment: { ...host.environment, env } })
      expect(await helper.isInstalled()).toBe(false)
      await expect(helper.get('quay.io')).rejects.toThrow('PATH has no such program')
    } finally {
      process.chdir(here)
    }
  })

  it('leads to no file that is no program', async () => {
    const host = await testHost()
    await host.write('bin/docker-credential-text', 'secret')
    const helper = credentialHelper('text', '/a/auth.json', { environment: host.environment })
    expect(await helper.isInstalled()).toBe(false)
  })
})

/** Whether it runs. One that has ended is there until somebody asks how, which in some containers nobody does. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
