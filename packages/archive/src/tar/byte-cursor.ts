import { recycle, shareChunk } from '@crossdock/streams'
import { createChunks } from './body-chunks.ts'
import type { Need } from './steps.ts'

/** A body that is read in order: looked at, handed on in pieces, or passed over. */
export interface ByteCursor {
  /** What is needed, if it is here already; the position stays. Valid until anything else is asked for. */
  peek(need: Need): Uint8Array | undefined
  /** What is needed, with what lies before it passed over; fewer bytes if the body ends. */
  gather(need: Need): Promise<Uint8Array>
  /** As many bytes of what is needed as are here; undefined if the body ends before. They are the caller's. */
  take(need: Need): Promise<Uint8Array | undefined>
  /** Passes over what lies before `position`; false if the body ends before. */
  skipTo(position: number): Promise<boolean>
  /** Releases what is behind the body, if it has not ended. */
  close(): Promise<void>
}

const NOTHING = new Uint8Array(0)

export function createByteCursor(body: AsyncIterable<Uint8Array>, signal?: AbortSignal): ByteCursor {
  const chunks = createChunks(body, signal)
  let chunk: Uint8Array = NOTHING
  let at = 0
  let position = 0

  /** Makes sure that there are bytes in the chunk; false at the end. */
  async function pull(): Promise<boolean> {
    while (at === chunk.byteLength) {
      recycle(chunk)
      chunk = NOTHING
      at = 0
      const next = await chunks.next()
      if (next === undefined) return false
      chunk = next
    }
    return true
  }

  function pass(bytes: number): void {
    at += bytes
    position += bytes
  }

  async function skipTo(target: number): Promise<boolean> {
    while (position < target && (await pull())) pass(Math.min(target - position, chunk.byteLength - at))
    return position >= target
  }

  /** Copies, since a chunk may be used again once it is passed. */
  async function copy(bytes: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let left = bytes; left > 0 && (await pull());) {
      const part = chunk.slice(at, at + left)
      parts.push(part)
      left -= part.byteLength
      pass(part.byteLength)
    }
    return Buffer.concat(parts)
  }

  return {
    peek({ position: wanted, bytes }) {
      const begin = at + wanted - position
      return begin + bytes <= chunk.byteLength ? chunk.subarray(begin, begin + bytes) : undefined
    },
    async gather({ position: wanted, bytes }) {
      if (!(await skipTo(wanted)) || !(await pull())) return NOTHING
      return at + bytes <= chunk.byteLength ? chunk.subarray(at, at + bytes) : await copy(bytes)
    },
    async take({ position: wanted, bytes }) {
      if (!(await skipTo(wanted)) || !(await pull())) return undefined
      const part = chunk.subarray(at, at + bytes)
      shareChunk(chunk)
      pass(part.byteLength)
      return part
    },
    skipTo,
    async close() {
      recycle(chunk)
      chunk = NOTHING
      at = 0
      await chunks.close()
    },
  }
}
