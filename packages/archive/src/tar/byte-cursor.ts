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
  /** Passes over what lies before `position` if that is here already; else the position stays, and the answer is false. */
  skipHere(position: number): boolean
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

  function skipHere(target: number): boolean {
    if (target - position > chunk.byteLength - at) return false
    pass(Math.max(0, target - position))
    return true
  }

  async function skipTo(target: number): Promise<boolean> {
    while (!skipHere(target)) {
      pass(chunk.byteLength - at)
      if (!(await pull())) return false
    }
    return true
  }

  const cursor: ByteCursor = {
    peek({ position: wanted, bytes }) {
      const begin = at + wanted - position
      return begin + bytes <= chunk.byteLength ? chunk.subarray(begin, begin + bytes) : undefined
    },
    async gather({ position: wanted, bytes }) {
      if (!(await skipTo(wanted)) || !(await pull())) return NOTHING
      const isHere = at + bytes <= chunk.byteLength
      return isHere ? chunk.subarray(at, at + bytes) : await join(cursor, { position: wanted, bytes })
    },
    async take({ position: wanted, bytes }) {
      if (!(await skipTo(wanted)) || !(await pull())) return undefined
      const part = chunk.subarray(at, at + bytes)
      shareChunk(chunk)
      pass(part.byteLength)
      return part
    },
    skipHere,
    skipTo,
    async close() {
      recycle(chunk)
      chunk = NOTHING
      at = 0
      await chunks.close()
    },
  }
  return cursor
}

/** Copies what lies in several chunks; fewer bytes if the body ends. */
async function join(cursor: ByteCursor, { position, bytes }: Need): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let done = 0; done < bytes;) {
    const part = await cursor.take({ position: position + done, bytes: bytes - done })
    if (part === undefined) break
    parts.push(part)
    done += part.byteLength
  }
  const joined = Buffer.concat(parts)
  parts.forEach(recycle)
  return joined
}
