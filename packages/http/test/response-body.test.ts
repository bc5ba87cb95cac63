import { expect, test } from 'vitest'
import { createResponseBody, type ResponseBody } from '../src/response-body.ts'

const KIB = 1024

function numbered(count: number, bytes: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => new Uint8Array(bytes).fill(index))
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A connection that hands over its next chunks the moment it may go on, while `resume` still runs. */
function eagerConnection(chunks: readonly Uint8Array[]): ResponseBody {
  const waiting = [...chunks]
  let paused = false
  const flow = (): void => {
    for (let next = waiting.shift(); next !== undefined; next = paused ? undefined : waiting.shift()) body.push(next)
    if (waiting.length === 0) body.end()
  }
  const body = createResponseBody({
    pause: () => {
      paused = true
    },
    resume: () => {
      if (!paused) return
      paused = false
      flow()
    },
    abort: () => undefined,
  })
  flow()
  return body
}

test('no chunk is lost when the connection goes on at once', async () => {
  const chunks = numbered(64, 64 * KIB)
  expect((await collect(eagerConnection(chunks))).equals(Buffer.concat(chunks))).toBe(true)
})

test('chunks that wait are handed over as one', async () => {
  const body = createResponseBody({ pause: () => undefined, resume: () => undefined, abort: () => undefined })
  for (const chunk of numbered(3, 10)) body.push(chunk)
  body.end()
  const sizes: number[] = []
  for await (const chunk of body) sizes.push(chunk.byteLength)
  expect(sizes).toEqual([30])
})

test('the connection pauses when enough waits, and goes on when it is taken', async () => {
  const calls: string[] = []
  const body = createResponseBody({
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
    abort: () => calls.push('abort'),
  })
  body.push(new Uint8Array(1200 * KIB))
  expect(calls).toEqual(['pause'])
  const iterator = body[Symbol.asyncIterator]()
  expect((await iterator.next()).value?.byteLength).toBe(1200 * KIB)
  expect(calls).toEqual(['pause', 'resume'])
  await iterator.return?.()
  expect(calls).toEqual(['pause', 'resume', 'abort'])
})
