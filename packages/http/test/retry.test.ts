import { describe, expect, test } from 'vitest'
import { retryAfterMs } from '../src/retry-after.ts'
import { createHeaders } from '../src/headers.ts'
import { failureText, type HttpResponse } from '../src/index.ts'
import { client, failureOf, serve, textOf, type Script } from './harness.ts'

/** Answers with the statuses in turn, then with 200. */
function statuses(list: readonly number[], headers: Record<string, string> = {}): Script {
  return (_request, response, count) => {
    const status = list[count - 1] ?? 200
    response.writeHead(status, status === 200 ? {} : headers).end(status === 200 ? 'ok' : '<html>sorry</html>')
  }
}

function broken(): void {
  throw new Error('listener')
}

describe('retry', () => {
  test.each([408, 429, 500, 502, 503, 504, 522])('a GET is sent again after %i', async (status) => {
    const server = await serve(statuses([status, status]))
    const http = client()
    const response = await http.get(server.at('/'))
    expect([response.status, response.attempts, await textOf(response.body)]).toEqual([200, 3, 'ok'])
    expect(http.clock.delays).toEqual([500, 1500])
    expect(http.events).toMatchObject([
      {
        type: 'retry',
        what: 'thing',
        attempt: 1,
        attempts: 4,
        delayMs: 500,
        code: status === 429 ? 'RATE_LIMITED' : 'UNAVAILABLE',
      },
      { type: 'retry', attempt: 2, delayMs: 1500 },
    ])
  })

  test.each([400, 403, 404, 405, 416, 501])('not after %i', async (status) => {
    const server = await serve(statuses([status]))
    expect(await client().get(server.at('/'))).toMatchObject({ status, attempts: 1 })
  })

  test('the last answer is handed back with its count, and that asking on is of no use', async () => {
    const server = await serve(statuses(Array.from({ length: 9 }, () => 500)))
    const http = client()
    expect(await http.get(server.at('/'))).toMatchObject({ status: 500, attempts: 4, exhausted: true })
    expect(server.seen).toHaveLength(4)
    expect(http.clock.delays).toEqual([500, 1500, 4500])
  })

  test('a failure of the network names the count, and is not to be tried on', async () => {
    const server = await serve((request) => void request.socket.resetAndDestroy())
    const error = await failureOf(client().get(server.at('/')))
    expect(error.message).toMatch(/\(after 4 attempts\)$/)
    expect(error.retryable).toBe(false)
    expect(server.seen).toHaveLength(4)
  })

  test('one attempt alone leaves it to the caller to try again', async () => {
    const failing = await serve(statuses([500]))
    const http = client({ maxAttempts: 1 })
    expect(await http.get(failing.at('/'))).toMatchObject({ status: 500, attempts: 1, exhausted: false })
    const cut = await serve((request) => void request.socket.resetAndDestroy())
    expect(await failureOf(http.get(cut.at('/')))).toMatchObject({ retryable: true })
  })

  test('a reset before the answer is survived', async () => {
    const server = await serve((request, response, count) => {
      if (count === 1) request.socket.resetAndDestroy()
      else response.end('ok')
    })
    expect(await textOf((await client().get(server.at('/'))).body)).toBe('ok')
  })

  test('other methods are not sent again by themselves', async () => {
    const server = await serve(statuses([503]))
    expect(await client().get(server.at('/'), { method: 'POST' })).toMatchObject({ status: 503 })
    const cut = await serve((request) => void request.socket.resetAndDestroy())
    await failureOf(client().get(cut.at('/'), { method: 'PATCH', body: Buffer.from('x') }))
    expect(cut.seen).toHaveLength(1)
  })

  test('unless they are idempotent, or 429 says that nothing was done, or nothing was sent', async () => {
    const server = await serve(statuses([503]))
    expect(await client().get(server.at('/'), { method: 'PUT', idempotent: true })).toMatchObject({ status: 200 })
    const limited = await serve(statuses([429]))
    expect(await client().get(limited.at('/'), { method: 'POST' })).toMatchObject({ status: 200 })
    const closed = await serve(() => undefined)
    await closed.close()
    expect((await failureOf(client().get(closed.at('/'), { method: 'POST' }))).message).toMatch(
      /refused.*\(after 4 attempts\)/,
    )
  })

  test('a body is opened anew each time', async () => {
    const bodies: string[] = []
    const server = await serve(async (request, response, count) => {
      bodies.push(await textOf(request))
      response.writeHead(count === 1 ? 429 : 201).end()
    })
    let opened = 0
    const body = {
      size: 3,
      async *open() {
        opened += 1
        await Promise.resolve()
        yield Buffer.from('abc')
      },
    }
    expect(await client().get(server.at('/'), { method: 'PATCH', body })).toMatchObject({ status: 201 })
    expect(bodies).toEqual(['abc', 'abc'])
    expect(opened).toBe(2)
  })

  test('jitter shortens the pause by up to half', async () => {
    const server = await serve(statuses([500]))
    const http = client({ random: () => 0 })
    await http.get(server.at('/'))
    expect(http.clock.delays).toEqual([250])
  })

  test('Retry-After is kept, in seconds and as a date', async () => {
    for (const value of ['7', 'Thu, 01 Jan 2026 00:00:07 GMT']) {
      const server = await serve(statuses([429], { 'retry-after': value }))
      const http = client()
      await http.get(server.at('/'))
      expect(http.clock.delays).toEqual([7000])
    }
  })

  test.each([
    ['99999999', [60_000], 2],
    ['30', [30_000, 30_000], 3],
    ['25', [25_000, 25_000, 10_000], 4],
    ['1', [1000, 1500, 4500], 4],
  ])('%s s, again and again, is waited for a minute in all at most', async (value, delays, requests) => {
    const server = await serve(statuses([429, 429, 429, 429, 429], { 'retry-after': value }))
    const http = client()
    const response = await http.get(server.at('/'))
    expect(response).toMatchObject({ status: 429, attempts: requests, exhausted: true })
    expect(http.clock.delays).toEqual(delays)
    expect(server.seen).toHaveLength(requests)
    expect(await failureText(response)).toContain(`the server asks to wait ${value} s`)
  })

  test('a huge one is cut, and said', async () => {
    const server = await serve(statuses([429], { 'retry-after': '99999999' }))
    const http = client()
    await http.get(server.at('/'))
    expect(http.clock.delays).toEqual([60_000])
    expect(http.events[0]).toEqual({
      type: 'note',
      level: 'warning',
      message: `${server.host} asks to wait 99999999 s; trying again after 60 s`,
    })
  })

  test.each(['-5', 'soon', '', '1e9', 'Thu, 01 Jan 1970 00:00:00 GMT'])(
    'the senseless %j makes no hot loop',
    async (value) => {
      const server = await serve(statuses([429], { 'retry-after': value }))
      const http = client()
      await http.get(server.at('/'))
      expect(http.clock.delays).toEqual([500])
    },
  )

  test('never after an abort', async () => {
    const abort = new AbortController()
    const server = await serve((_request, response) => {
      response.writeHead(503).end()
      abort.abort(new Error('enough'))
    })
    expect((await failureOf(client().get(server.at('/'), { signal: abort.signal }))).message).toBe('enough')
    expect(server.seen).toHaveLength(1)
  })

  test('the pause ends with an abort', async () => {
    const abort = new AbortController()
    const server = await serve(statuses([503], { 'retry-after': '50' }))
    const { delay } = await import('@crossdock/streams')
    const http = client({ clock: { now: () => Date.now(), delay } })
    const request = http.get(server.at('/'), {
      signal: abort.signal,
      onProgress: () => abort.abort(new Error('enough')),
    })
    expect((await failureOf(request)).message).toBe('enough')
  })

  test('a listener that throws does not disturb', async () => {
    const server = await serve(statuses([503]))
    expect(await client().get(server.at('/'), { onProgress: broken })).toMatchObject({ status: 200 })
  })

  test('the pause belongs to the host: parallel requests wait as well, and failing together counts once', async () => {
    const server = await serve(statuses([503, 503, 503, 503, 503]))
    const http = client()
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) => http.get(server.at(`/${index}`), { anonymous: true })),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(Math.max(...http.clock.delays)).toBeLessThanOrEqual(1500)
    expect(server.seen).toHaveLength(10)
  })

  test('another host is not held up', async () => {
    const busy = await serve(statuses([429], { 'retry-after': '30' }))
    const idle = await serve(statuses([]))
    const http = client()
    await http.get(busy.at('/'))
    const before = http.clock.delays.length
    await http.get(idle.at('/'))
    expect(http.clock.delays).toHaveLength(before)
  })
})

test.each([
  ['0', 0],
  ['1.5', 1500],
  [' 3 ', 3000],
  [undefined, undefined],
  ['Friday, 2 January', undefined],
])('Retry-After %j', (value, expected) => {
  const headers = createHeaders(value === undefined ? [] : ['Retry-After', value])
  const response: HttpResponse = {
    status: 429,
    headers,
    url: new URL('http://x/'),
    body: noBody(),
    discard: () => Promise.resolve(),
  }
  expect(retryAfterMs(response, 0)).toBe(expected)
})

async function* noBody(): AsyncGenerator<Uint8Array> {
  // nothing
}
