import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EXIT } from '../../src/exit-codes.ts'
import { callMain, type Called, type Surroundings } from '../call-main.ts'

const tls = join(import.meta.dirname, '../../../http/test/fixtures/tls')
const keyFile = join(import.meta.dirname, '../../../../test-e2e/test/fixtures/verdicts/keys/good.asc')

let root: string
let store: string
let certDir: string
let count = 0
let key: Buffer
let secure: Server
let plain: Server

const answer: RequestListener = ({ url }, response) => {
  const scheme = 'encrypted' in response.req.socket ? 'https' : 'http'
  if (url === '/app?ac-discovery=1') {
    const at = `${scheme}://localhost:${portOf(scheme === 'https' ? secure : plain)}/keys.asc`
    response.end(`<meta name="ac-discovery-pubkeys" content="localhost ${at}">`)
  } else if (url === '/keys.asc') response.end(key)
  else response.writeHead(404).end()
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crossdock-trust-'))
  certDir = join(root, 'certificates')
  await mkdir(certDir)
  await copyFile(join(tls, 'ca.crt'), join(certDir, 'ca.crt'))
  key = await readFile(keyFile)
  const [keyPem, cert] = await Promise.all(['key.pem', 'server.crt'].map((name) => readFile(join(tls, name))))
  secure = createServer({ key: keyPem, cert }, answer)
  plain = createPlainServer(answer)
  for (const server of [secure, plain]) {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  }
})
beforeEach(() => {
  store = join(root, `store-${count++}`)
})
afterAll(async () => {
  secure.close()
  plain.close()
  await rm(root, { recursive: true })
})

function trust(args: readonly string[], surroundings?: Surroundings): Promise<Called> {
  return callMain(['trust', ...args, '--key-store', store], surroundings)
}

async function listed(): Promise<readonly { fingerprint: string; prefix?: string; masked: boolean }[]> {
  return JSON.parse((await trust(['list', '--json'])).stdout)
}

function add(server: Server, flags: readonly string[], surroundings?: Surroundings): Promise<Called> {
  const place = ['--prefix', 'localhost/app', '--port', String(portOf(server))]
  return trust(['add', ...place, '--retry-times', '0', ...flags], surroundings)
}

const yes: Surroundings = { stdin: 'yes\n' }

describe('keys of files', () => {
  test('are shown, agreed to, listed and removed', async () => {
    const { exitCode, stderr } = await trust(['add', '--prefix', 'example.com/app', keyFile], yes)
    expect(exitCode).toBe(EXIT.done)
    const [entry] = await listed()
    expect(entry).toMatchObject({ prefix: 'example.com/app', masked: false })
    const fingerprint = entry?.fingerprint ?? ''
    expect(stderr).toContain(fingerprint.toUpperCase())
    expect((await trust(['list'])).stdout).toContain(`${fingerprint}  example.com/app  `)
    expect((await trust(['remove', '--root', fingerprint])).exitCode).toBe(EXIT.notFound)
    expect((await trust(['remove', '--prefix', 'example.com/app', fingerprint])).exitCode).toBe(EXIT.done)
    expect(await listed()).toEqual([])
    expect((await trust(['remove', '--mask', '--root', fingerprint])).exitCode).toBe(EXIT.done)
    expect(await listed()).toMatchObject([{ fingerprint, masked: true }])
  })

  test.each(['no\n', 'y\n', 'YES\n', '\n', ''])('are not kept where %j is answered', async (stdin) => {
    const { exitCode } = await trust(['add', '--root', keyFile], { stdin })
    expect(exitCode).not.toBe(EXIT.done)
    await expect(readdir(store)).rejects.toThrow('ENOENT')
  })

  test('are kept unasked only if the review is skipped: they did not come over https', async () => {
    expect((await trust(['add', '--root', '--trust-keys-from-https', keyFile])).exitCode).not.toBe(EXIT.done)
    expect((await trust(['add', '--root', '--skip-fingerprint-review', keyFile])).exitCode).toBe(EXIT.done)
    expect(await listed()).toMatchObject([{ masked: false }])
  })

  test.each([[[]], [['--root', '--prefix', 'a']], [['--prefix', '../a']], [['--prefix', 'https://example.com']]])(
    '%j is no place for them',
    async (place) => {
      expect((await trust(['add', ...place, keyFile], yes)).exitCode).toBe(EXIT.usage)
      await expect(readdir(store)).rejects.toThrow('ENOENT')
    },
  )

  test.each(['', 'abc', `0x${'1'.repeat(38)}`])('%j is no fingerprint', async (fingerprint) => {
    expect((await trust(['remove', '--root', fingerprint])).exitCode).toBe(EXIT.usage)
  })
})

describe('keys that a host publishes', () => {
  test('are kept after yes, or unasked if they came over https', async () => {
    expect((await add(secure, ['--cert-dir', certDir])).exitCode).not.toBe(EXIT.done)
    expect(await listed()).toEqual([])
    expect((await add(secure, ['--cert-dir', certDir], yes)).exitCode).toBe(EXIT.done)
    expect(await listed()).toMatchObject([{ prefix: 'localhost/app' }])
    expect((await add(secure, ['--cert-dir', certDir, '--trust-keys-from-https'])).exitCode).toBe(EXIT.done)
  })

  test('are asked about where nobody has checked the certificate, or there is none', async () => {
    const flags = ['--tls-verify=false', '--trust-keys-from-https']
    for (const server of [secure, plain]) expect((await add(server, flags)).exitCode).not.toBe(EXIT.done)
    expect(await listed()).toEqual([])
    expect((await add(plain, flags, yes)).exitCode).toBe(EXIT.done)
  })

  test('stay masked unless somebody agrees', async () => {
    const place = ['--prefix', 'localhost/app']
    await trust(['add', ...place, '--skip-fingerprint-review', keyFile])
    const [entry] = await listed()
    await trust(['remove', '--mask', ...place, entry?.fingerprint ?? ''])
    for (const flag of ['--trust-keys-from-https', '--skip-fingerprint-review']) {
      const { exitCode, stderr } = await add(secure, ['--cert-dir', certDir, flag])
      expect(exitCode).toBe(EXIT.refused)
      expect(stderr).toContain('is masked in')
      expect(await listed()).toMatchObject([{ masked: true }])
    }
    expect((await add(secure, ['--cert-dir', certDir], yes)).exitCode).toBe(EXIT.done)
    expect(await listed()).toMatchObject([{ masked: false }])
  })

  test('are not read over plain http without leave', async () => {
    const { exitCode } = await add(plain, ['--skip-fingerprint-review'])
    expect(exitCode).toBe(EXIT.network)
  })
})
