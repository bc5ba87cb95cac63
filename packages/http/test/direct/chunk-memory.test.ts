import { createHash } from 'node:crypto'
import { CHUNK_BYTES, recycle } from '@crossdock/streams'
import { describe, expect, test } from 'vitest'
import type { HttpBody } from '../../src/index.ts'
import { bytesOf, client, serve, type TestServer } from '../harness.ts'
import { turn } from './wire.ts'

const KIB = 1024

/** Bytes that are other ones for each seed and place. */
function contentOf(seed: number, size: number): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4))
  let state = seed * 2_654_435_761 + 1
  for (let index = 0; index < words.length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    words[index] = state
  }
  return Buffer.from(words.buffer, 0, size)
}

/** Sizes round every limit there is, and others. */
const sizes = [
  0,
  1,
  5000,
  16 * KIB,
  64 * KIB,
  64 * KIB + 1,
  200_000,
  CHUNK_BYTES - 1,
  CHUNK_BYTES,
  CHUNK_BYTES + 1,
].concat([2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 64 * KIB, 2_345_678])

/** Sends the content of the size number `n` at `/n?framing`, in writes of all sizes. */
function contents(): Promise<TestServer> {
  return serve(async (request, response) => {
    const { pathname, search } = new URL(request.url ?? '', 'http://x')
    const index = Number(pathname.slice(1))
    const content = contentOf(index, sizes[index % sizes.length] ?? 0)
    if (search === '?length') response.setHeader('content-length', content.byteLength)
    if (search === '?close') {
      response.setHeader('connection', 'close')
      response.useChunkedEncodingByDefault = false
    }
    for (let at = 0, step = 1; at < content.byteLength; at += step) {
      step = 1 + ((index * 7919 + at) % 100_000)
      response.write(content.subarray(at, at + step))
      if (step % 3 === 0) await turn()
    }
    response.end()
  })
}

interface Reader {
  take(chunk: Uint8Array): void
  /** What is wrong, after everything else has been read. */
  verdict(content: Buffer): boolean
}

function keeping(): Reader {
  const chunks: Uint8Array[] = []
  return {
    take: (chunk) => void chunks.push(chunk),
    verdict: (content) => Buffer.concat(chunks).equals(content),
  }
}

function givingBack(): Reader {
  const hash = createHash('sha256')
  return {
    take(chunk) {
      hash.update(chunk)
      // Whoever reads it now reads something wrong.
      chunk.fill(0)
      recycle(chunk)
    },
    verdict: (content) => hash.digest('hex') === createHash('sha256').update(content).digest('hex'),
  }
}

describe('bodies that are read at once', () => {
  test.each([
    ['and kept never change', () => keeping()],
    ['and given back are right', () => givingBack()],
    ['by readers of both kinds disturb nobody', (index: number) => (index % 2 === 0 ? keeping() : givingBack())],
  ])('%s', async (_name, readerFor) => {
    const server = await contents()
    const http = client({ requestsPerHost: 64 })
    const read = async (index: number): Promise<Reader> => {
      const framing = ['length', 'chunked', 'close'][index % 3]
      const { body } = await http.get(server.at(`/${index}?${framing}`))
      const reader = readerFor(index)
      let count = 0
      for await (const chunk of body) {
        reader.take(chunk)
        count += 1
        if ((index + count) % 4 === 0) await turn()
      }
      return reader
    }
    const readers = await Promise.all(Array.from({ length: 3 * sizes.length }, (_, index) => read(index)))
    const wrong = readers.flatMap((reader, index) => {
      const size = sizes[index % sizes.length] ?? 0
      return reader.verdict(contentOf(index, size)) ? [] : [`${size} bytes`]
    })
    expect(wrong).toEqual([])
  })

  test('pass from one request into another as they are', async () => {
    const server = await serve(async (request, response) => {
      if (request.method === 'GET') response.end(contentOf(Number(request.url?.slice(1)), 2_345_678))
      else
        response.end(
          createHash('sha256')
            .update(await bytesOf(request))
            .digest('hex'),
        )
    })
    const http = client({ requestsPerHost: 64 })
    const pass = async (index: number): Promise<string> => {
      const body: HttpBody = {
        size: 2_345_678,
        async *open() {
          yield* (await http.get(server.at(`/${index}`))).body
        },
      }
      const answer = await http.get(server.at('/'), { method: 'PUT', body })
      return (await bytesOf(answer.body)).toString()
    }
    const digests = await Promise.all(Array.from({ length: 12 }, (_, index) => pass(index)))
    expect(digests).toEqual(
      digests.map((_, index) => createHash('sha256').update(contentOf(index, 2_345_678)).digest('hex')),
    )
  })

  test('and left, dropped or failed do no harm to others', async () => {
    const server = await contents()
    const http = client({ requestsPerHost: 64 })
    const spoil = async (index: number): Promise<void> => {
      const abort = new AbortController()
      const response = await http.get(server.at(`/${index}?length`), { signal: abort.signal })
      const iterator = response.body[Symbol.asyncIterator]()
      if (index % 2 === 0) await iterator.next()
      if (index % 3 === 0) await response.discard()
      else if (index % 3 === 1) await iterator.return?.()
      else abort.abort()
    }
    const read = async (index: number): Promise<boolean> => {
      const reader = givingBack()
      for await (const chunk of (await http.get(server.at(`/${index}?length`))).body) reader.take(chunk)
      return reader.verdict(contentOf(index, sizes[index % sizes.length] ?? 0))
    }
    const all = Array.from({ length: 2 * sizes.length }, async (_, index) => {
      if (index % 2 === 1) return await read(index)
      await spoil(index)
      return true
    })
    expect(await Promise.all(all)).not.toContain(false)
  })
})
