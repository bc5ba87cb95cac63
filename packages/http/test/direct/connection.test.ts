import { describe, expect, test } from 'vitest'
import { isStale } from '../../src/direct/stale-connection.ts'
import { bytesOf, failureOf, textOf } from '../harness.ts'
import { answerOf, openWire, turn } from './wire.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const KIB = 1024

describe('a connection', () => {
  test('carries one exchange after the other', async () => {
    const wire = openWire()
    expect(await answerOf(wire, `${OK}content-length: 5\r\n\r\nhello`)).toBe('200 hello')
    expect(await answerOf(wire, `${OK}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`)).toBe('200 abc')
    expect(await answerOf(wire, `${OK}content-length: 5\r\n\r\n`, 'HEAD')).toBe('200 ')
    expect(await answerOf(wire, 'HTTP/1.1 204 No Content\r\n\r\n')).toBe('204 ')
    expect(await answerOf(wire, `\r\n${OK}content-length: 0\r\nkeep-alive: timeout=3\r\n\r\n`)).toBe('200 ')
    expect(wire.freed).toEqual([10_000, 10_000, 10_000, 10_000, 2000])
    expect(await answerOf(wire, `${OK}\r\nuntil the end`.slice(0, -4) + 'end', 'HEAD')).toBe('200 ')
    expect(wire.socket.destroyed).toBe(true)
  })

  test('an answer without a length ends with it', async () => {
    const wire = openWire()
    const answer = wire.send()
    await wire.feed(`${OK}\r\nall of `)
    const text = textOf((await answer).body)
    await wire.feed('it')
    wire.end()
    expect(await text).toBe('all of it')
    expect([wire.freed, wire.socket.destroyed]).toEqual([[], true])
  })

  test.each([
    ['that the server will close', `${OK}connection: close\r\ncontent-length: 2\r\n\r\nhi`],
    ['that the server keeps for too short', `${OK}keep-alive: timeout=1\r\ncontent-length: 2\r\n\r\nhi`],
    ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi'],
    ['with bytes behind the answer', `${OK}content-length: 2\r\n\r\nhi!`],
    ['with an answer that nobody asked for', `${OK}content-length: 2\r\n\r\nhi${OK}content-length: 0\r\n\r\n`],
    ['with bytes behind the last chunk', `${OK}transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n\r\n`],
  ])('%s is not used again', async (_name, text) => {
    for (const cut of [undefined, 1]) {
      const wire = openWire()
      const answer = wire.send()
      const body = answer.then(({ body: bytes }) => textOf(bytes))
      if (cut === undefined) await wire.feed(text)
      else for (const character of text) await wire.feed(character)
      expect(await body).toBe('hi')
      await turn()
      expect(wire.socket.destroyed).toBe(true)
    }
  })

  test.each([1, 70_000, 512 * KIB, 1024 * KIB])(
    'bytes behind a body of %i bytes are seen if they come with its last ones',
    async (size) => {
      const wire = openWire()
      const answer = wire.send()
      await wire.feed(`${OK}content-length: ${size}\r\n\r\n`)
      const body = bytesOf((await answer).body)
      await wire.feed(Buffer.concat([new Uint8Array(size), Buffer.from('x')]))
      expect((await body).byteLength).toBe(size)
      expect([wire.freed, wire.socket.destroyed]).toEqual([[], true])
    },
  )

  test('whatever comes while nobody asked ends it', async () => {
    const wire = openWire()
    await answerOf(wire, `${OK}content-length: 0\r\n\r\n`)
    expect(wire.connection.usable).toBe(true)
    await wire.feed('HTTP/1.1 408 Request Timeout\r\n\r\n')
    expect([wire.connection.usable, wire.socket.destroyed]).toEqual([false, true])
  })

  test('the other side ends it while nobody asked', async () => {
    const wire = openWire()
    await answerOf(wire, `${OK}content-length: 0\r\n\r\n`)
    wire.end()
    await turn()
    expect([wire.connection.usable, wire.socket.destroyed]).toEqual([false, true])
  })

  test('bytes are handed over as they come to a reader who waits', async () => {
    const wire = openWire()
    const answer = wire.send()
    await wire.feed(`${OK}content-length: 1000000\r\n\r\n`)
    const iterator = (await answer).body[Symbol.asyncIterator]()
    for (const text of ['a', 'bc', 'def']) {
      const next = iterator.next()
      await wire.feed(text)
      expect(Buffer.from((await next).value ?? []).toString()).toBe(text)
    }
    await wire.feed('g')
    await turn()
    expect(Buffer.from((await iterator.next()).value ?? []).toString()).toBe('g')
    await iterator.return?.()
  })

  test('a body that comes faster than it can be read leaves turns of the event loop to others', async () => {
    const wire = openWire()
    const answer = wire.send()
    const size = 8 * KIB * KIB
    await wire.feed(`${OK}content-length: ${size}\r\n\r\n`)
    const body = bytesOf((await answer).body)
    let turns = 0
    const counting = (async () => {
      while (!wire.socket.destroyed && wire.freed.length === 0) {
        await turn()
        turns += 1
      }
    })()
    await wire.feed(new Uint8Array(size))
    expect((await body).byteLength).toBe(size)
    await counting
    expect(turns).toBeGreaterThanOrEqual(8)
    expect(turns).toBeLessThan(20)
  })

  test('an answer that is not sound ends it', async () => {
    const wire = openWire()
    const answer = failureOf(wire.send())
    await wire.feed(`${OK}content-length: 1, 2\r\n\r\n`)
    expect(await answer).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(/a wrong length/) })
    expect(wire.socket.destroyed).toBe(true)
  })

  test('what had come is read before what went wrong', async () => {
    const wire = openWire()
    const answer = wire.send()
    await wire.feed(`${OK}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`)
    const iterator = (await answer).body[Symbol.asyncIterator]()
    await wire.feed('2\r\nde')
    await wire.feed('f\r\n')
    expect(Buffer.from((await iterator.next()).value ?? []).toString()).toBe('abcde')
    expect((await failureOf(iterator.next())).message).toMatch(/a chunk that is longer than its size/)
  })
})

describe('the end of the connection', () => {
  test.each([
    ['before the answer', '', /closed by the other side/],
    ['in the head', `${OK}content-`, /closed by the other side/],
    ['after an interim answer', 'HTTP/1.1 103 Early Hints\r\n\r\n', /closed by the other side/],
  ])('%s', async (_name, text, message) => {
    const wire = openWire()
    const answer = failureOf(wire.send())
    await wire.feed(text)
    wire.end()
    expect(await answer).toMatchObject({ message: expect.stringMatching(message) })
    expect(wire.socket.destroyed).toBe(true)
  })

  test.each([`${OK}content-length: 3\r\n\r\nab`, `${OK}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n`])(
    'in the body %j',
    async (text) => {
      const wire = openWire()
      const answer = wire.send()
      await wire.feed(text)
      const { body } = await answer
      wire.end()
      expect((await failureOf(bytesOf(body))).message).toMatch(/the answer ended before all of it came/)
    },
  )

  test('makes a request stale only on a connection that was used, with nothing of an answer', async () => {
    const first = openWire()
    const failure = failureOf(first.send())
    first.end()
    expect(isStale((await failure).cause)).toBe(false)
    for (const [text, stale] of [
      ['', true],
      ['\r\n', true],
      ['HTTP', false],
      ['HTTP/1.1 103 Early Hints\r\n\r\n', false],
    ] as const) {
      const wire = openWire()
      await answerOf(wire, `${OK}content-length: 0\r\n\r\n`)
      const answer = failureOf(wire.send())
      await wire.feed(text)
      wire.end()
      expect([text, isStale((await answer).cause)]).toEqual([text, stale])
    }
  })

  test('does not make one stale that failed otherwise', async () => {
    const wire = openWire({ headersTimeoutMs: 1 })
    await answerOf(wire, `${OK}content-length: 0\r\n\r\n`)
    const late = await failureOf(wire.send())
    expect([late.message, isStale(late.cause)]).toEqual([expect.stringMatching(/no answer/), false])
    const other = openWire()
    await answerOf(other, `${OK}content-length: 0\r\n\r\n`)
    const bad = await failureOf(other.send({ headers: { x: 'a\nb' } }))
    expect([bad.message, isStale(bad.cause)]).toEqual([expect.stringMatching(/none may have/), false])
    expect(other.socket.destroyed).toBe(true)
  })
})
