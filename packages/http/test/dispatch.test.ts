import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { ImageError } from '@crossdock/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { HttpBody, HttpClientOptions } from '../src/index.ts'
import { PROXIED_HOST, startByteProxy } from './byte-proxy.ts'
import { bytesOf, client, failureOf, serve, type TestClient, textOf } from './harness.ts'

/** A server that says what it likes, HTTP or not. */
async function rawServer(talk: (socket: Socket) => void): Promise<URL> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    talk(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return new URL(`http://127.0.0.1:${address.port}/`)
}

function chunks(size: number, chunk: number): HttpBody & { opened: number; closed: number } {
  const body = {
    size,
    opened: 0,
    closed: 0,
    async *open() {
      body.opened += 1
      try {
        for (let sent = 0; sent < size; sent += chunk) {
          await Promise.resolve()
          yield new Uint8Array(Math.min(chunk, size - sent)).fill(7)
        }
      } finally {
        body.closed += 1
      }
    },
  }
  return body
}

function largeHead(bytes: number): ReturnType<typeof serve> {
  return serve((_request, response) => void response.setHeader('x', 'y'.repeat(bytes)).end())
}

const once1 = { maxAttempts: 1 }
const reason = new Error('enough')

interface Way {
  readonly name: string
  /** A client whose requests to servers of this machine go this way. */
  readonly open: (options?: HttpClientOptions) => Promise<TestClient>
  /** How messages name the servers. */
  readonly host: string
  /** Connections that it takes for requests in a row. */
  readonly connections: number
}

const ways: readonly Way[] = [
  { name: 'directly', open: (options) => Promise.resolve(client(options)), host: '127.0.0.1', connections: 1 },
  {
    name: 'through a proxy',
    async open(options) {
      const proxy = await startByteProxy()
      const http = client({ ...options, proxy: { http: proxy, https: proxy } })
      return {
        ...http,
        get(url, request) {
          const named = new URL(url)
          named.hostname = PROXIED_HOST
          return http.get(named, request)
        },
      }
    },
    host: PROXIED_HOST,
    connections: 2,
  },
]

describe.each(ways)('$name', ({ open, host, connections }) => {
  describe('a request', () => {
    test('asks for bytes as they are and keeps a content encoding visible', async () => {
      const server = await serve((_request, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip', 'x-two': ['a', 'b'] }).end('not gzip')
      })
      const response = await (await open()).get(server.at('/?q=1'))
      expect(server.seen[0]).toMatchObject({
        url: '/?q=1',
        headers: { 'accept-encoding': 'identity', 'user-agent': 'crossdock' },
      })
      expect(response.headers.get('Content-Encoding')).toBe('gzip')
      expect(response.headers.all('x-two')).toEqual(['a', 'b'])
      expect(response.headers.get('x-two')).toBe('a, b')
      expect(response.headers.get('x-none')).toBeUndefined()
      expect(await textOf(response.body)).toBe('not gzip')
    })

    test('uses a connection again, after HEAD and discarded answers, too', async () => {
      const server = await serve(
        (_request, response) => void response.writeHead(200, { 'content-length': 5 }).end('hello'),
      )
      const http = await open()
      for (const method of ['GET', 'HEAD', 'GET', 'HEAD'] as const) {
        const response = await http.get(server.at('/'), { method })
        await response.discard()
      }
      expect(server.seen).toHaveLength(4)
      expect(server.sockets.size).toBeLessThanOrEqual(connections)
    })

    test('large bodies come whole, in large pieces, and wait for a slow reader', async () => {
      const size = 16 * 1024 * 1024
      let written = 0
      const server = await serve(async (_request, response) => {
        response.writeHead(200, { 'content-length': size })
        for (; written < size; written += 65_536) {
          if (!response.write(new Uint8Array(65_536).fill(written / 65_536))) await once(response, 'drain')
        }
        response.end()
      })
      const response = await (await open()).get(server.at('/'))
      const iterator = response.body[Symbol.asyncIterator]()
      await iterator.next()
      // Turns enough for all of it to come, if nothing held it back.
      for (let turn = 0; turn < 5000; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      expect(written).toBeLessThan(size)
      let read = 0
      let pieces = 1
      for (let result = await iterator.next(); result.done !== true; result = await iterator.next()) {
        read += result.value.byteLength
        pieces += 1
      }
      expect(read).toBeGreaterThan(size - 2 * 1024 * 1024)
      expect(pieces).toBeLessThanOrEqual(2 * (size / 65_536) + 64)
    })

    test('leaving a body closes its connection', async () => {
      const server = await serve((_request, response) => {
        response.write('x')
        response.on('close', () => closed.resolve(undefined))
      })
      const closed = Promise.withResolvers<undefined>()
      const response = await (await open()).get(server.at('/'))
      for await (const chunk of response.body) {
        expect(chunk.byteLength).toBe(1)
        break
      }
      await closed.promise
    })

    test('discarding an endless body closes its connection', async () => {
      const closed = Promise.withResolvers<undefined>()
      const server = await serve((_request, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        }
        response.on('drain', more)
        response.on('close', () => closed.resolve(undefined))
        more()
      })
      await (await (await open()).get(server.at('/'))).discard()
      expect(await closed.promise).toBeUndefined()
    })
  })

  describe('time-outs', () => {
    test('no answer', async () => {
      const server = await serve(() => undefined)
      const error = await failureOf((await open({ ...once1, headersTimeoutMs: 30 })).get(server.at('/')))
      expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
      expect(error.message).toBe(`thing: ${host}:${server.port}: time-out: no answer for 30 ms`)
    })

    test('silence in the body', async () => {
      const server = await serve(
        (_request, response) => void response.writeHead(200, { 'content-length': 9 }).write('abc'),
      )
      const response = await (await open({ ...once1, idleBodyTimeoutMs: 30 })).get(server.at('/'))
      const error = await failureOf(bytesOf(response.body))
      expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
      expect(error.message).toMatch(/time-out: nothing more came for 30 ms/)
    })

    test('a server that takes no more of an upload', async () => {
      const url = await rawServer((socket) => socket.pause())
      const body = chunks(64 * 1024 * 1024, 65_536)
      const error = await failureOf((await open({ ...once1, headersTimeoutMs: 30 })).get(url, { method: 'PUT', body }))
      expect(error.message).toMatch(/time-out: no answer for 30 ms/)
      expect(body).toMatchObject({ opened: 1, closed: 1 })
    })

    test('a TLS server that says nothing', async () => {
      const url = await rawServer(() => undefined)
      url.protocol = 'https:'
      const error = await failureOf((await open({ ...once1, connectTimeoutMs: 60, tlsTimeoutMs: 30 })).get(url))
      expect(error.message).toMatch(/time-out while connecting/)
      expect(error.retryable).toBe(true)
    })
  })

  describe('network failures', () => {
    test.each([
      ['a reset before the head', (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy())],
      ['an end before the head', (socket: Socket) => void socket.once('data', () => socket.end())],
      ['half a head', (socket: Socket) => void socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-'))],
      ['no HTTP', (socket: Socket) => void socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n'))],
    ])('%s', async (_name, talk) => {
      const error = await failureOf((await open(once1)).get(await rawServer(talk)))
      expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
      expect(error.message).toMatch(new RegExp(`^thing: ${host}:\\d+: `))
    })

    test.each([
      ['a short body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
      ['a cut chunked body', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    ])('%s fails after what came', async (_name, text) => {
      const url = await rawServer((socket) => void socket.once('data', () => socket.end(text)))
      const response = await (await open(once1)).get(url)
      const iterator = response.body[Symbol.asyncIterator]()
      expect(Buffer.from((await iterator.next()).value ?? []).toString()).toBe('abc')
      expect(await failureOf(iterator.next())).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    })

    test('a broken chunk fails the body', async () => {
      const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'
      const url = await rawServer((socket) => void socket.once('data', () => socket.write(text)))
      const error = await failureOf((await open(once1)).get(url).then(({ body }) => bytesOf(body)))
      expect(error.message).toMatch(/the answer is not sound HTTP\/1\.1/)
    })

    test('1,500 headers and 60 kB of them are read, 70 kB are refused', async () => {
      const many = await serve((_request, response) => {
        for (let index = 0; index < 1500; index += 1) response.setHeader(`x-${index}`, '1')
        response.end('x')
      })
      expect((await (await open()).get(many.at('/'))).headers.get('x-1499')).toBe('1')
      expect((await (await open()).get((await largeHead(60_000)).at('/'))).status).toBe(200)
      const error = await failureOf((await open()).get((await largeHead(70_000)).at('/')))
      expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', retryable: false })
    })
  })

  describe('uploads', () => {
    test('carry their length and arrive whole', async () => {
      const server = await serve(
        async (request, response) => void response.writeHead(201).end(String((await bytesOf(request)).byteLength)),
      )
      const body = chunks(1_000_000, 4096)
      const response = await (await open()).get(server.at('/'), { method: 'PUT', body })
      expect([response.status, await textOf(response.body)]).toEqual([201, '1000000'])
      expect(server.seen[0]?.headers).toMatchObject({ 'content-length': '1000000' })
      expect(server.seen[0]?.headers).not.toHaveProperty('transfer-encoding')
      expect(body).toMatchObject({ opened: 1, closed: 1 })
    })

    test.each([new Uint8Array(0), chunks(0, 1), undefined])('of nothing say so', async (body) => {
      const server = await serve((_request, response) => void response.end())
      await (await open()).get(server.at('/'), { method: 'POST', body })
      expect(server.seen[0]?.headers['content-length']).toBe('0')
    })

    test.each([401, 413, 307])('an early %i is an answer, not an error', async (status) => {
      const server = await serve(
        (_request, response) => void response.writeHead(status, { 'content-length': 3 }).end('no!'),
      )
      const body = chunks(256 * 1024 * 1024, 65_536)
      const http = await open()
      const response = await http.get(server.at('/'), { method: 'PUT', body, anonymous: true })
      expect(response.status).toBe(status)
      expect(await textOf(response.body)).toBe('no!')
      expect(body).toMatchObject({ opened: 1, closed: 1 })
    })

    test("the body's own failure comes out as it is, and the request ends", async () => {
      const closed = Promise.withResolvers<undefined>()
      const server = await serve((request) => {
        request.on('error', () => closed.resolve(undefined))
        request.resume()
      })
      const problem = new ImageError('DIGEST_MISMATCH', 'wrong bytes')
      const body: HttpBody = {
        size: 10,
        async *open() {
          yield new Uint8Array(5)
          await Promise.resolve()
          throw problem
        },
      }
      expect(await failureOf((await open()).get(server.at('/'), { method: 'PUT', body, idempotent: true }))).toBe(
        problem,
      )
      await closed.promise
      expect(server.seen).toHaveLength(1)
    })

    test.each([
      [5, 4, /to be 4 bytes, but more came/],
      [5, 6, /to be 6 bytes, but only 5 came/],
    ])('%i bytes that were announced as %i', async (actual, size, message) => {
      const server = await serve((request) => void request.on('error', () => undefined).resume())
      const body: HttpBody = { size, open: () => chunks(actual, 5).open() }
      const error = await failureOf((await open()).get(server.at('/'), { method: 'PUT', body }))
      expect(error.code).toBe('INVALID_DATA')
      expect(error.message).toMatch(message)
    })

    test('a source that is silent is released when the server answers', async () => {
      const server = await serve((request, response) => {
        request.once('data', () => response.writeHead(413, { 'content-length': 0 }).end())
      })
      let returned = false
      const body: HttpBody = {
        size: 10,
        open: () => ({
          [Symbol.asyncIterator]() {
            let first = true
            return {
              next: () => {
                if (!first) return new Promise(() => undefined)
                first = false
                return Promise.resolve({ done: false, value: new Uint8Array(5) })
              },
              return: () => {
                returned = true
                return Promise.resolve({ done: true, value: undefined })
              },
            }
          },
        }),
      }
      const response = await (await open()).get(server.at('/'), { method: 'PUT', body })
      expect(response.status).toBe(413)
      await bytesOf(response.body)
      expect(returned).toBe(true)
    })
  })

  describe('abort', () => {
    test('before the start', async () => {
      expect(
        await failureOf((await open()).get(new URL('http://127.0.0.1:1/'), { signal: AbortSignal.abort(reason) })),
      ).toBe(reason)
    })

    test('while waiting for the head', async () => {
      const abort = new AbortController()
      const closed = Promise.withResolvers<undefined>()
      const server = await serve((request) => {
        request.on('close', () => closed.resolve(undefined))
        abort.abort(reason)
      })
      expect(await failureOf((await open()).get(server.at('/'), { signal: abort.signal }))).toBe(reason)
      await closed.promise
      expect(server.seen).toHaveLength(1)
    })

    test('in the body, dropping what was not read', async () => {
      const abort = new AbortController()
      const server = await serve((_request, response) => void response.write('abc'))
      const response = await (await open()).get(server.at('/'), { signal: abort.signal })
      abort.abort(reason)
      expect(await failureOf(bytesOf(response.body))).toBe(reason)
    })

    test('in an upload, releasing its source', async () => {
      const abort = new AbortController()
      const server = await serve((request) => {
        request.on('error', () => undefined)
        request.once('data', () => abort.abort(reason))
      })
      const body = chunks(64 * 1024 * 1024, 65_536)
      expect(await failureOf((await open()).get(server.at('/'), { method: 'PUT', body, signal: abort.signal }))).toBe(
        reason,
      )
      await new Promise((resolve) => setImmediate(resolve))
      expect(body).toMatchObject({ opened: 1, closed: 1 })
    })

    test('leaves no listener on the signal', async () => {
      const server = await serve((_request, response) => void response.end('x'))
      const { signal } = new AbortController()
      let listeners = 0
      const count = (method: 'addEventListener' | 'removeEventListener', by: number): void => {
        const original = signal[method].bind(signal)
        signal[method] = (...parameters: unknown[]) => {
          listeners += by
          Reflect.apply(original, signal, parameters)
        }
      }
      count('addEventListener', 1)
      count('removeEventListener', -1)
      const response = await (await open()).get(server.at('/'), { signal })
      await bytesOf(response.body)
      expect(listeners).toBeLessThanOrEqual(0)
    })
  })

  describe('close', () => {
    test('ends what is under way, for good', async () => {
      const waits = Promise.withResolvers<undefined>()
      const server = await serve((request, response) => {
        if (request.url === '/body') response.writeHead(200, { 'content-length': 9 }).write('abc')
        else waits.resolve(undefined)
      })
      const http = await open()
      const reading = bytesOf((await http.get(server.at('/body'))).body)
      const failures = [failureOf(reading), failureOf(http.get(server.at('/head')))]
      await waits.promise
      await http.close()
      for (const failure of failures) {
        expect(await failure).toMatchObject({
          retryable: false,
          message: expect.stringMatching(/: the client was closed$/),
        })
      }
      expect(server.seen).toHaveLength(2)
    })

    test('and can be used again', async () => {
      const server = await serve((_request, response) => void response.end('x'))
      const http = await open()
      await http.close()
      expect(await textOf((await http.get(server.at('/'))).body)).toBe('x')
      await http.close()
      await http.close()
      expect(await textOf((await http.get(server.at('/'))).body)).toBe('x')
    })
  })
})

describe('directly alone', () => {
  test('a closed port', async () => {
    const server = await serve(() => undefined)
    await server.close()
    const error = await failureOf(client(once1).get(server.at('/')))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(error.message).toMatch(new RegExp(`^thing: 127.0.0.1:${server.port}: connection refused; check`))
  })

  test('an unknown host is not tried again', async () => {
    const http = client()
    const error = await failureOf(http.get(new URL('http://no-such-host.invalid/')))
    expect(error.code).toBe('UNAVAILABLE')
    expect(error.message).toMatch(
      /^thing: no-such-host\.invalid:80: (?:no such host name|the host name cannot be looked up)/,
    )
  })

  test('while connecting, ending the connection that nobody waits for', async () => {
    const abort = new AbortController()
    const closed = Promise.withResolvers<undefined>()
    const url = await rawServer((socket) => {
      socket.on('close', () => closed.resolve(undefined))
      abort.abort(reason)
    })
    url.protocol = 'https:'
    expect(await failureOf(client().get(url, { signal: abort.signal }))).toBe(reason)
    await closed.promise
  })
})
