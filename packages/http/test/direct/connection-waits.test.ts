import { afterEach, describe, expect, test, vi } from 'vitest'
import { bytesOf, failureOf, textOf } from '../harness.ts'
import { answerOf, fedBody, openWire, turn, type Wire } from './wire.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const KIB = 1024

function openTimed(): Wire {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  return openWire({ headersTimeoutMs: 1000, idleBodyTimeoutMs: 2000 })
}

/** Time passes, and what it brings happens. */
async function pass(ms: number): Promise<void> {
  await turn()
  vi.advanceTimersByTime(ms)
  await turn()
}

describe('a slow reader', () => {
  test('holds the server up, with little in memory, and loses nothing', async () => {
    const size = 8 * 1024 * KIB
    const wire = openWire()
    const answer = wire.send()
    await wire.feed(`${OK}content-length: ${size}\r\n\r\n`)
    const { body } = await answer
    let fed = 0
    const feeding = (async () => {
      for (; fed < size; fed += 64 * KIB) await wire.feed(new Uint8Array(64 * KIB).fill(fed / (64 * KIB)))
    })()
    for (let round = 0; round < 200; round += 1) await turn()
    expect(wire.socket.reading).toBe(false)
    expect(fed).toBeLessThanOrEqual(1600 * KIB)
    const bytes = await bytesOf(body)
    await feeding
    expect(bytes.byteLength).toBe(size)
    for (let at = 0; at < size; at += 64 * KIB - 1) expect(bytes[at]).toBe(Math.floor(at / (64 * KIB)) % 256)
    expect([wire.freed, wire.socket.reading]).toEqual([[10_000], true])
  })

  test('that leaves ends the connection, and so does one that drops a long rest', async () => {
    for (const isLeft of [true, false]) {
      const wire = openWire()
      const answer = wire.send()
      await wire.feed(`${OK}content-length: 10000000\r\n\r\n`)
      const response = await answer
      await wire.feed(new Uint8Array(2000 * KIB).subarray(0, 1024 * KIB))
      if (isLeft) await response.body[Symbol.asyncIterator]().return?.()
      else {
        await response.discard()
        await wire.feed(new Uint8Array(100 * KIB))
        await turn()
      }
      expect(wire.socket.destroyed).toBe(true)
    }
  })

  test('a short rest is dropped, and the connection used again', async () => {
    const wire = openWire()
    const answer = wire.send()
    await wire.feed(`${OK}content-length: 60000\r\n\r\nx`)
    await (await answer).discard()
    await wire.feed(new Uint8Array(59_999))
    expect(wire.freed).toEqual([10_000])
    expect(await answerOf(wire, `${OK}content-length: 2\r\n\r\nhi`)).toBe('200 hi')
  })

  test('an answer that comes whole with the end of a drained rest does not bring the connection back', async () => {
    const wire = openWire()
    const answer = wire.send()
    await wire.feed(`${OK}content-length: 200000\r\n\r\n`)
    await (await answer).discard()
    await wire.feed(new Uint8Array(200_000))
    expect([wire.freed, wire.socket.destroyed]).toEqual([[], true])
  })
})

describe('time-outs', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('the answer has to begin in time, and its head to end in time', async () => {
    for (const text of ['', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 103 Early Hints\r\n\r\n']) {
      const wire = openTimed()
      const answer = failureOf(wire.send())
      await pass(999)
      await wire.feed(text)
      expect(wire.socket.destroyed).toBe(false)
      await pass(1)
      expect((await answer).message).toMatch(/no answer for 1 s/)
      expect(wire.socket.destroyed).toBe(true)
    }
  })

  test('the body may pause for less, any number of times', async () => {
    const wire = openTimed()
    const answer = wire.send()
    await wire.feed(`${OK}content-length: 100\r\n\r\n`)
    const body = failureOf(bytesOf((await answer).body))
    for (let count = 0; count < 5; count += 1) {
      await pass(1999)
      await wire.feed('x')
    }
    expect(wire.socket.destroyed).toBe(false)
    await pass(2000)
    expect((await body).message).toMatch(/nothing more came for 2 s/)
    expect(wire.socket.destroyed).toBe(true)
  })

  test('a reader that takes its time is no silence of the server', async () => {
    const wire = openTimed()
    const answer = wire.send()
    await wire.feed(`${OK}content-length: ${3072 * KIB}\r\n\r\n`)
    const { body } = await answer
    const feeding = wire.feed(new Uint8Array(3072 * KIB))
    await pass(100_000)
    expect([wire.socket.reading, wire.socket.destroyed]).toEqual([false, false])
    const [bytes] = await Promise.all([bytesOf(body), feeding])
    expect(bytes.byteLength).toBe(3072 * KIB)
  })

  test('the wait goes on when the reader does', async () => {
    const wire = openTimed()
    const answer = wire.send()
    await wire.feed(`${OK}content-length: 10000000\r\n\r\n`)
    const { body } = await answer
    void wire.feed(new Uint8Array(1536 * KIB))
    await pass(100_000)
    const read = failureOf(bytesOf(body))
    await pass(1999)
    expect(wire.socket.destroyed).toBe(false)
    await pass(1)
    expect((await read).message).toMatch(/nothing more came/)
  })

  test('a source that is silent, before its first bytes or later, is not the server', async () => {
    const wire = openTimed()
    const body = fedBody(300)
    const answer = wire.send({ method: 'PUT', body })
    await pass(10_000)
    for (let count = 0; count < 3; count += 1) {
      body.give(100)
      await pass(count === 2 ? 999 : 10_000)
    }
    expect(wire.socket.destroyed).toBe(false)
    expect(wire.socket.sent).toMatch(/content-length: 300/)
    const failure = failureOf(answer)
    await pass(1)
    expect((await failure).message).toMatch(/no answer for 1 s/)
    expect(body.closed).toBe(true)
  })

  test('a server that takes something in time is waited for, one that does not is not', async () => {
    for (const kind of ['whole', 'streamed'] as const) {
      const wire = openTimed()
      wire.socket.stall()
      const bytes = new Uint8Array(600 * KIB)
      const body =
        kind === 'whole'
          ? bytes
          : {
              size: bytes.byteLength,
              open: async function* () {
                await turn()
                yield bytes
              },
            }
      const answer = failureOf(wire.send({ method: 'PUT', body }))
      for (let count = 0; count < 4; count += 1) {
        await pass(999)
        expect([kind, wire.socket.accept(), wire.socket.destroyed]).toEqual([kind, true, false])
      }
      await pass(1000)
      expect((await answer).message).toMatch(/no answer for 1 s/)
    }
  })

  test('from the last byte on, the answer has its time', async () => {
    const wire = openTimed()
    wire.socket.stall()
    const body = fedBody(200)
    const answer = failureOf(wire.send({ method: 'PUT', body }))
    await turn()
    wire.socket.accept()
    await turn()
    body.give(200)
    // The source has ended before the server took the last bytes.
    await pass(900)
    expect(wire.socket.accept()).toBe(true)
    await pass(999)
    expect(wire.socket.destroyed).toBe(false)
    await pass(1)
    expect((await answer).message).toMatch(/no answer for 1 s/)
  })

  test('an answer that begins early may go on late, while the request is taken', async () => {
    const wire = openTimed()
    wire.socket.stall()
    const answer = wire.send({ method: 'PUT', body: new Uint8Array(600 * KIB) })
    await turn()
    await wire.feed(`${OK}content-length: 2\r\n\r\n`)
    const text = textOf((await answer).body)
    for (let count = 0; count < 4; count += 1) {
      await pass(1500)
      expect(wire.socket.accept()).toBe(true)
    }
    await wire.feed('hi')
    expect(await text).toBe('hi')
  })

  test('none is left behind', async () => {
    const wire = openTimed()
    await answerOf(wire, `${OK}content-length: 2\r\n\r\nhi`)
    expect(vi.getTimerCount()).toBe(0)
    const answer = failureOf(wire.send())
    wire.end()
    await answer
    expect(vi.getTimerCount()).toBe(0)
  })
})
