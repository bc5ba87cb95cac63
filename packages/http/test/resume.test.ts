import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { ImageError } from '@crossdock/core'
import { describe, expect, test } from 'vitest'
import { resumableBody, resumeRequest, type HttpRequest, type ResumeOptions } from '../src/index.ts'
import { bytesOf, client, failureOf, serve, type Script, type TestServer } from './harness.ts'

const content = randomBytes(300_000)
const size = content.byteLength
const KIB = 1024

interface Fault {
  /** Cut the connection after so many bytes of this answer. */
  readonly cutAfter?: number
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly ignoreRange?: boolean
  readonly body?: Uint8Array
  readonly reset?: boolean
  readonly hang?: boolean
  readonly redirect?: string
}

/** Serves the content with ranges, failing in the way that the list says, answer by answer; then flawlessly. */
function blob(faults: readonly Fault[], always: Fault = {}): Script {
  return (request, response, count) => answer(request, response, faults[count - 1] ?? always)
}

function answer(request: IncomingMessage, response: ServerResponse, fault: Fault): void {
  if (fault.redirect !== undefined) return void response.writeHead(307, { location: fault.redirect }).end()
  if (fault.status !== undefined && fault.status !== 206) {
    return void response.writeHead(fault.status, fault.headers).end('{"errors":[{"code":"DENIED"}]}')
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const whole = range === null || fault.ignoreRange === true
  const first = whole ? 0 : Number(range[1])
  const last = whole || range[2] === '' ? size - 1 : Number(range[2])
  const bytes = fault.body ?? content.subarray(first, last + 1)
  response.writeHead(whole ? 200 : 206, {
    'content-length': bytes.byteLength,
    ...(!whole && { 'content-range': `bytes ${first}-${last}/${size}` }),
    ...fault.headers,
  })
  const cut = fault.cutAfter
  if (cut === undefined || cut >= bytes.byteLength) return void response.end(bytes)
  response.write(bytes.subarray(0, cut), () => {
    if (fault.reset === true) response.socket?.resetAndDestroy()
    else if (fault.hang !== true) response.socket?.end()
  })
}

function read(server: TestServer, options: ResumeOptions = {}, request: Partial<HttpRequest> = {}) {
  const http = client({ idleBodyTimeoutMs: 30 })
  const onProgress = (event: (typeof http.events)[number]): void => void http.events.push(event)
  const whole: HttpRequest = { method: 'GET', url: server.at('/blob'), what: 'blob', onProgress, ...request }
  return { http, bytes: bytesOf(resumableBody(http, whole, { size, retryDelayMs: 1, ...options })) }
}

const ranges = (server: TestServer): (string | undefined)[] => server.seen.map(({ headers }) => headers.range)

describe('a body goes on', () => {
  test.each([
    ['a cut', { cutAfter: 100_000 }],
    ['a reset', { cutAfter: 100_000, reset: true }],
    ['silence', { cutAfter: 100_000, hang: true }],
  ])('after %s, with a closed range', async (_name, fault) => {
    const server = await serve(blob([fault]))
    const { http, bytes } = read(server)
    expect((await bytes).equals(content)).toBe(true)
    expect(server.seen).toHaveLength(2)
    expect(ranges(server)[1]).toMatch(/^bytes=\d+-299999$/)
    expect(http.events).toMatchObject([{ type: 'retry', what: 'blob', code: 'UNAVAILABLE', attempts: 4 }])
  })

  test('as often as it makes progress', async () => {
    const server = await serve(blob([], { cutAfter: 70 * KIB }))
    expect((await read(server, { maxAttempts: 2 }).bytes).equals(content)).toBe(true)
    expect(server.seen.length).toBe(5)
  })

  test('but not without: so many attempts, and the count in the message', async () => {
    const server = await serve(blob([], { cutAfter: 10 }))
    const error = await failureOf(read(server).bytes)
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: false })
    expect(error.message).toMatch(/\(after 4 attempts\)$/)
    expect(server.seen).toHaveLength(4)
  })

  test('no further than to its last byte, whatever length the server had in mind', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': size + 1000 })
      response.write(content, () => response.socket?.end())
    })
    expect((await read(server).bytes).equals(content)).toBe(true)
    expect(server.seen).toHaveLength(1)
  })

  test('near its end, where the rest is progress enough', async () => {
    const server = await serve(blob([{ cutAfter: 10 }, { cutAfter: size - 20 }, { cutAfter: 10 }]))
    expect((await read(server, { maxAttempts: 2 }).bytes).equals(content)).toBe(true)
  })

  test('where the server answers a range with everything', async () => {
    const server = await serve(blob([{ cutAfter: 100_000 }], { ignoreRange: true }))
    expect((await read(server).bytes).equals(content)).toBe(true)
  })

  test.each([
    ['another range', { headers: { 'content-range': `bytes 5-9/${size}` } }],
    ['no range said', { headers: { 'content-range': '' } }],
    ['another total', { headers: { 'content-range': `bytes 100000-299999/300001` } }],
    ['a refused range', { status: 416 }],
  ])('where it answers with %s, without ranges from then on', async (_name, fault) => {
    const server = await serve(blob([{ cutAfter: 100_000 }, fault]))
    expect((await read(server).bytes).equals(content)).toBe(true)
    expect(ranges(server)[1]).toBeDefined()
    expect(ranges(server)[2]).toBeUndefined()
  })

  test('from an offset', async () => {
    const server = await serve(blob([{ cutAfter: 100 }]))
    expect((await read(server, { offset: 200_000 }).bytes).equals(content.subarray(200_000))).toBe(true)
    expect(ranges(server)).toEqual(['bytes=200000-299999', expect.stringMatching(/^bytes=200\d\d\d-299999$/)])
  })

  test('without a size, with open ranges', async () => {
    const server = await serve(blob([{ cutAfter: 100_000 }]))
    expect((await read(server, { size: undefined }).bytes).equals(content)).toBe(true)
    expect(ranges(server)[1]).toMatch(/^bytes=\d+-$/)
  })

  test('from the original URL, so that a signed one is made anew', async () => {
    const server = await serve((request, response, count) => {
      if (request.url === '/blob') answer(request, response, { redirect: `/signed?n=${count}` })
      else answer(request, response, count === 2 ? { cutAfter: 100_000 } : {})
    })
    expect((await read(server).bytes).equals(content)).toBe(true)
    expect(server.seen.map(({ url }) => url)).toEqual(['/blob', '/signed?n=1', '/blob', '/signed?n=3'])
  })

  test('after a 403 of another origin, which is what an expired URL looks like', async () => {
    const storage = await serve(blob([{ status: 403 }]))
    const server = await serve(blob([], { redirect: storage.at('/x?signature=abc').href }))
    expect((await read(server).bytes).equals(content)).toBe(true)
    const denied = await serve(blob([], { status: 403 }))
    const front = await serve(blob([], { redirect: denied.at('/x?signature=abc').href }))
    const error = await failureOf(read(front).bytes)
    expect(error.code).toBe('FORBIDDEN')
    expect(error.message).toMatch(/status 403: DENIED.*\(after 4 attempts\)/)
    expect(error.message).not.toMatch(/signature|abc/)
  })

  test('with If-Range where a strong ETag is known', async () => {
    const server = await serve(
      blob([{ cutAfter: 100_000, headers: { etag: '"one"' } }], { headers: { etag: '"one"' } }),
    )
    expect((await read(server).bytes).equals(content)).toBe(true)
    expect(server.seen[1]?.headers['if-range']).toBe('"one"')
    const weak = await serve(blob([{ cutAfter: 100_000, headers: { etag: 'W/"one"' } }]))
    await read(weak).bytes
    expect(weak.seen[1]?.headers).not.toHaveProperty('if-range')
  })

  test('with the answer that was there already', async () => {
    const server = await serve(blob([{ cutAfter: 100_000 }]))
    const http = client()
    const request: HttpRequest = { method: 'GET', url: server.at('/blob'), what: 'blob' }
    const opened = await http.request(resumeRequest(request, { size }))
    expect((await bytesOf(resumableBody(http, request, { size, opened }))).equals(content)).toBe(true)
    expect(server.seen).toHaveLength(2)
  })
})

describe('a body ends', () => {
  test('when the content changed', async () => {
    const server = await serve(
      blob([{ cutAfter: 100_000, headers: { etag: '"one"' } }], { ignoreRange: true, headers: { etag: '"two"' } }),
    )
    const error = await failureOf(read(server).bytes)
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    expect(error.message).toMatch(/changed while it was read; start again/)
  })

  test.each(['br', 'identity, gzip', 'gzip, gzip', 'zstd'])('at the content encoding %s', async (encoding) => {
    const server = await serve(blob([], { headers: { 'content-encoding': encoding } }))
    const error = await failureOf(read(server).bytes)
    expect(error.code).toBe('UNSUPPORTED')
    expect(error.message).toMatch(/content encoding that was not asked for/)
  })

  test.each(['identity', 'gzip', 'X-GZIP'])('not at %s, if it has the size that it should have', async (encoding) => {
    const server = await serve(blob([{ cutAfter: 100_000 }], { headers: { 'content-encoding': encoding } }))
    expect((await read(server).bytes).equals(content)).toBe(true)
  })

  test('not at gzip of the whole: it is unpacked, and a cut is mended without ranges', async () => {
    const body = gzipSync(content)
    const headers = { 'content-encoding': 'gzip' }
    const server = await serve((request, response, count) => {
      if (count === 1) answer(request, response, { body, headers, cutAfter: 150_000 })
      else if (request.headers.range === undefined) answer(request, response, { body, headers })
      // A range of the packed bytes, as the specification has it.
      else
        answer(request, response, {
          headers: { ...headers, 'content-range': `bytes 150000-150999/${body.byteLength}` },
        })
    })
    expect((await read(server).bytes).equals(content)).toBe(true)
    expect(ranges(server)).toEqual([undefined, expect.stringMatching(/^bytes=/), undefined])
  })

  test('at gzip that only is what it should be: nothing is unpacked', async () => {
    const packed = gzipSync(content)
    const headers = { 'content-encoding': 'gzip', 'content-length': packed.byteLength }
    const server = await serve((_request, response) => void response.writeHead(200, headers).end(packed))
    expect((await read(server, { size: packed.byteLength }).bytes).equals(packed)).toBe(true)
  })

  test('at a range of packed content that does not say of how much', async () => {
    const headers = { 'content-encoding': 'gzip' }
    const server = await serve((request, response, count) => {
      const [, first = ''] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? []
      if (count === 1) answer(request, response, { cutAfter: 100_000 })
      else if (first === '') answer(request, response, { body: gzipSync(content), headers })
      else answer(request, response, { headers: { ...headers, 'content-range': `bytes ${first}-${size - 1}/*` } })
    })
    expect((await read(server).bytes).equals(content)).toBe(true)
    expect(server.seen).toHaveLength(3)
  })

  test('at gzip that is damaged or unpacks to more', async () => {
    const damaged = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.from('1f8b0800000000000003deadbeef', 'hex'))
    })
    expect((await failureOf(read(damaged).bytes)).code).toBe('INVALID_DATA')
    const more = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(2 * size)))
    })
    expect((await failureOf(read(more).bytes)).code).toBe('LIMIT_EXCEEDED')
  })

  test('at more than its size, without passing any of it on', async () => {
    const server = await serve(blob([], { body: Buffer.alloc(100) }))
    const chunks: Uint8Array[] = []
    const http = client()
    const request: HttpRequest = { method: 'GET', url: server.at('/'), what: 'blob' }
    const reading = (async () => {
      for await (const chunk of resumableBody(http, request, { size: 99 })) chunks.push(chunk)
    })()
    expect((await failureOf(reading)).code).toBe('DIGEST_MISMATCH')
    expect(Buffer.concat(chunks).byteLength).toBeLessThanOrEqual(99)
  })

  test('when there is less than its size, again and again', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' }).end('short')
    })
    const error = await failureOf(read(server).bytes)
    expect(error.message).toMatch(/\(after 4 attempts\)/)
  })

  test.each<[string, Fault]>([
    ['a length', { body: content.subarray(0, 100_000), ignoreRange: true }],
    ['a range', { headers: { 'content-range': `bytes 100000-${size - 2}/${size - 1}` } }],
    ['a refused range', { status: 416, headers: { 'content-range': 'bytes */100000' } }],
  ])('when it is told for the second time that there is less, by %s', async (_name, second) => {
    const first = second.headers?.['content-range']?.includes(`/${size - 1}`) === true ? size - 1 : 100_000
    const server = await serve(blob([{ body: content.subarray(0, first) }, second]))
    const error = await failureOf(read(server).bytes)
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', retryable: false })
    expect(error.message).toContain(`${first} bytes`)
    expect(error.message).toContain(`${size}`)
    expect(server.seen).toHaveLength(2)
  })

  test('not when an answer says a smaller size once', async () => {
    const server = await serve(blob([{ body: content.subarray(0, 100_000) }]))
    expect((await read(server).bytes).equals(content)).toBe(true)
    expect(server.seen).toHaveLength(2)
  })

  test.each([
    [404, 'NOT_FOUND'],
    [403, 'FORBIDDEN'],
    [500, 'UNAVAILABLE'],
    [204, 'INVALID_DATA'],
  ])('with %i as %s', async (status, code) => {
    const server = await serve(blob([], { status }))
    expect(await failureOf(read(server).bytes)).toMatchObject({ code })
    expect(server.seen.length).toBe(status === 500 ? 4 : 1)
  })

  test("with the caller's own error", async () => {
    const server = await serve(blob([], { status: 404 }))
    const problem = new ImageError('NOT_FOUND', 'mine')
    expect(await failureOf(read(server, { refused: () => Promise.resolve(problem) }).bytes)).toBe(problem)
  })

  test('with an abort, also in the pause', async () => {
    const abort = new AbortController()
    const server = await serve(blob([], { cutAfter: 10 }))
    const onProgress = (): void => abort.abort(new Error('enough'))
    const { bytes } = read(server, { retryDelayMs: 60_000 }, { signal: abort.signal, onProgress })
    expect((await failureOf(bytes)).message).toBe('enough')
  })

  test('at once if nothing is left', async () => {
    const server = await serve(blob([]))
    expect((await read(server, { offset: size }).bytes).byteLength).toBe(0)
    expect((await read(server, { size: 0 }).bytes).byteLength).toBe(0)
    expect(server.seen).toEqual([])
  })

  test('releases the connection when the reader leaves', async () => {
    const closed = Promise.withResolvers<undefined>()
    const server = await serve((_request, response) => {
      response.on('close', () => closed.resolve(undefined))
      response.write('x')
    })
    const request: HttpRequest = { method: 'GET', url: server.at('/'), what: 'blob' }
    for await (const chunk of resumableBody(client(), request)) {
      expect(chunk.byteLength).toBe(1)
      break
    }
    await closed.promise
  })
})
