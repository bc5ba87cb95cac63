import { CHUNK_BYTES, recycle, takeChunk } from '@crossdock/streams'
import { describe, expect, test, vi } from 'vitest'
import { readTar } from '../../src/index.ts'
import { noise, pieces, readAll, rejection, text } from '../bodies.ts'
import { pax, rawMember, rawTar } from '../raw-tar.ts'

const abc = rawTar(
  rawMember({ name: 'a' }, 'one'),
  rawMember({ name: 'b' }, noise(5000)),
  rawMember({ name: 'c' }, 'three'),
)

/** A body that records how far it was read and whether it was closed. */
function tracked(all: Uint8Array, size: number): AsyncIterable<Uint8Array> & { pulled: number; closed: boolean } {
  return {
    pulled: 0,
    closed: false,
    async *[Symbol.asyncIterator]() {
      try {
        for await (const piece of pieces(all, size)) {
          this.pulled += 1
          yield piece
        }
      } finally {
        await new Promise(setImmediate)
        this.closed = true
      }
    },
  }
}

/** A body that does not go on. */
async function* silent(): AsyncGenerator<Uint8Array> {
  yield abc.subarray(0, 100)
  await new Promise(() => undefined)
}

describe('readTar', () => {
  test('passes over what is not read, in whole or in part', async () => {
    const names: string[] = []
    for await (const { entry, content } of readTar(pieces(abc, 300))) {
      names.push(entry.path)
      if (entry.path !== 'b') continue
      for await (const chunk of content) {
        expect(chunk.byteLength).toBeGreaterThan(0)
        break
      }
    }
    expect(names).toStrictEqual(['a', 'b', 'c'])
  })

  test('says what has arrived of a member whose content is asked for at once', async () => {
    const arrived = async (size: number): Promise<readonly (string | undefined)[]> => {
      const found: (string | undefined)[] = []
      for await (const member of readTar(pieces(abc, size))) {
        const bytes = member.arrived()
        found.push(bytes && text(bytes.subarray(0, 5)))
        expect((await readAll(member.content)).byteLength).toBe(member.entry.size)
      }
      return found
    }
    const b = text(noise(5))
    expect(await arrived(abc.byteLength)).toStrictEqual(['one', b, 'three'])
    expect(await arrived(1024)).toStrictEqual(['one', undefined, undefined])
    expect(await arrived(512)).toStrictEqual([undefined, undefined, undefined])
  })

  test('reads no more than is asked for', async () => {
    const body = tracked(abc, 512)
    const members = readTar(body)
    await members.next()
    expect(body.pulled).toBe(1)
    await members.next()
    expect(body.pulled).toBe(3)
    await members.return(undefined)
    expect(body.closed).toBe(true)
  })

  test('reads to the end of the body, so that it can be verified', async () => {
    const body = tracked(Buffer.concat([abc, Buffer.alloc(10_000, 'x')]), 512)
    for await (const { entry } of readTar(body)) expect(entry.size).toBeGreaterThan(0)
    expect(body.pulled).toBe(Math.ceil((abc.byteLength + 10_000) / 512))
  })

  test('content cannot be read twice, or behind the next member', async () => {
    const members = readTar(pieces(abc, 300))
    const first = (await members.next()).value?.content
    expect(text(await readAll(first))).toBe('one')
    expect(await rejection(readAll(first))).toMatchObject({ code: 'CONFLICT' })
    const second = (await members.next()).value?.content
    const reading = second[Symbol.asyncIterator]()
    await reading.next()
    await members.next()
    expect(await rejection(reading.next())).toMatchObject({ code: 'CONFLICT' })
    await members.return(undefined)
  })

  test('an abort ends a wait at once, with its reason', async () => {
    const stop = new AbortController()
    const next = readTar(silent(), { signal: stop.signal }).next()
    const reason = new Error('enough')
    setImmediate(() => stop.abort(reason))
    expect(await rejection(next)).toBe(reason)
  })

  test('an abort between members ends the loop and closes the body', async () => {
    const stop = new AbortController()
    const body = tracked(abc, 100)
    const members = readTar(body, { signal: stop.signal })
    await members.next()
    stop.abort(new Error('enough'))
    expect(await rejection(members.next())).toBe(stop.signal.reason)
    await vi.waitFor(() => expect(body.closed).toBe(true))
  })

  test('what the body throws comes through', async () => {
    const broken = new Error('broken')
    async function* body(): AsyncGenerator<Uint8Array> {
      yield abc.subarray(0, 700)
      throw broken
    }
    async function read(): Promise<void> {
      for await (const { content } of readTar(body())) await readAll(content)
    }
    expect(await rejection(read())).toBe(broken)
  })

  test.each([CHUNK_BYTES, 700])(
    'whoever gives a chunk back does not disturb what was read (%i bytes)',
    async (size) => {
      const names = Array.from({ length: 300 }, (_, at) => `${'n'.repeat(at * 10)}${at}`)
      const many = rawTar(
        ...names.flatMap((path) => [pax({ path }), rawMember({ name: 'n' }, `content of ${path}`.padEnd(2000))]),
      )
      // Memory of the pool: what is given back is soon written to again.
      async function* pooled(): AsyncGenerator<Uint8Array> {
        for (let position = 0; position < many.byteLength; position += size) {
          const chunk = takeChunk()
          yield chunk.subarray(0, many.copy(chunk, 0, position, position + size))
        }
      }
      const read: string[] = []
      for await (const { entry, content } of readTar(pooled())) {
        let found = ''
        for await (const chunk of content) {
          found += text(chunk)
          recycle(chunk)
          if (size === CHUNK_BYTES) takeChunk().fill(0xff)
        }
        expect(found.trim()).toBe(`content of ${entry.path}`)
        read.push(entry.path)
      }
      expect(read).toStrictEqual(names)
    },
  )
})
