import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createDirectOrigin } from '../../src/direct/direct-origin.ts'
import type { HttpRequest, HttpResponse } from '../../src/index.ts'
import { resolveOptions } from '../../src/options.ts'
import { bytesOf, failureOf, textOf } from '../harness.ts'
import { answering, type RawServer, serveRaw } from './raw-server.ts'
import { turn } from './wire.ts'

const HELLO = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'

function pem(name: string): string {
  return readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8')
}

const certified = { key: pem('key.pem'), cert: pem('server.crt') }

interface TestOrigin {
  send(request?: Partial<HttpRequest>): Promise<HttpResponse>
  warm(count: number): void
  end(): Promise<void>
}

function originAt(url: URL): TestOrigin {
  const origin = createDirectOrigin({ url, tls: { ca: pem('ca.crt') }, options: resolveOptions({}) })
  onTestFinished(() => origin.end())
  return { ...origin, send: (request = {}) => origin.send({ method: 'GET', url, what: 'thing', ...request }) }
}

async function getText(origin: TestOrigin, request: Partial<HttpRequest> = {}): Promise<string> {
  return textOf((await origin.send(request)).body)
}

describe('connections', () => {
  test('one for requests in a row, several for requests at once, again and again', async () => {
    const { url, sockets } = await serveRaw(answering(HELLO))
    const origin = originAt(url)
    for (let count = 0; count < 5; count += 1) expect(await getText(origin)).toBe('hello')
    expect(sockets).toHaveLength(1)
    for (let count = 0; count < 3; count += 1) {
      const texts = await Promise.all(Array.from({ length: 8 }, () => getText(origin)))
      expect(new Set(texts)).toEqual(new Set(['hello']))
    }
    expect(sockets.length).toBeLessThanOrEqual(9)
  })

  test('to an address of IPv6', async () => {
    const { url } = await serveRaw(answering(HELLO), { host: '::1' })
    expect(url.host).toMatch(/^\[::1\]:/)
    expect(await getText(originAt(url))).toBe('hello')
  })
})

/** Answers the first request of each connection; what happens to the next ones on it is the test's. */
function onceOnly(socket: Socket, next: (socket: Socket) => void): void {
  let requests = 0
  socket.on('data', () => {
    requests += 1
    if (requests === 1) socket.write(HELLO)
    else next(socket)
  })
}

function cut(socket: Socket): void {
  socket.destroy()
}

function reset(socket: Socket): void {
  socket.resetAndDestroy()
}

function ending(text: string): (socket: Socket) => void {
  return (socket) => void socket.end(text)
}

const repeatless: readonly [string, (socket: Socket) => void, Partial<HttpRequest>][] = [
  ['that may not be repeated', cut, { method: 'POST' }],
  ['that may not be repeated, by its own word', cut, { idempotent: false }],
  ['that has got an interim answer', ending('HTTP/1.1 103 Hints\r\n\r\n'), {}],
  ['of whose answer something came', ending('HTTP/1.1 2'), {}],
  ['with an answer that is not sound', ending('HTTP/1.1 2\r\n\r\n'), {}],
]

describe('a connection that the server has closed meanwhile', () => {
  test.each([
    ['cut', cut],
    ['reset', reset],
    ['ended', ending('')],
    ['ended after a stray empty line', ending('\r\n')],
  ])('%s: a request that may be repeated goes out again, on a new one', async (_name, next) => {
    const server = await serveRaw((socket) => onceOnly(socket, next))
    const origin = originAt(server.url)
    await getText(origin)
    expect(await getText(origin)).toBe('hello')
    expect(await getText(origin, { method: 'PUT', idempotent: true, body: new Uint8Array(3) })).toBe('hello')
    expect(server.sockets).toHaveLength(3)
    expect((await origin.send({ method: 'HEAD' })).status).toBe(200)
    expect(server.sockets).toHaveLength(4)
  })

  test('a streamed body is opened again', async () => {
    const server = await serveRaw((socket) => onceOnly(socket, cut))
    const origin = originAt(server.url)
    await getText(origin)
    let opened = 0
    const open = async function* (): AsyncGenerator<Uint8Array> {
      opened += 1
      await Promise.resolve()
      yield new Uint8Array(3)
    }
    expect(await getText(origin, { method: 'PUT', idempotent: true, body: { size: 3, open } })).toBe('hello')
    expect([opened, server.sockets.length]).toEqual([2, 2])
  })

  test.each(repeatless)('a request %s fails', async (_name, next, request) => {
    const server = await serveRaw((socket) => onceOnly(socket, next))
    const origin = originAt(server.url)
    await getText(origin)
    expect(await failureOf(origin.send(request))).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(server.sockets).toHaveLength(1)
    expect(await getText(origin)).toBe('hello')
  })

  test('on a first request is a failure', async () => {
    const server = await serveRaw((socket) => void socket.once('data', cut.bind(undefined, socket)))
    expect(await failureOf(originAt(server.url).send())).toMatchObject({ code: 'UNAVAILABLE' })
    expect(server.sockets).toHaveLength(1)
  })

  test('again, on the new one, is a failure', async () => {
    const server = await serveRaw((socket, count) => {
      if (count === 1) onceOnly(socket, cut)
      else socket.once('data', () => socket.destroy())
    })
    const origin = originAt(server.url)
    await getText(origin)
    expect(await failureOf(origin.send())).toMatchObject({ code: 'UNAVAILABLE' })
    expect(server.sockets).toHaveLength(2)
  })

  test('takes the others that are free with it, and none on their way', async () => {
    const server = await serveRaw((socket) => onceOnly(socket, cut))
    const origin = originAt(server.url)
    await Promise.all([getText(origin), getText(origin), getText(origin)])
    const again = getText(origin)
    await vi.waitFor(() => expect(server.sockets.length).toBeGreaterThan(3))
    origin.warm(2)
    expect(await again).toBe('hello')
    await vi.waitFor(() => expect(server.open).toBeLessThanOrEqual(2))
  })

  test('is not asked again by a request that was aborted', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const server = await serveRaw((socket) => onceOnly(socket, () => abort.abort(reason)))
    const origin = originAt(server.url)
    await getText(origin)
    expect(await failureOf(origin.send({ signal: abort.signal }))).toBe(reason)
    expect(server.sockets).toHaveLength(1)
  })
})

/** Where a request is when something happens to it. `reached` resolves there. */
interface Moment {
  readonly name: string
  readonly tls?: boolean
  readonly request?: Partial<HttpRequest>
  readonly server: (socket: Socket, reached: () => void) => void
}

const endless: HttpRequest['body'] = {
  size: 1e9,
  async *open() {
    for (;;) {
      await turn()
      yield new Uint8Array(65_536)
    }
  },
}

const silent: HttpRequest['body'] = {
  size: 10,
  open: async function* () {
    yield new Uint8Array(1)
    await new Promise(() => undefined)
  },
}

const moments: readonly Moment[] = [
  { name: 'TLS is agreed on', tls: true, server: (_socket, reached) => reached() },
  { name: 'the answer is awaited', server: (socket, reached) => void socket.once('data', reached) },
  {
    name: 'an interim answer came',
    server: (socket, reached) => void socket.once('data', () => socket.write('HTTP/1.1 103 Hints\r\n\r\n', reached)),
  },
  {
    name: 'a part of the head came',
    server: (socket, reached) => void socket.once('data', () => socket.write('HTTP/1.1 200 O', reached)),
  },
  {
    name: 'the head came',
    server: (socket, reached) => void socket.once('data', () => socket.write(HELLO.slice(0, -5), reached)),
  },
  {
    name: 'a part of the body came',
    server: (socket, reached) => void socket.once('data', () => socket.write(HELLO.slice(0, -1), reached)),
  },
  {
    name: 'an upload is under way',
    request: { method: 'PUT', body: endless },
    server: (socket, reached) => void socket.once('data', reached),
  },
  {
    name: 'an upload is held up by the server',
    request: { method: 'PUT', body: endless },
    server: (socket, reached) => {
      socket.pause()
      setImmediate(reached)
    },
  },
  {
    name: 'the source of an upload is silent',
    request: { method: 'PUT', body: silent },
    server: (socket, reached) => void socket.once('data', reached),
  },
  {
    name: 'an upload is answered early',
    request: { method: 'PUT', body: endless },
    server: (socket, reached) =>
      void socket.once('data', () => socket.write('HTTP/1.1 413 No\r\ncontent-length: 5\r\n\r\n', reached)),
  },
]

async function at(moment: Moment): Promise<{ server: RawServer; reached: Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const server = await serveRaw((socket) => moment.server(socket, resolve))
  if (moment.tls === true) server.url.protocol = 'https:'
  return { server, reached: promise }
}

/** The whole exchange: its answer and the end of its body. */
async function whole(origin: TestOrigin, request: Partial<HttpRequest>): Promise<void> {
  const response = await origin.send(request)
  await bytesOf(response.body)
}

/** Waits until the server has no connection any more, of which it may not have read all. */
async function isEmpty(server: RawServer): Promise<void> {
  for (const socket of server.sockets) socket.resume()
  await vi.waitFor(() => expect(server.open).toBe(0))
}

describe.each(moments)('while $name', (moment) => {
  test('an abort ends it at once, with its reason', async () => {
    const { server, reached } = await at(moment)
    const abort = new AbortController()
    const reason = new Error('enough')
    const failure = failureOf(whole(originAt(server.url), { ...moment.request, signal: abort.signal }))
    await reached
    await turn()
    abort.abort(reason)
    expect(await failure).toBe(reason)
    await isEmpty(server)
  })

  test('a close of the client ends it, for good', async () => {
    const { server, reached } = await at(moment)
    const origin = originAt(server.url)
    const failure = failureOf(whole(origin, { idempotent: true, ...moment.request }))
    await reached
    await turn()
    await origin.end()
    expect(await failure).toMatchObject({ retryable: false, message: expect.stringMatching(/the client was closed/) })
    await isEmpty(server)
    expect(server.sockets).toHaveLength(1)
  })

  test('a cut ends it', async () => {
    const { server, reached } = await at(moment)
    const failure = failureOf(whole(originAt(server.url), moment.request ?? {}))
    await reached
    await turn()
    for (const socket of server.sockets) socket.resetAndDestroy()
    expect(await failure).toMatchObject({ code: 'UNAVAILABLE' })
    expect(server.sockets).toHaveLength(1)
  })
})

describe('a close of the client', () => {
  test('ends a request on a connection that was used before, too', async () => {
    const reached = Promise.withResolvers<void>()
    const server = await serveRaw((socket) => onceOnly(socket, () => reached.resolve()))
    const origin = originAt(server.url)
    await getText(origin)
    const failure = failureOf(origin.send())
    await reached.promise
    await origin.end()
    expect(await failure).toMatchObject({ retryable: false, message: expect.stringMatching(/the client was closed/) })
    await turn()
    expect(server.sockets).toHaveLength(1)
  })

  test('lets no request begin that comes later', async () => {
    const server = await serveRaw(answering(HELLO))
    const origin = originAt(server.url)
    await origin.end()
    expect((await failureOf(origin.send())).message).toMatch(/the client was closed/)
    expect(server.sockets).toEqual([])
  })
})

describe('an abort', () => {
  test('while connecting does not harm a request that comes at once', async () => {
    const server = await serveRaw(answering(HELLO))
    const origin = originAt(server.url)
    const abort = new AbortController()
    const failure = failureOf(origin.send({ signal: abort.signal }))
    abort.abort(new Error('enough'))
    const text = getText(origin)
    expect((await failure).message).toBe('enough')
    expect(await text).toBe('hello')
  })
})

describe('an answer before the end of an upload', () => {
  test.each([
    ['plainly', undefined],
    ['with TLS', certified],
  ])('%s, from a server that then hangs up on what it has not read', async (_name, tls) => {
    const answer = `HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 3\r\n\r\nno!`
    const server = await serveRaw(
      (socket) => void socket.once('data', () => socket.pause().end(answer, () => socket.destroy())),
      { tls },
    )
    for (let count = 0; count < 20; count += 1) {
      const response = await originAt(server.url).send({ method: 'PUT', body: endless })
      expect([response.status, await textOf(response.body)]).toEqual([413, 'no!'])
    }
  })
})
