import { recycle, takeChunk } from '@crossdock/streams'
import { describe, expect, onTestFinished, test } from 'vitest'
import { sendRequest } from '../../src/direct/send-request.ts'
import { createExchange } from '../../src/exchange.ts'
import type { HttpRequest } from '../../src/index.ts'
import { WIRE } from '../../src/network-error.ts'
import { failureOf } from '../harness.ts'
import { turn, WireSocket } from './wire.ts'

const KIB = 1024

interface Sending {
  readonly socket: WireSocket
  /** What the sending said that it waits for, and how many bytes were written by then. */
  readonly waits: string[]
  readonly done: Promise<void>
}

function send(request: Partial<HttpRequest>, socket: WireSocket = new WireSocket()): Sending {
  onTestFinished(() => void socket.destroy())
  const waits: string[] = []
  const exchange = createExchange({
    request: { method: 'GET', url: new URL('http://wire.test/'), what: 'thing', ...request },
    options: { headersTimeoutMs: 1000, idleBodyTimeoutMs: 1000 },
    resolve: () => undefined,
    reject: () => undefined,
  })
  const written = (): number => socket.sent.length - socket.sent.indexOf('\r\n\r\n') - 4
  const watch = {
    forServer: () => void waits.push(`server ${socket.sent === '' ? 'head' : written()}`),
    forBody: () => void waits.push(`body ${written()}`),
  }
  return { socket, waits, done: sendRequest(socket, exchange, { userAgent: 'agent/1', watch }) }
}

describe('the head', () => {
  test.each([
    ['http://wire.test/', 'GET / HTTP/1.1\r\nhost: wire.test\r\n'],
    ['http://wire.test:80/a/b?c=d&e#f', 'GET /a/b?c=d&e HTTP/1.1\r\nhost: wire.test\r\n'],
    ['http://wire.test:5000', 'GET / HTTP/1.1\r\nhost: wire.test:5000\r\n'],
    ['https://user:secret@wire.test:443/', 'GET / HTTP/1.1\r\nhost: wire.test\r\n'],
    ['http://[::1]:5000/?', 'GET / HTTP/1.1\r\nhost: [::1]:5000\r\n'],
    ['http://[::ffff:127.0.0.1]/', 'GET / HTTP/1.1\r\nhost: [::ffff:7f00:1]\r\n'],
    ['http://wire.test/\r\nx: y/ \u00e9', 'GET /x:%20y/%20%C3%A9 HTTP/1.1\r\nhost: wire.test\r\n'],
  ])('of %j', async (url, begin) => {
    const { socket, done } = send({ url: new URL(url) })
    await done
    expect(socket.sent).toBe(`${begin}user-agent: agent/1\r\naccept-encoding: identity\r\n\r\n`)
    expect(socket.sent).not.toMatch(/secret/)
  })

  test('has the headers of the request, and the length of its body', async () => {
    const headers = { accept: 'a/b', range: 'bytes=0-1', x: '\tt\xe9x', 'user-agent': 'other' }
    const { socket, done } = send({ method: 'PUT', headers, body: new Uint8Array([65, 66]) })
    await done
    expect(socket.sent).toBe(
      'PUT / HTTP/1.1\r\nhost: wire.test\r\nuser-agent: other\r\naccept-encoding: identity\r\n' +
        'accept: a/b\r\nrange: bytes=0-1\r\nx: \tt\xe9x\r\ncontent-length: 2\r\n\r\nAB',
    )
    expect(socket.writes).toHaveLength(1)
  })

  test.each([
    { x: 'a\r\ny: b' },
    { x: 'a\nb' },
    { x: 'a\rb' },
    { x: 'a\0b' },
    { x: 'a\x7fb' },
    { x: '\u20ac' },
    { 'x: y\r\nz': 'a' },
    { 'x y': 'a' },
    { '': 'a' },
  ])('with %j is not sent', async (headers) => {
    const { socket, done } = send({ headers: { ...headers } })
    expect(await failureOf(done)).toMatchObject({ code: WIRE.badHeader })
    expect(socket.sent).toBe('')
  })
})

/** A body of the chunks, each given when `next` is called. */
function steppedBody(chunks: readonly Uint8Array[]): { readonly body: HttpRequest['body']; next(): Promise<void> } {
  const steps = [...chunks, undefined].map(() => Promise.withResolvers<void>())
  let step = 0
  return {
    async next() {
      steps[step]?.resolve()
      step += 1
      await turn()
    },
    body: {
      size: chunks.reduce((sum, { byteLength }) => sum + byteLength, 0),
      async *open() {
        for (const [index, chunk] of chunks.entries()) {
          await steps[index]?.promise
          yield chunk
        }
        await steps.at(-1)?.promise
      },
    },
  }
}

describe('a streamed body', () => {
  test('waits for whoever is to blame: the source, the server, and in the end for the answer', async () => {
    const { body, next } = steppedBody([new Uint8Array(10), new Uint8Array(20)])
    const socket = new WireSocket()
    const { waits, done } = send({ method: 'PUT', body }, socket)
    await turn()
    expect(waits).toEqual(['server head', 'body 0'])
    socket.stall()
    await next()
    expect(waits.splice(0)).toEqual(['server head', 'body 0', 'server 0'])
    expect(socket.accept()).toBe(true)
    await turn()
    expect(waits.splice(0)).toEqual(['body 10'])
    await next()
    expect(waits.splice(0)).toEqual(['server 10'])
    // The source ends before the server has taken what there is.
    await next()
    expect(waits.splice(0)).toEqual([])
    socket.accept()
    await done
    expect(waits.at(-1)).toBe('server 30')
  })

  test('of which the next chunk is there already waits for the server alone', async () => {
    const { body, next } = steppedBody([new Uint8Array(10), new Uint8Array(20)])
    const socket = new WireSocket()
    const { waits } = send({ method: 'PUT', body }, socket)
    await turn()
    socket.stall()
    await next()
    await next()
    socket.accept()
    await turn()
    expect(waits).toEqual(['server head', 'body 0', 'server 0', 'server 10'])
  })

  test('is read one chunk ahead, and no further', async () => {
    let given = 0
    const open = async function* (): AsyncGenerator<Uint8Array> {
      for (; given < 10; given += 1) {
        await Promise.resolve()
        yield new Uint8Array(1)
      }
    }
    const socket = new WireSocket()
    socket.stall()
    send({ method: 'PUT', body: { size: 10, open } }, socket)
    await turn()
    expect(given).toBe(0)
    socket.accept() // the head
    await turn()
    expect(given).toBe(1)
    socket.accept()
    await turn()
    expect(given).toBe(2)
  })

  test('goes in pieces of 128 KiB, so that a slow server shows that it takes something', async () => {
    const chunk = new Uint8Array(300 * KIB)
    for (const body of [chunk, { size: chunk.byteLength, open: () => steady([chunk]) }]) {
      const socket = new WireSocket()
      const { waits, done } = send({ method: 'PUT', body }, socket)
      await done
      const pieces = socket.writes.filter((bytes) => bytes > KIB)
      expect(pieces.map((bytes) => Math.round(bytes / KIB))).toEqual([128, 128, 44])
      expect(waits.filter((wait) => wait.startsWith('server')).length).toBeGreaterThanOrEqual(4)
    }
  })

  test('gives its chunks back when they are sent, and not before', async () => {
    const room = takeChunk()
    const { body, next } = steppedBody([room, new Uint8Array(1)])
    const socket = new WireSocket()
    send({ method: 'PUT', body }, socket)
    await turn()
    socket.stall()
    await next()
    for (let piece = 0; piece < 4; piece += 1) {
      const other = takeChunk()
      expect(other.buffer).not.toBe(room.buffer)
      recycle(other)
      socket.accept()
      await turn()
    }
    expect(takeChunk().buffer).toBe(room.buffer)
  })

  test('that fails makes the sending fail', async () => {
    const problem = new Error('no more')
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1)
      await turn()
      throw problem
    }
    expect(await failureOf(send({ method: 'PUT', body: { size: 2, open } }).done)).toBe(problem)
  })

  test('ends with the socket', async () => {
    for (const body of [
      new Uint8Array(1000 * KIB),
      { size: 1000 * KIB, open: () => steady([new Uint8Array(1000 * KIB)]) },
    ]) {
      const socket = new WireSocket()
      socket.stall()
      const { done } = send({ method: 'PUT', body }, socket)
      await turn()
      socket.accept()
      await turn()
      socket.destroy()
      await done
      expect(socket.sent.length).toBeLessThan(400 * KIB)
    }
  })

  test.each([new Uint8Array(0), { size: 0, open: () => steady([]) }, undefined])('of nothing is none', async (body) => {
    const { socket, done } = send({ method: 'POST', body })
    await done
    expect(socket.sent).toMatch(/content-length: 0\r\n\r\n$/)
  })
})

async function* steady(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve()
    yield chunk
  }
}
