import { shareChunk } from './chunk-pool.ts'

/** A body that can be looked at before bytes are taken from it. */
export interface ByteReader {
  /** Bytes that were read and not taken. */
  readonly buffered: Uint8Array
  /** Reads until `count` bytes are buffered; false if the body ended before. */
  fill(count: number): Promise<boolean>
  /** Takes the first `count` of the buffered bytes. They are the caller's, and may be recycled. */
  take(count: number): Uint8Array
  /** Bytes taken so far. */
  readonly taken: number
  /** Releases what is behind the body, if it has not ended. */
  close(): Promise<void>
}

export function createByteReader(body: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = body[Symbol.asyncIterator]()
  let buffered: Uint8Array = new Uint8Array(0)
  let taken = 0
  let ended = false

  async function pull(): Promise<void> {
    ended = true // also if the body throws
    const next = await iterator.next()
    ended = next.done === true
    if (next.done !== true) buffered = buffered.byteLength === 0 ? next.value : join(buffered, next.value)
  }

  return {
    get buffered() {
      return buffered
    },
    get taken() {
      return taken
    },
    async fill(count) {
      while (buffered.byteLength < count && !ended) await pull()
      return buffered.byteLength >= count
    },
    take(count) {
      const bytes = buffered.subarray(0, count)
      buffered = buffered.subarray(count)
      if (buffered.byteLength > 0) shareChunk(bytes)
      taken += bytes.byteLength
      return bytes
    },
    async close() {
      if (ended) return
      ended = true
      await iterator.return?.()
    },
  }
}

/** The rest of the body. */
export async function* chunksOf(reader: ByteReader): AsyncGenerator<Uint8Array> {
  while (await reader.fill(1)) yield reader.take(reader.buffered.byteLength)
}

/** Closes a reader when something else than the closing is the news; a body that then fails to close as well is not. */
export async function closeQuietly(reader: ByteReader): Promise<void> {
  try {
    await reader.close()
  } catch {
    // See above.
  }
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const joined = new Uint8Array(head.byteLength + tail.byteLength)
  joined.set(head)
  joined.set(tail, head.byteLength)
  return joined
}
