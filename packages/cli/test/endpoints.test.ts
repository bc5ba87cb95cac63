import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addEndpointFlags, endpointSettings } from '../src/endpoints.ts'
import { UsageError } from '../src/failure.ts'

function settings(argv: readonly string[], prefix: '' | 'src' | 'dest' = 'src') {
  const command = addEndpointFlags(new Command().exitOverride().configureOutput({ writeErr: () => undefined }), prefix)
  return endpointSettings(command.parse([...argv], { from: 'user' }).opts(), prefix)
}

test('a side is anonymous and secure unless told otherwise', () => {
  expect(settings([])).toEqual({ credentials: undefined, insecure: false, resume: true })
})

test("time-outs are those that were given, or the transport's own", () => {
  expect(endpointSettings({ connectTimeout: 2000, idleTimeout: 90_000 }, 'dest')).toMatchObject({
    connectTimeoutMs: 2000,
    idleTimeoutMs: 90_000,
  })
  expect(settings([])).toMatchObject({ connectTimeoutMs: undefined, idleTimeoutMs: undefined })
})

test.each([
  [['--src-creds', 'me:se:cret'], { username: 'me', password: 'se:cret' }],
  [['--src-creds', 'me'], { username: 'me', password: '' }],
  [['--src-username', 'me', '--src-password', 'secret'], { username: 'me', password: 'secret' }],
  [['--src-registry-token', 'abc'], { registryToken: 'abc' }],
  [['--src-creds', 'me:secret', '--src-no-creds'], undefined],
])('%j gives %j', (argv, credentials) => {
  expect(settings(argv).credentials).toEqual(credentials)
})

test('--tls-verify may be switched off, and said to be on', () => {
  expect(settings(['--dest-tls-verify=false'], 'dest').insecure).toBe(true)
  expect(settings(['--dest-tls-verify=true'], 'dest').insecure).toBe(false)
  expect(settings(['--tls-verify=false'], '').insecure).toBe(true)
})

test.each([[['--src-creds', ':secret']], [['--src-password', 'secret']]])('%j is refused', (argv) => {
  expect(() => settings(argv)).toThrow(UsageError)
})

test('a user name beside a pair is refused', () => {
  expect(() => settings(['--src-creds', 'me:secret', '--src-username', 'you'])).toThrow(/cannot be used with/)
})

test('a value that is no boolean is refused, and the flag named', () => {
  expect(() => settings(['--src-tls-verify=maybe'])).toThrow(/--src-tls-verify.*'maybe'.*either "true" or "false"/)
})
