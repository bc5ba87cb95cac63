/** `all` in pieces of `size`. */
export async function* pieces(all: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < all.byteLength; position += size) yield all.subarray(position, position + size)
}

export async function* chunks(...parts: readonly (Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part
    yield part
  }
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const chunk of body) all.push(chunk)
  return all
}

export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await collect(body))
}

export interface TrackedBody extends AsyncIterable<Uint8Array> {
  readonly pulled: number
  readonly closed: boolean
}

/** A body that records how far it was read and whether it was closed. */
export function tracked(parts: Iterable<Uint8Array>): TrackedBody {
  let pulled = 0
  let closed = false
  return {
    get pulled() {
      return pulled
    },
    get closed() {
      return closed
    },
    async *[Symbol.asyncIterator]() {
      try {
        for (const part of parts) {
          pulled += 1
          yield part
        }
      } finally {
        closed = true
      }
    },
  }
}

export function* endless(chunk: Uint8Array): Generator<Uint8Array> {
  for (;;) yield chunk
}

/** What a promise rejects with; fails if it does not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it should have been rejected')
}

/** Lets everything that is ready run: no time passes. */
export async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Bytes that look random and are the same in every run; `values` of them, 256 do not pack. */
export function noise(size: number, values = 256): Buffer {
  const result = Buffer.alloc(size)
  let state = 42
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    result[index] = Math.floor((state / 2 ** 32) * values)
  }
  return result
}

export async function countBytes(body: AsyncIterable<Uint8Array>): Promise<number> {
  let total = 0
  for await (const chunk of body) total += chunk.byteLength
  return total
}
