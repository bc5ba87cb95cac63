import dns from 'node:dns'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { TLSSocket, type TlsOptions } from 'node:tls'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { connect, type Connecting, type ConnectSettings } from '../../src/direct/connect.ts'
import { WIRE } from '../../src/network-error.ts'
import { failureOf } from '../harness.ts'
import { serveRaw } from './raw-server.ts'
import { turn } from './wire.ts'

function pem(name: string): string {
  return readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8')
}

const ca = pem('ca.crt')
const certified: TlsOptions = { key: pem('key.pem'), cert: pem('server.crt') }

interface Opened extends Connecting {
  /** What was received so far. */
  received(): string
}

function open(url: URL, settings: Partial<ConnectSettings> = {}): Opened {
  const room = Buffer.alloc(1000)
  let text = ''
  const receiver = {
    buffer: () => room,
    callback: (bytes: number) => {
      text += room.toString('latin1', 0, bytes)
      return true
    },
  }
  const limits = { connectTimeoutMs: 10_000, tlsTimeoutMs: 10_000 }
  const connecting = connect({ url, tls: { ca }, receiver, onSession: () => undefined, ...limits, ...settings })
  connecting.socket.on('error', () => undefined)
  onTestFinished(() => void connecting.socket.destroy())
  return { ...connecting, received: () => text }
}

/** Names that are looked up have these addresses. */
function resolveTo(...addresses: readonly string[]): void {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  const lookup = (_name: string, _options: unknown, done: (error: null, all: typeof found) => void): void =>
    done(null, found)
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as typeof dns.lookup)
}

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const greet = (socket: Socket): void => void socket.write('hello')

describe.each([
  ['plainly', undefined],
  ['with TLS', certified],
])('%s', (_name, tls) => {
  test.each(['127.0.0.1', '::1'])('to %s', async (host) => {
    const { url } = await serveRaw(greet, { tls, host })
    const { ready, received } = open(url)
    await ready
    await vi.waitFor(() => expect(received()).toBe('hello'))
  })

  test.each([
    ['the first address of a name', ['127.0.0.1', '::1']],
    ['the next address of a name', ['::1', '127.0.0.1']],
  ])('to %s', async (_which, addresses) => {
    resolveTo(...addresses)
    const { url } = await serveRaw(greet, { tls })
    url.hostname = 'localhost'
    const { ready, received } = open(url)
    await ready
    await vi.waitFor(() => expect(received()).toBe('hello'))
  })

  test('to a port that is closed', async () => {
    const server = await serveRaw(greet, { tls })
    await server.close()
    expect(await failureOf(open(server.url).ready)).toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('in time, or not', async () => {
    const { url } = await serveRaw(greet, { tls })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const late = open(url, { connectTimeoutMs: 100 })
    const failure = failureOf(late.ready)
    vi.advanceTimersByTime(99)
    expect(late.socket.destroyed).toBe(false)
    vi.advanceTimersByTime(1)
    expect(await failure).toMatchObject({ code: WIRE.connectTimeout })
    expect(late.socket.destroyed).toBe(true)
    const good = open(url, { connectTimeoutMs: 100 })
    await good.ready
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(100_000)
    expect(good.socket.destroyed).toBe(false)
  })

  test('until somebody gives up', async () => {
    const { url } = await serveRaw(greet, { tls })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { ready, socket } = open(url)
    const failure = failureOf(ready)
    socket.destroy()
    expect(await failure).toMatchObject({ code: WIRE.closed })
    expect(vi.getTimerCount()).toBe(0)
  })
})

function agree(socket: Socket): TLSSocket {
  return new TLSSocket(socket, { isServer: true, ...certified })
}

describe('TLS', () => {
  test('has a time of its own, from where TCP is connected', async () => {
    const server = await serveRaw(() => undefined)
    server.url.protocol = 'https:'
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    for (const isLate of [true, false]) {
      const { ready, socket } = open(server.url, { connectTimeoutMs: 100, tlsTimeoutMs: 1000 })
      const settled = isLate ? failureOf(ready) : ready
      await once(socket, 'connect')
      vi.advanceTimersByTime(999)
      await turn()
      expect(socket.destroyed).toBe(false)
      if (isLate) vi.advanceTimersByTime(1)
      else agree(await server.socket(2))
      const failure = await settled
      expect(failure?.code).toBe(isLate ? WIRE.connectTimeout : undefined)
      expect(vi.getTimerCount()).toBe(0)
    }
  })

  test('a connection that is cut while it is agreed on', async () => {
    const server = await serveRaw((socket) => void socket.once('data', () => socket.destroy()))
    server.url.protocol = 'https:'
    const { ready } = open(server.url)
    expect((await failureOf(ready)).code).toMatch(/ECONNRESET|WIRE_CLOSED/)
  })

  test.each([
    ['localhost', 'localhost', 'localhost'],
    ['localhost.', 'localhost', 'the name without its last dot'],
    ['127.0.0.1', false, 'no name for an address'],
    ['[::1]', false, 'no name for an IPv6 address'],
  ])('the server hears of %s as %j: %s', async (hostname, servername, _why) => {
    const names: unknown[] = []
    const { url } = await serveRaw((socket) => void names.push((socket as TLSSocket).servername), {
      tls: certified,
      host: hostname.includes(':') ? '::1' : '127.0.0.1',
    })
    resolveTo('127.0.0.1')
    url.hostname = hostname
    await open(url).ready
    await vi.waitFor(() => expect(names).toEqual([servername]))
  })

  test('speaks HTTP/1.1 alone', async () => {
    const protocols: unknown[] = []
    const tls = { ...certified, ALPNProtocols: ['h2', 'http/1.1'] }
    const { url } = await serveRaw((socket) => void protocols.push((socket as TLSSocket).alpnProtocol), { tls })
    await open(url).ready
    await vi.waitFor(() => expect(protocols).toEqual(['http/1.1']))
  })

  test('takes up the session of an earlier connection', async () => {
    const { url } = await serveRaw(greet, { tls: certified })
    const sessions: Buffer[] = []
    const first = open(url, { onSession: (session) => void sessions.push(session) })
    await vi.waitFor(() => expect(sessions).not.toEqual([]))
    const second = open(url, { session: sessions.at(-1) })
    await second.ready
    expect([first, second].map(({ socket }) => (socket as TLSSocket).isSessionReused())).toEqual([false, true])
  })

  test('gives no session where the server was not verified', async () => {
    const { url } = await serveRaw(greet, { tls: { ...certified, cert: pem('other.crt') } })
    const onSession = vi.fn<(session: Buffer) => void>()
    expect((await failureOf(open(url, { onSession }).ready)).code).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    await turn()
    expect(onSession).not.toHaveBeenCalled()
  })
})
