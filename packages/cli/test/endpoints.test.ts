import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addEndpointFlags } from '../src/endpoint-flags.ts'
import { type EndpointSettings, endpointSettings } from '../src/endpoints.ts'
import type { StoredCredentials } from '../src/credentials.ts'
import { UsageError } from '../src/failure.ts'
import type { Flags } from '../src/flags.ts'
import type { Invocation, Terminal } from '../src/invocation.ts'

/** What a side's flags mean, beside those of the whole command, with a password on stdin. */
async function settings(
  argv: readonly string[],
  prefix: '' | 'src' | 'dest' = 'src',
  { name = 'docker://app', ...globals }: Flags & { readonly name?: string } = {},
): Promise<EndpointSettings> {
  const command = addEndpointFlags(new Command().exitOverride().configureOutput({ writeErr: () => undefined }), prefix)
  const terminal = { env: { DOCKER_HOST: 'tcp://engine:2375' } } as Partial<Terminal> as Terminal
  const invocation = { terminal, readLine: async () => Promise.resolve('typed') } as Partial<Invocation> as Invocation
  const operation = { signal: new AbortController().signal, onProgress: () => undefined }
  const flags = { ...globals, ...command.parse([...argv], { from: 'user' }).opts() }
  return await endpointSettings({ flags, invocation, operation }, { prefix, name })
}

test('a side has what the machine has configured unless told otherwise', async () => {
  const engine = { host: 'tcp://engine:2375' }
  expect(await settings([])).toEqual({ stored: {}, resume: true, trustedHosts: [], engine })
})

test('where blobs are is remembered when asked for', async () => {
  expect((await settings([], 'dest', { rememberLocations: true })).locations).toBe(true)
  expect((await settings([], 'dest')).locations).toBeUndefined()
})

test('an image of a store has the folder that is given, else that of the environment', async () => {
  const name = 'store:app'
  const given = { store: '/given', namespace: 'team' }
  expect((await settings([], 'src', { ...given, name })).store).toEqual({ folder: '/given', namespace: 'team' })
  expect((await settings([], 'src', { name })).store?.folder).toContain('store')
  expect((await settings([], 'src', given)).store).toBeUndefined()
})

test("time-outs are those that were given, or the transport's own", async () => {
  const given = { connectTimeout: 2000, idleTimeout: 90_000 }
  expect(await settings([], 'dest', given)).toMatchObject({ connectTimeoutMs: 2000, idleTimeoutMs: 90_000 })
  expect(await settings([])).toMatchObject({ connectTimeoutMs: undefined, idleTimeoutMs: undefined })
})

test.each([
  [['--src-creds', 'me:se:cret'], { username: 'me', password: 'se:cret' }],
  [['--src-creds', 'me'], { username: 'me', password: '' }],
  [['--src-username', 'me', '--src-password', 'secret'], { username: 'me', password: 'secret' }],
  [['--src-registry-token', 'abc'], { registryToken: 'abc' }],
  [['--src-username', 'me', '--src-password-stdin'], { username: 'me', password: 'typed' }],
  [['--src-no-creds'], undefined],
])('%j gives %j', async (argv, credentials) => {
  expect((await settings(argv)).credentials).toEqual(credentials)
})

test.each<[readonly string[], Flags, StoredCredentials]>([
  [['--src-no-creds'], {}, 'none'],
  [['--src-no-creds'], { authfile: 'a' }, 'none'],
  [['--src-authfile', 's'], { authfile: 'a' }, { authFile: 's' }],
  [['--src-authfile', 's'], { compatAuthFile: 'c' }, { authFile: 's' }],
  [[], { authfile: 'a' }, { authFile: 'a' }],
  [[], { compatAuthFile: 'c' }, { compatAuthFile: 'c' }],
  [['--src-creds', 'me:secret'], {}, {}],
])('%j beside %j looks up credentials in %j', async (argv, globals, stored) => {
  expect((await settings(argv, 'src', globals)).stored).toEqual(stored)
})

test('one image has no flag of its own for a file with credentials', async () => {
  expect((await settings(['--no-creds'], '', { authfile: 'a' })).stored).toBe('none')
  await expect(settings(['--authfile', 'a'], '')).rejects.toThrow(/unknown option/)
})

test('--tls-verify may be switched off, and said to be on', async () => {
  expect((await settings(['--dest-tls-verify=false'], 'dest')).insecure).toBe(true)
  expect((await settings(['--dest-tls-verify=true'], 'dest')).insecure).toBe(false)
  expect((await settings(['--tls-verify=false'], '')).insecure).toBe(true)
})

test.each([[['--src-creds', ':secret']], [['--src-password', 'secret']], [['--src-password-stdin']]])(
  '%j is refused',
  async (argv) => {
    await expect(settings(argv)).rejects.toThrow(UsageError)
  },
)

test('what says the same twice, or contradicts itself, is refused', async () => {
  for (const more of [['--src-username', 'you'], ['--src-password-stdin'], ['--src-no-creds']]) {
    await expect(settings(['--src-creds', 'me:secret', ...more])).rejects.toThrow(/cannot be used with/)
  }
  await expect(settings(['--no-creds', '--username', 'me'], '')).rejects.toThrow(/cannot be used with/)
})

test('a value that is no boolean is refused, and the flag named', async () => {
  await expect(settings(['--src-tls-verify=maybe'])).rejects.toThrow(
    /--src-tls-verify.*'maybe'.*either "true" or "false"/,
  )
})

test('two files that are both the only one are refused', async () => {
  await expect(settings([], 'src', { authfile: 'a', compatAuthFile: 'c' })).rejects.toThrow(UsageError)
  await expect(settings(['--src-no-creds', '--src-authfile', 's'])).rejects.toThrow(/cannot be used with/)
})

test('an engine is named by a flag or the environment, and certificates are for it if the image is there', async () => {
  const argv = ['--src-daemon-host', 'unix:///engine', '--src-cert-dir', '/no/such/folder']
  const { engine, certificates } = await settings(argv, 'src', { name: 'docker-daemon:app:1' })
  expect({ engine, certificates }).toEqual({ engine: { host: 'unix:///engine', certDir: '/no/such/folder' } })
  await expect(settings(argv)).rejects.toThrow('/no/such/folder')
  expect((await settings([])).engine).toEqual({ host: 'tcp://engine:2375' })
})
