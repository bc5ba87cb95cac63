import { describe, expect, test } from 'vitest'
import { callMain } from './call-main.ts'

const ESCAPE = '\u001B[31mred'

describe('help', () => {
  test.each([[['--help']], [['-h']], [['help']]])('%j goes to stdout and ends well', async (argv) => {
    const { exitCode, stdout, stderr } = await callMain(argv)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    for (const command of ['copy', 'list-tags', 'registry']) expect(stdout).toContain(`\n  ${command} `)
    expect(stdout).toContain('64 usage')
  })

  test('of a command is the same in both ways', async () => {
    const asked = await callMain(['help', 'copy'])
    expect(asked.stdout).toContain('Usage: crossdock copy [options] <source> <destination>')
    expect(asked.stdout).toContain('--src-password-stdin')
    expect(asked).toEqual(await callMain(['copy', '--help']))
  })

  test('the version has a flag and a letter', async () => {
    expect(await callMain(['--version'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
    expect(await callMain(['-v'])).toEqual(await callMain(['--version']))
  })
})

describe('a command line that makes no sense', () => {
  test.each<[readonly string[], string]>([
    [[], 'a command is missing, or is not known; see crossdock --help'],
    [['help', 'nope'], 'a command is missing, or is not known; see crossdock --help'],
    [['registry'], 'a command is missing, or is not known; see crossdock registry --help'],
    [['coppy'], "unknown command 'coppy'; did you mean copy?; see crossdock --help"],
    [['--__proto__.x=1'], 'unknown option --__proto__.x; see crossdock --help'],
    [['copy', '--frob', 'oci:a', 'oci:b'], 'unknown option --frob; see crossdock copy --help'],
    [['copy', '--al', 'oci:a', 'oci:b'], 'unknown option --al; did you mean --all?; see crossdock copy --help'],
    [['copy', 'oci:a'], "missing required argument 'destination'; see crossdock copy --help"],
    [
      ['copy', 'oci:a', 'oci:b', 'oci:c'],
      'too many arguments: it takes 2, and 3 were given; see crossdock copy --help',
    ],
    [['copy', '--src-creds'], "option '--src-creds <user[:password]>' argument missing; see crossdock copy --help"],
    [
      ['copy', '--retry-times', ESCAPE, 'a', 'b'],
      "option '--retry-times <n>' argument '\\u{1b}[31mred' is invalid. It takes a whole number from 0 on.; see crossdock copy --help",
    ],
    [[ESCAPE], "unknown command '\\u{1b}[31mred'; see crossdock --help"],
    [[`--${ESCAPE}`], 'unknown option --\\u{1b}[31mred; see crossdock --help'],
  ])('%j: %s', async (argv, message) => {
    expect(await callMain(argv)).toEqual({ exitCode: 64, stdout: '', stderr: `crossdock: ${message}\n` })
  })

  test.each([
    [['copy', '--src-cred=me:SECRET', 'oci:a', 'oci:b']],
    [['copy', 'oci:a', 'oci:b', 'docker://me:SECRET@example.com/x']],
    [['docker://me:SECRET@example.com/x']],
    [['inspect', 'docker://me:SECRET@example.com/x']],
    [['copy', '--src-password', 'SECRET', 'oci:a', 'oci:b']],
    [['copy', '--src-creds', ':SECRET', 'oci:a', 'oci:b']],
  ])('%j does not show the secret', async (argv) => {
    for (const more of [[], ['--debug'], ['--error-format=json']]) {
      const { exitCode, stdout, stderr } = await callMain([...argv, ...more])
      expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' })
      expect(stderr).not.toContain('SECRET')
    }
  })

  test('of any length is answered shortly', async () => {
    for (const argv of [
      ['x'.repeat(100_000)],
      ['copy', `--${'x'.repeat(100_000)}`],
      ['inspect', `oci:${'x'.repeat(100_000)}`],
    ]) {
      const { exitCode, stderr } = await callMain(argv)
      expect(exitCode).toBe(64)
      expect(stderr.length).toBeLessThan(1000)
    }
  })
})

describe('flags that other tools have', () => {
  test.each([
    '--sign-by-sq-fingerprint=me',
    '--encryption-key=k',
    '--dest-decryption-key=k',
    '--additional-tag=x',
    '--tls-details=t.yaml',
  ])('%s is refused and not passed over, before and behind the command', async (flag) => {
    for (const argv of [
      [flag, 'copy', 'oci:a', 'oci:b'],
      ['copy', flag, 'oci:a', 'oci:b'],
    ]) {
      const { exitCode, stderr } = await callMain(argv)
      expect(stderr).toContain(`the option ${flag.split('=')[0]} is known, but not supported: `)
      expect(exitCode).toBe(64)
    }
  })

  test.each<[string, readonly string[]]>([
    ['copy', ['--insecure-policy', '--tmpdir', '/tmp', '--tls-verify=false', '--user-agent-prefix', 'me/1']],
    ['copy', ['--src-no-creds', '--dest-no-creds', '--src-tls-verify', '--dest-tls-verify=false', '--all', '-q']],
    [
      'copy',
      ['--retry-times', '3', '--retry-delay', '1s', '--image-parallel-copies', '2', '--format', 'oci', '-f', 'oci'],
    ],
    ['copy', ['--dest-oci-accept-uncompressed-layers', '--dest-precompute-digests', '--remove-signatures']],
    ['copy', ['--format', 'v2s1', '--dest-compress-format', 'zstd', '--dest-compress-level', '3', '--dest-compress']],
    ['copy', ['--dest-decompress']],
    ['inspect', ['-n', '--no-tags', '--no-creds', '--retry-times', '1', '--retry-delay', '2s', '--tls-verify=false']],
    ['list-tags', ['--no-creds', '--retry-times', '1', '--retry-delay', '2s', '--tls-verify']],
    ['delete', ['--no-creds', '--retry-times', '1', '--retry-delay', '2s', '--tls-verify=false']],
  ])('%s takes %j', async (command, flags) => {
    const names = ['oci:/nowhere/a:1', 'oci:/nowhere/b:1'].slice(0, command === 'copy' ? 2 : 1)
    expect((await callMain([command, ...flags, ...names])).exitCode).toBe(2)
  })
})

describe('a failure as JSON', () => {
  test.each([[['--error-format', 'json']], [['--error-format=json']], [['--progress', 'json']], [['--progress=json']]])(
    '%j',
    async (flags) => {
      const { stderr } = await callMain(['copy', ...flags, 'oci:/nowhere/a:1', 'oci:/nowhere/b:1'])
      const lines = stderr.trimEnd().split('\n')
      expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
        type: 'error',
        code: 'NOT_FOUND',
        message: expect.stringContaining('/nowhere/a'),
        side: 'source',
        image: 'oci:/nowhere/a:1',
        retryable: false,
        exitCode: 2,
      })
    },
  )

  test('also of a command line that cannot be understood', async () => {
    const { stderr } = await callMain(['--error-format', 'json', 'nope'])
    expect(JSON.parse(stderr)).toMatchObject({ type: 'error', code: 'USAGE', exitCode: 64 })
  })

  test('not because an image is called so', async () => {
    const { stderr } = await callMain(['inspect', 'oci:json'])
    expect(stderr).toMatch(/^crossdock: /)
  })
})

describe('the streams', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })

  test.each([[['--help']], [['version']], [['--version']]])('%j says that stdout cannot be written', async (argv) => {
    const { exitCode, stderr } = await callMain(argv, { stdoutFailure: full })
    expect(stderr).toBe(
      'crossdock: the output cannot be written: ENOSPC: no space left on device, write; see what stdout is [IO]\n',
    )
    expect(exitCode).toBe(7)
  })

  test.each([[['--help']], [['version']]])('%j without a reader ends without a word', async (argv) => {
    expect(await callMain(argv, { stdoutFailure: gone })).toEqual({ exitCode: 141, stdout: '', stderr: '' })
  })

  test.each([full, gone])('stderr that fails changes nothing: %s', async (stderrFailure) => {
    expect((await callMain(['nope'], { stderrFailure })).exitCode).toBe(64)
    expect((await callMain(['version'], { stderrFailure })).exitCode).toBe(0)
  })
})

test('a variable that would switch off verification is not heeded, and said so once', async () => {
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }
  const { stderr } = await callMain(['version'], { env })
  expect(stderr).toBe(
    'warning: NODE_TLS_REJECT_UNAUTHORIZED=0 is not heeded; use --tls-verify=false for registries to trust\n',
  )
  expect((await callMain(['version'])).stderr).toBe('')
})
