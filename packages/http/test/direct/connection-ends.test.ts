import { describe, expect, test } from 'vitest'
import { failureOf, textOf } from '../harness.ts'
import { fedBody, openWire, turn } from './wire.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const KIB = 1024

describe('uploads', () => {
  test.each([401, 413, 307, 500])('an early %i ends the upload, and the connection with it', async (status) => {
    const wire = openWire()
    const body = fedBody(300)
    const answer = wire.send({ method: 'PUT', body })
    body.give(100)
    await wire.feed(`HTTP/1.1 ${status} Early\r\ncontent-length: 3\r\n\r\nno`)
    body.give(100)
    await turn()
    await wire.feed('!')
    const response = await answer
    expect([response.status, await textOf(response.body)]).toEqual([status, 'no!'])
    body.give(100) // what it waited for comes to nobody
    await turn()
    expect(wire.socket.sent.split('\r\n\r\n')[1]?.length).toBeLessThan(300)
    expect([wire.freed, wire.socket.destroyed, body.closed]).toEqual([[], true, true])
  })

  test('an early success waits for the rest of the upload', async () => {
    const wire = openWire()
    const body = fedBody(300)
    const answer = wire.send({ method: 'PUT', body })
    body.give(100)
    await wire.feed(`${OK}content-length: 2\r\n\r\n`)
    const text = textOf((await answer).body)
    for (let count = 0; count < 2; count += 1) {
      body.give(100)
      await turn()
    }
    await wire.feed('hi')
    expect(await text).toBe('hi')
    expect(wire.socket.sent.split('\r\n\r\n')[1]).toHaveLength(300)
    expect(wire.freed).toEqual([10_000])
  })

  test('one that is whole before all of the request was taken does not keep the connection', async () => {
    const wire = openWire()
    wire.socket.stall()
    const answer = wire.send({ method: 'PUT', body: new Uint8Array(600 * KIB) })
    await wire.feed('HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n')
    expect((await answer).status).toBe(201)
    expect([wire.freed, wire.socket.destroyed]).toEqual([[], true])
  })

  test('the connection ends in the middle of one', async () => {
    const wire = openWire()
    const body = fedBody(300)
    const answer = failureOf(wire.send({ method: 'PUT', body }))
    body.give(100)
    await turn()
    wire.end()
    expect(await answer).toMatchObject({ code: 'UNAVAILABLE' })
    body.give(100)
    await turn()
    expect([wire.socket.destroyed, body.closed]).toEqual([true, true])
  })
})

describe('an abort', () => {
  const reason = new Error('enough')

  test.each([
    ['before anything came', ''],
    ['in the head', `${OK}conte`],
    ['after an interim answer', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('%s', async (_name, text) => {
    const abort = new AbortController()
    const wire = openWire()
    const answer = failureOf(wire.send({ signal: abort.signal }))
    await wire.feed(text)
    abort.abort(reason)
    expect(await answer).toBe(reason)
    await turn()
    expect([wire.freed, wire.socket.destroyed]).toEqual([[], true])
  })

  test.each([
    ['before its first byte', ''],
    ['within it', 'abc'],
  ])('in the body, %s, with a reader that waits or comes later', async (_name, text) => {
    for (const isWaiting of [true, false]) {
      const abort = new AbortController()
      const wire = openWire()
      const answer = wire.send({ signal: abort.signal })
      await wire.feed(`${OK}content-length: 10\r\n\r\n${text}`)
      const iterator = (await answer).body[Symbol.asyncIterator]()
      if (isWaiting && text !== '') await iterator.next()
      const next = isWaiting ? failureOf(iterator.next()) : undefined
      abort.abort(reason)
      expect(await (next ?? failureOf(iterator.next()))).toBe(reason)
      await turn()
      expect(wire.socket.destroyed).toBe(true)
    }
  })

  test('after the end changes nothing', async () => {
    const abort = new AbortController()
    const wire = openWire()
    const answer = wire.send({ signal: abort.signal })
    await wire.feed(`${OK}content-length: 2\r\n\r\nhi`)
    const response = await answer
    abort.abort(reason)
    expect(await textOf(response.body)).toBe('hi')
    expect([wire.freed, wire.connection.usable]).toEqual([[10_000], true])
  })

  test('of an earlier request does not touch the one under way', async () => {
    const abort = new AbortController()
    const wire = openWire()
    const answer = wire.send({ signal: abort.signal })
    await wire.feed(`${OK}content-length: 2\r\n\r\nhi`)
    const earlier = await answer
    const later = wire.send()
    await turn()
    abort.abort(reason)
    await earlier.discard()
    await earlier.body[Symbol.asyncIterator]().return?.()
    await wire.feed(`${OK}content-length: 2\r\n\r\nho`)
    expect(await textOf((await later).body)).toBe('ho')
  })
})
