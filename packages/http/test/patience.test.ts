import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createPatience } from '../src/patience.ts'
import { type BodyWatch, watchBody } from '../src/watched-body.ts'
import { bytesOf, client, failureOf, serve, textOf, type Script } from './harness.ts'

const silent: Script = () => undefined
const silentInBody: Script = (_request, response) => void response.writeHead(200, { 'content-length': 9 }).write('abc')

describe('patience', () => {
  test('is a quarter after a time-out, until something comes', () => {
    const patience = createPatience()
    const first = patience.begin('a', 60_000)
    expect([first.shortenedMs, first.timedOut()]).toEqual([undefined, true])
    const second = patience.begin('a', 60_000)
    expect([second.shortenedMs, second.timedOut()]).toEqual([15_000, false])
    expect(patience.begin('b', 60_000).shortenedMs).toBeUndefined()
    second.heard()
    const third = patience.begin('a', 60_000)
    expect([third.shortenedMs, third.timedOut()]).toEqual([undefined, true])
  })

  test('is lost once by what is waited for at the same time', () => {
    const patience = createPatience()
    const parts = [patience.begin('a', 60_000), patience.begin('a', 60_000), patience.begin('a', 60_000)]
    expect(parts.map((part) => part.timedOut())).toEqual([true, true, true])
    expect(patience.begin('a', 60_000).timedOut()).toBe(false)
  })

  test('is never less than a second, or than what it was', () => {
    const patience = createPatience()
    patience.begin('a', 1).timedOut()
    expect([3000, 200].map((fullMs) => patience.begin('a', fullMs).shortenedMs)).toEqual([1000, 200])
  })

  test('remembers no more than it has to', () => {
    const patience = createPatience()
    for (let thing = 0; thing < 5000; thing += 1) patience.begin(String(thing), 4000).timedOut()
    expect(['4000', '3999'].map((thing) => patience.begin(thing, 4000).shortenedMs)).toEqual([1000, undefined])
  })
})

describe('a server that is silent', () => {
  test.each([
    ['before its answer', silent, /time-out: no answer for 200 ms \(after 2 attempts\)$/],
    ['in a document', silentInBody, /time-out: nothing more came for 200 ms \(after 2 attempts\)$/],
  ])('%s is asked once more, and not again', async (_name, script, message) => {
    const server = await serve(script)
    const http = client({ headersTimeoutMs: 200, idleBodyTimeoutMs: 200 })
    const error = await failureOf(http.get(server.at('/'), { wholeUpToBytes: 1000 }))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: false })
    expect(error.message).toMatch(message)
    expect(server.seen).toHaveLength(2)
  })

  test('is heard if it is only the first time', async () => {
    const server = await serve((_request, response, count) => {
      if (count === 1) return
      if (count === 2) response.writeHead(200, { 'content-length': 9 }).write('abc')
      else response.end('in the end')
    })
    const http = client({ headersTimeoutMs: 200, idleBodyTimeoutMs: 200 })
    const response = await http.get(server.at('/'), { wholeUpToBytes: 1000 })
    expect([response.attempts, await textOf(response.body)]).toEqual([3, 'in the end'])
  })

  test('to an upload is tried by the caller, the second time for the last time', async () => {
    const server = await serve(silent)
    const http = client({ headersTimeoutMs: 200 })
    const put = { method: 'PUT', body: Buffer.from('x') } as const
    expect(await failureOf(http.get(server.at('/1'), put))).toMatchObject({ retryable: true })
    expect(await failureOf(http.get(server.at('/2'), put))).toMatchObject({ retryable: false })
    expect(await failureOf(http.get(server.at('/3'), { ...put, what: 'another thing' }))).toMatchObject({
      retryable: true,
    })
  })

  test('is given up sooner the second time', async () => {
    const server = await serve(silent)
    const http = client({ headersTimeoutMs: 1200 })
    await failureOf(http.get(server.at('/'), { method: 'PUT' }))
    const began = performance.now()
    expect((await failureOf(http.get(server.at('/'), { method: 'PUT' }))).message).toMatch(/no answer for 1 s/)
    expect(performance.now() - began).toBeLessThan(1190)
  })

  test('has the shorter time from the last piece that it was sent', async () => {
    const server = await serve((request, response, count) => {
      request.resume()
      if (count > 1) request.on('end', () => void response.end('ok'))
    })
    const http = client({ headersTimeoutMs: 1000 })
    await failureOf(http.get(server.at('/'), { method: 'PUT' }))
    const body = { size: 3, open: pieces }
    expect((await http.get(server.at('/'), { method: 'PUT', body })).status).toBe(200)
  })
})

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (const piece of ['a', 'b', 'c']) {
    await wait(400)
    yield Buffer.from(piece)
  }
}

const half: Script = (_request, response, count) => {
  response.writeHead(200, { 'content-length': 10 })
  if (count < 3) response.write('01234', () => response.socket?.destroySoon())
  else response.end('0123456789')
}

describe('a document', () => {
  test('that breaks off is asked for again', async () => {
    const server = await serve(half)
    const response = await client().get(server.at('/'), { wholeUpToBytes: 10 })
    expect([response.attempts, await textOf(response.body)]).toEqual([3, '0123456789'])
  })

  test('breaks off for its reader if it is not wanted whole', async () => {
    const server = await serve(half)
    const { body } = await client().get(server.at('/'))
    await expect(textOf(body)).rejects.toThrow(/ended before all of it came|closed/)
  })

  test('that is larger comes whole nevertheless', async () => {
    const content = Buffer.alloc(3_000_000, 'x')
    const server = await serve((_request, response) => void response.end(content))
    const response = await client().get(server.at('/'), { wholeUpToBytes: 100_000 })
    expect((await bytesOf(response.body)).equals(content)).toBe(true)
    const left = await client().get(server.at('/'), { wholeUpToBytes: 100_000 })
    await left.discard()
    for await (const _ of (await client().get(server.at('/'), { wholeUpToBytes: 100_000 })).body) break
  })

  test('of a refusal is not read ahead', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(404)
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    })
    const response = await client().get(server.at('/'), { wholeUpToBytes: Number.POSITIVE_INFINITY })
    expect(response.status).toBe(404)
    await response.discard()
  })
})

async function* drip(piece: Uint8Array, everyMs: number, count = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < count; sent += 1) {
    await wait(everyMs)
    yield piece
  }
}

function watched(body: AsyncIterable<Uint8Array>, options: Partial<BodyWatch> = {}): AsyncIterable<Uint8Array> {
  return watchBody(body, {
    idleMs: 200,
    shortenedMs: undefined,
    tooLong: (reason, silentMs) => new Error(`${reason.message} ${silentMs}`),
    failed: (error) => error,
    alive: () => undefined,
    ...options,
  })
}

describe('a body', () => {
  test('that drips is silent', async () => {
    const body = watched(drip(Buffer.from('x'), 30))
    await expect(bytesOf(body)).rejects.toThrow('WIRE_TOO_SLOW 200')
    const sooner = watched(drip(Buffer.from('x'), 30), { idleMs: 60_000, shortenedMs: 200 })
    await expect(bytesOf(sooner)).rejects.toThrow('WIRE_TOO_SLOW')
  })

  test('that is slow is not', async () => {
    expect(await bytesOf(watched(drip(Buffer.alloc(50), 60, 8)))).toHaveLength(400)
  })

  test('is not slow because its reader is', async () => {
    const read: number[] = []
    for await (const { byteLength } of watched(drip(Buffer.from('x'), 0, 4))) {
      read.push(byteLength)
      await wait(80)
    }
    expect(read).toEqual([1, 1, 1, 1])
  })

  test('may be silent for the shortened time, and is left then', async () => {
    let left = false
    const body: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: () => {
          left = true
          return Promise.resolve({ done: true, value: undefined })
        },
      }),
    }
    await expect(bytesOf(watched(body, { shortenedMs: 20 }))).rejects.toThrow('WIRE_BODY_TIMEOUT 20')
    expect(left).toBe(true)
  })

  test('pays for its time-out with 8 MiB, or its end', async () => {
    const seen: string[] = []
    const alive = (): void => void seen.push('alive')
    for await (const _ of watched(drip(Buffer.alloc(3 * 1024 * 1024), 0, 3), { alive })) seen.push('piece')
    expect(seen).toEqual(['piece', 'piece', 'alive', 'piece', 'alive'])
  })
})
