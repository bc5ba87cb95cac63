import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { ImageError } from '@crossdock/core'
import { testImage } from '@crossdock/transport-testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { awsProblem } from '../../http/test/aws-check.ts'
import { type HttpTransportOptions, httpsTransport, httpTransport } from '../src/index.ts'
import { fileServer } from './file-server.ts'
import { ociArchive, readImage } from './image-archives.ts'
import { temporaryFolder } from './temporary-folder.ts'

const certificates = join(import.meta.dirname, '../../http/test/fixtures/tls')
const pem = (name: string): string => readFileSync(join(certificates, name), 'utf8')
const image = testImage()
const bytes = await ociArchive(image)

interface TlsServer {
  readonly base: string
  /** The `Authorization` headers that came; undefined where there was none. */
  readonly seen: (string | undefined)[]
  /** All headers that came. */
  readonly headers: IncomingMessage['headers'][]
}

/** Gives the archive to whoever has the right header, or proves it in another way, or redirects to another place. */
async function tlsServer(
  wanted: string | undefined | ((request: IncomingMessage) => boolean),
  redirect?: () => string,
  answer: (response: ServerResponse) => void = (response) => void response.end(bytes),
): Promise<TlsServer> {
  const seen: (string | undefined)[] = []
  const all: IncomingMessage['headers'][] = []
  const isRight =
    typeof wanted === 'function'
      ? wanted
      : ({ headers }: IncomingMessage) => wanted === undefined || headers.authorization === wanted
  const server = createServer({ key: pem('key.pem'), cert: pem('server.crt') }, (request, response) => {
    const { headers } = request
    seen.push(headers.authorization)
    all.push(headers)
    if (redirect !== undefined) response.writeHead(302, { location: redirect() }).end()
    else if (isRight(request)) answer(response)
    else response.writeHead(401).end(`not ${headers.authorization}`)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => void server.close(resolve))
  })
  const address = server.address()
  return { base: `//127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, seen, headers: all }
}

async function read(base: string, options: HttpTransportOptions): Promise<string> {
  const transport = httpsTransport({
    cacheFolder: await temporaryFolder(),
    certificates: { ca: pem('ca.crt') },
    proxy: false,
    retryDelayMs: 0,
    ...options,
  })
  onTestFinished(() => transport.close())
  await using source = await transport.parseReference(`${base}/app.tar`).openSource()
  return (await readImage(source)).digest
}

const basic = `Basic ${Buffer.from('me:s3cret').toString('base64')}`
const credentials = { username: 'me', password: 's3cret' }
const keys = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG', region: 'eu-west-1' }

describe('credentials', () => {
  it.each([
    ['a password', credentials, basic],
    ['a token', { registryToken: 'abc.def' }, 'Bearer abc.def'],
  ])('%s goes with the first request', async (_, value, header) => {
    const { base, seen } = await tlsServer(header)
    expect(await read(base, { credentials: value })).toBe(image.root.digest)
    expect(seen).toEqual([header])
  })

  it('are looked up by host and port', async () => {
    const { base } = await tlsServer(basic)
    const lookUp = (host: string): typeof credentials | undefined => (host === base.slice(2) ? credentials : undefined)
    expect(await read(base, { credentials: lookUp })).toBe(image.root.digest)
  })

  it('that go only to who asks for them do so, and from then on at once', async () => {
    const { base, seen } = await tlsServer(basic)
    const options = {
      cacheFolder: await temporaryFolder(),
      certificates: { ca: pem('ca.crt') },
      proxy: false,
      credentials: (_: string, __: undefined, { challenged = false } = {}) => (challenged ? credentials : undefined),
    } as const
    const transport = httpsTransport(options)
    onTestFinished(() => transport.close())
    for (const name of ['one.tar', 'two.tar']) {
      await using source = await transport.parseReference(`${base}/${name}`).openSource()
      expect((await source.getManifest()).digest).toBe(image.root.digest)
    }
    expect(seen).toEqual([undefined, basic, basic])
  })

  it('that are refused are not shown, though the server sends them back', async () => {
    const { base } = await tlsServer('Basic other')
    await expect(read(base, { credentials })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.not.stringMatching(new RegExp(`s3cret|${basic.slice(6)}`)),
    })
  })

  it('that are missing are asked for', async () => {
    const { base, seen } = await tlsServer(basic)
    await expect(read(base, {})).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/credentials/),
    })
    expect(seen).toEqual([undefined])
  })

  it('do not follow a redirect to another host', async () => {
    const other = await tlsServer(undefined)
    const { base, seen } = await tlsServer(undefined, () => `https:${other.base}/app.tar`)
    expect(await read(base, { credentials })).toBe(image.root.digest)
    expect(seen).toEqual([basic])
    expect(other.seen).toEqual([undefined])
  })

  it('of AWS sign the request', async () => {
    const { base, seen } = await tlsServer((request) => awsProblem(request, keys) === undefined)
    expect(await read(base, { credentials: keys })).toBe(image.root.digest)
    expect(await read(base, { credentials: (host) => (host === base.slice(2) ? keys : undefined) })).toBe(
      image.root.digest,
    )
    expect(seen).toHaveLength(2)
  })

  it('of AWS are not shown, nor what they sign, though the server sends it back', async () => {
    const { base, seen } = await tlsServer('another')
    const error: unknown = await read(base, { credentials: keys }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringContaining('AKIAEXAMPLE') })
    const [, signature = ''] = /Signature=([0-9a-f]{64})/.exec(seen[0] ?? '') ?? []
    expect(signature).not.toBe('')
    expect(String(error)).not.toContain(signature)
    expect(String(error)).not.toContain(keys.secretAccessKey)
  })

  it('of AWS do not follow a redirect to another host', async () => {
    const other = await tlsServer(undefined)
    const { base, seen } = await tlsServer(undefined, () => `https:${other.base}/app.tar`)
    expect(await read(base, { credentials: keys })).toBe(image.root.digest)
    expect(seen).toEqual([expect.stringMatching(/^AWS4-HMAC-SHA256 /)])
    expect(other.seen).toEqual([undefined])
    expect(JSON.stringify(other.headers)).not.toMatch(/x-amz|AKIAEXAMPLE/)
  })

  it.each([
    ['passwords', credentials],
    ['keys of AWS', keys],
  ])('never go over plain http: %s', async (_what, value) => {
    const server = await fileServer((_, response) => void response.end(bytes))
    const cacheFolder = await temporaryFolder()
    const transport = httpTransport({ cacheFolder, credentials: value, proxy: false })
    onTestFinished(() => transport.close())
    await using source = await transport.parseReference(`${server.base}/app.tar`).openSource()
    expect((await readImage(source)).digest).toBe(image.root.digest)
    expect(server.seen[0]?.headers.authorization).toBeUndefined()
    expect(server.seen[0]?.headers).not.toHaveProperty('x-amz-date')
  })
})

describe('a connection', () => {
  it('needs a certificate that is trusted, or leave to do without', async () => {
    const { base } = await tlsServer(undefined)
    await expect(read(base, { certificates: {} })).rejects.toMatchObject({
      message: expect.stringMatching(/certificate/),
    })
    expect(await read(base, { certificates: {}, insecure: true })).toBe(image.root.digest)
  })

  it.each([
    ['what was downloaded', false],
    ['what has come of a download', true],
  ])('whose certificate is checked has no use for %s when it was not', async (_what, isInterrupted) => {
    let evil = isInterrupted ? bytes.subarray(0, bytes.length / 2) : bytes
    const { base, headers } = await tlsServer(undefined, undefined, (response) => {
      const length = String(bytes.length)
      response.writeHead(200, { etag: '"real"', 'cache-control': 'max-age=9999', 'content-length': length })
      response.write(evil, () => void (evil.length < bytes.length ? response.destroy() : response.end()))
    })
    const cacheFolder = await temporaryFolder()
    const unchecked = read(base, { cacheFolder, certificates: {}, insecure: true, maxAttempts: 1 })
    const outcome = await unchecked.catch((reason: unknown) => reason instanceof ImageError && reason.code)
    expect(outcome).toBe(isInterrupted ? 'UNAVAILABLE' : image.root.digest)
    const before = headers.length
    evil = bytes
    expect(await read(base, { cacheFolder })).toBe(image.root.digest)
    expect(headers).toHaveLength(before + 1)
    expect(headers.at(-1)).not.toHaveProperty('range')
    expect(headers.at(-1)).not.toHaveProperty('if-none-match')
  })

  it('does not lead from https to http', async () => {
    const plain = await fileServer((_, response) => void response.end(bytes))
    const { base } = await tlsServer(undefined, () => `http:${plain.base}/app.tar`)
    await expect(read(base, {})).rejects.toMatchObject({ message: expect.stringMatching(/from https to plain http/) })
    expect(plain.seen).toEqual([])
  })

  it('is not made over plain http but to this machine, or with leave', async () => {
    const asked: URL[] = []
    const http = {
      request: async ({ url }: { readonly url: URL }) => {
        asked.push(url)
        throw new ImageError('UNAVAILABLE', 'nobody is there', { retryable: false })
      },
      warm: () => undefined,
      cool: () => undefined,
      close: async () => undefined,
    }
    const open = async (insecure: boolean): Promise<unknown> =>
      await httpTransport({ cacheFolder: await temporaryFolder(), http, insecure })
        .parseReference('//example.com/app.tar')
        .openSource()
    await expect(open(false)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/plain http/),
    })
    expect(asked).toEqual([])
    await expect(open(true)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(asked).toHaveLength(1)
  })
})
