import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { type RegistryServerOptions, startRegistry } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { callMain } from './call-main.ts'

const CERTIFICATES = new URL('../../http/test/fixtures/tls/', import.meta.url)
const PASSWORD = 'correct horse: battery'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossdock-endpoints-'))
})
afterAll(() => rm(folder, { recursive: true }))

function pem(name: string): string {
  return readFileSync(new URL(name, CERTIFICATES), 'utf8')
}

/** A registry that has one tag for everybody, and what `list-tags` says of it. */
async function registry(options: RegistryServerOptions) {
  const server = await startRegistry({
    faults: [{ match: { route: 'tags' }, action: { kind: 'respond', status: 200, body: '{"tags":["one"]}' } }],
    ...options,
  })
  onTestFinished(() => server.close())
  return {
    server,
    list: (flags: readonly string[], stdin?: string) =>
      callMain(['list-tags', `docker://${server.host}/app`, '--retry-times=0', ...flags], {
        ...(stdin !== undefined && { stdin }),
      }),
  }
}

async function certDir(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder, name)
  await mkdir(path)
  for (const [to, from] of Object.entries(files)) await copyFile(new URL(from, CERTIFICATES), join(path, to))
  return path
}

const done = { exitCode: 0, stdout: 'one\n', stderr: '' }

describe('a registry with a certificate of an authority of its own', () => {
  const tls = { key: pem('key.pem'), cert: pem('server.crt') }

  test('is not spoken to without more, and what to do is said', async () => {
    const { list, server } = await registry({ tls })
    const { exitCode, stdout, stderr } = await list([])
    expect({ exitCode, stdout }).toEqual({ exitCode: 6, stdout: '' })
    expect(stderr).toMatch(/--cert-dir, or use --tls-verify=false to go on without verification \[UNAVAILABLE\]\n$/)
    expect(server.requests).toEqual([])
  })

  test('is trusted with --cert-dir, or without verification', async () => {
    const { list } = await registry({ tls })
    const path = await certDir('authority', { 'ours.crt': 'ca.crt' })
    expect(await list(['--cert-dir', path])).toEqual(done)
    expect(await list(['--tls-verify=false'])).toEqual(done)
  })

  test('is not trusted for a variable that would switch verification off, and Node.js does not say so', async () => {
    const { server } = await registry({ tls })
    const warnings: Error[] = []
    const listener = (warning: Error): void => void warnings.push(warning)
    process.on('warning', listener)
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    onTestFinished(() => {
      process.off('warning', listener)
      vi.unstubAllEnvs()
    })
    const argv = ['list-tags', '--retry-times=0', `docker://${server.host}/app`]
    const { exitCode, stderr } = await callMain(argv, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })
    expect(stderr).toMatch(/^warning: NODE_TLS_REJECT_UNAUTHORIZED=0 is not heeded.*\ncrossdock: .*not trusted/)
    expect(exitCode).toBe(6)
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    expect(warnings).toEqual([])
  })

  test('may ask for a certificate of the client', async () => {
    const { list } = await registry({ tls: { ...tls, ca: pem('ca.crt'), requestCert: true, rejectUnauthorized: true } })
    const path = await certDir('pair', { 'ours.crt': 'ca.crt', 'me.cert': 'client.crt', 'me.key': 'key.pem' })
    expect(await list(['--cert-dir', path])).toEqual(done)
    const without = await list(['--cert-dir', await certDir('alone', { 'ours.crt': 'ca.crt' })])
    expect(without.exitCode).toBe(6)
  })
})

describe('a password', () => {
  test.each(['basic', 'token'] as const)('comes from stdin, %s', async (kind) => {
    const { list } = await registry({ auth: { kind, users: { me: PASSWORD } }, faults: [] })
    const right = await list(['--username', 'me', '--password-stdin'], `${PASSWORD}\n`)
    expect(right.exitCode).toBe(2) // logged in, and no such repository
    const wrong = await list(['--username', 'me', '--password-stdin', '--debug'], 'other horse\n')
    expect(wrong).toMatchObject({ exitCode: 3, stdout: '' })
    expect(wrong.stderr).not.toContain('other horse')
  })

  test('for both ends comes from two lines, the source first', async () => {
    const [from, to] = [
      await startRegistry({ auth: { kind: 'basic', users: { a: 'one' } } }),
      await startRegistry({ auth: { kind: 'basic', users: { b: 'two' } } }),
    ]
    onTestFinished(async () => void (await Promise.all([from.close(), to.close()])))
    const flags = ['--src-username=a', '--src-password-stdin', '--dest-username=b', '--dest-password-stdin', '-q']
    const argv = ['copy', ...flags, `docker://${from.host}/x`, `docker://${to.host}/x`]
    const { exitCode, stderr } = await callMain(argv, { stdin: 'one\ntwo\n' })
    expect(stderr).toContain('source: ')
    expect(exitCode).toBe(2) // logged in, and no such image
    expect((await callMain(argv, { stdin: 'two\none\n' })).exitCode).toBe(3)
    expect((await callMain(argv, { stdin: 'one\n' })).exitCode).toBe(64)
  })
})

test('the registry is told the prefix that was asked for', async () => {
  const { list, server } = await registry({})
  expect(await list(['--user-agent-prefix', 'pipeline/7'])).toEqual(done)
  expect(server.requests.at(-1)?.headers['user-agent']).toBe('pipeline/7 crossdock')
  expect((await list(['--user-agent-prefix', 'a\r\nX: y'])).exitCode).toBe(64)
})
