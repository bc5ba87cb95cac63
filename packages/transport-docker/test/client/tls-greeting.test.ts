import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import { greet } from '../../src/client/tls-greeting.ts'

async function listening(server: Server): Promise<string> {
  server.on('connection', (socket) => onTestFinished(() => void socket.destroy()))
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const pem = (name: string): string =>
  readFileSync(new URL(`../../../http/test/fixtures/tls/${name}`, import.meta.url), 'utf8')

function tls(options: TlsOptions): Server {
  return createTlsServer({ key: pem('key.pem'), cert: pem('server.crt'), ...options }).on(
    'tlsClientError',
    () => undefined,
  )
}

const { signal } = new AbortController()

describe('a server is greeted and known as', () => {
  it.each([
    ['one of TLS 1.2', () => tls({ maxVersion: 'TLSv1.2' }), 'tls'],
    ['one of TLS 1.3 alone', () => tls({ minVersion: 'TLSv1.3' }), 'tls'],
    ['one of TLS that wants a certificate', () => tls({ requestCert: true }), 'tls'],
    ['one of plain HTTP', () => createHttpServer(), 'plain'],
    [
      'one that speaks first, of something else',
      () => createServer((socket) => void socket.write('220 hello\r\n')),
      'plain',
    ],
    ['one that hangs up', () => createServer((socket) => void socket.once('data', () => socket.end())), 'silent'],
    [
      'one that resets',
      () => createServer((socket) => void socket.once('data', () => socket.resetAndDestroy())),
      'silent',
    ],
  ] as const)('%s', async (_what, server, greeted) => {
    expect(await greet(await listening(server()), { signal })).toBe(greeted)
  })

  it('nobody where nothing listens', async () => {
    const server = createServer()
    const host = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    expect(await greet(host, { signal })).toBe('silent')
  })

  it('until that is aborted', async () => {
    const controller = new AbortController()
    const host = await listening(
      createServer((socket) => void socket.once('data', () => controller.abort(new Error('enough')))),
    )
    await expect(greet(host, { signal: controller.signal })).rejects.toThrow('enough')
  })
})
