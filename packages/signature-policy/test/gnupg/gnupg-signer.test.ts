import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, parseDockerReference } from '@crossdock/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gnupgSigner, type GnupgSignerOptions } from '../../src/index.ts'
import { makeKey, NOW, signText } from '../simple/test-keys.ts'
import { writeSimplePayload } from '../../src/simple/payload.ts'
import { fakeGnupg } from './fake-gnupg.ts'

const bytes = Buffer.from('{}')
const manifest = { bytes, digest: digestOf(bytes), mediaType: 'application/json' }
const identity = parseDockerReference('app:1')
const KEY = '0123456789ABCDEF0123456789ABCDEF01234567'
const CREATED = `status('SIG_CREATED S 22 10 00 1700000000 ${KEY}')`

// What runs a script by its first line is not there on Windows.
describe.skipIf(process.platform === 'win32')('gnupgSigner', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gnupg-'))
    const payload = writeSimplePayload({
      digest: manifest.digest,
      dockerReference: 'docker.io/library/app:1',
      creator: 'crossdock',
      timestamp: NOW.getTime() / 1000,
    })
    await writeFile(join(folder, 'good'), await signText(Buffer.from(payload).toString(), await makeKey()))
    await writeFile(join(folder, 'other'), await signText('something else', await makeKey()))
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** A signer whose program answers with the bytes of a file, after it ran the code. */
  const signer = async (code: string, options: Partial<GnupgSignerOptions> = {}) => {
    const program = await fakeGnupg(folder, code.replaceAll('OUTPUT', `writeSync(1, readFileSync('${folder}/good'))`))
    return gnupgSigner({ fingerprint: KEY, program, now: () => NOW, ...options })
  }
  const sign = async (code: string, options?: Partial<GnupgSignerOptions>) =>
    (await signer(code, options)).sign(manifest, identity)

  it('hands the payload to GnuPG and takes what it signed', async () => {
    const log = join(folder, 'log')
    const { format, bytes: signature } = await sign(
      `writeFileSync('${log}', JSON.stringify({ args, input: input().toString(), home: process.env.GNUPGHOME }));${CREATED};OUTPUT`,
      { home: '/keys' },
    )
    expect(format).toBe('simple')
    expect(Buffer.from(signature).equals(await readFile(join(folder, 'good')))).toBe(true)
    const { args, input, home } = JSON.parse(await readFile(log, 'utf8')) as Record<string, unknown>
    expect(home).toBe('/keys')
    expect(input).toContain('"docker-reference":"docker.io/library/app:1"')
    expect(args).toEqual(
      expect.arrayContaining(['--batch', '--no-tty', '--status-fd', '3', '--local-user', KEY, '--sign']),
    )
    expect(args).not.toContain('--passphrase-fd')
  })

  it('tells the passphrase through a pipe and nowhere else', async () => {
    const log = join(folder, 'log')
    const secret = 'correct horse'
    await sign(
      `writeFileSync('${log}', JSON.stringify({ args, env: process.env, passphrase: passphrase() }));input();${CREATED};OUTPUT`,
      { passphrase: secret },
    )
    const { passphrase, ...others } = JSON.parse(await readFile(log, 'utf8')) as Record<string, unknown>
    expect(passphrase).toBe(`${secret}\n`)
    expect(JSON.stringify(others)).not.toContain(secret)
    expect(others['args']).toEqual(expect.arrayContaining(['--pinentry-mode', 'loopback', '--passphrase-fd', '4']))
  })

  it.each([
    ['no status', 'OUTPUT', 'GnuPG cannot sign'],
    ['two statuses', `${CREATED};${CREATED};OUTPUT`, 'GnuPG cannot sign'],
    [
      'a status on its stderr',
      `process.stderr.write('[GNUPG:] SIG_CREATED S 22 10 00 1700000000 ${KEY}');OUTPUT`,
      'cannot',
    ],
    ['a status that is of another kind', CREATED.replace(' S ', ' D '), 'GnuPG cannot sign'],
    [
      'a status within another line',
      `status('NOTATION_DATA [GNUPG:] SIG_CREATED S 22 10 00 1 ${KEY}');OUTPUT`,
      'cannot',
    ],
    ['a failure after all', `${CREATED};OUTPUT;process.exitCode = 2`, 'GnuPG cannot sign'],
    ['SHA-1', `${CREATED.replace(' 10 ', ' 2 ')};OUTPUT`, 'GnuPG signs by SHA-1, which is too weak'],
    ['a wrong passphrase', `status('BAD_PASSPHRASE 0123');process.exitCode = 2`, 'the passphrase does not open'],
    ['a failure by its number', `status('FAILURE sign 67108875');process.exitCode = 2`, 'the passphrase does not open'],
    ['no passphrase', `status('MISSING_PASSPHRASE');process.exitCode = 2`, 'GnuPG needs the passphrase'],
    [
      'words',
      `console.error('gpg: no \\u001b[31msuch key');process.exitCode = 2`,
      String.raw`gpg: no \u{1b}[31msuch key`,
    ],
    ['nothing signed', CREATED, 'the signature is not an OpenPGP signed message'],
    ['a detached signature', `${CREATED};writeSync(1, Buffer.from([0xc2, 0]))`, 'is a signature'],
    ['text', `${CREATED};console.log('-----BEGIN PGP MESSAGE-----')`, 'armoured text'],
  ])('takes no %s for a signature', async (_, code, message) => {
    await expect(sign(code)).rejects.toThrow(message)
  })

  it('takes no signature over something else', async () => {
    const code = `${CREATED};writeSync(1, readFileSync('${folder}/other'))`
    await expect(sign(code)).rejects.toThrow('something else was signed than what should be')
  })

  it('ends a program that says too much, or nothing', async () => {
    const flood = `const chunk = Buffer.alloc(1 << 20); setInterval(() => process.stdout.write(chunk), 0)`
    await expect(sign(flood)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
    const silence = sign('setInterval(() => undefined, 1000)', { timeoutMs: 200 })
    await expect(silence).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: false })
  })

  it('ends the program on abort, with the reason of the abort', async () => {
    const abort = new AbortController()
    const signing = (await signer('setInterval(() => undefined, 1000)')).sign(manifest, identity, abort)
    setTimeout(() => abort.abort(new Error('enough')), 50)
    await expect(signing).rejects.toThrow('enough')
  })

  it('says what to do without GnuPG', async () => {
    const missing = gnupgSigner({ fingerprint: KEY, program: join(folder, 'missing') }).sign(manifest, identity)
    await expect(missing).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(missing).rejects.toThrow('sign with an exported secret key (--sign-key FILE)')
  })

  it('finds the one key of a name, and takes none of several', async () => {
    const check = `if (args[args.indexOf('--local-user') + 1] !== '${KEY}') throw new Error();${CREATED};OUTPUT`
    const options = { fingerprint: 'tess@example.com' }
    expect((await sign(`${list(KEY)};${check}`, options)).format).toBe('simple')
    expect((await sign(check, { fingerprint: `0x${KEY.toLowerCase()}` })).format).toBe('simple')
    await expect(sign(list(), options)).rejects.toThrow('GnuPG has no secret key "tess@example.com"')
    await expect(sign(list(KEY, KEY.replace('0', '1')), options)).rejects.toThrow('give the fingerprint of one: 0123')
  })
})

/** The beginning of a program that knows some keys. */
function list(...keys: readonly string[]): string {
  const lines = keys.flatMap((key) => [
    `sec:u:255:22:${key.slice(-16)}:::`,
    `fpr:::::::::${key}:`,
    'ssb:::',
    'fpr:::::::::F00:',
  ])
  return `if (args.includes('--list-secret-keys')) { console.log(${JSON.stringify(lines.join('\n'))}); process.exit() }`
}
