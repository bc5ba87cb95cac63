import { CHUNK_BYTES, recycle, takeChunk } from '@crossdock/streams'
import type { BodyDecoder } from './framing.ts'

/**
 * Gathers the bytes of one body into chunks: the socket writes into `room()`, and what fills it is handed over without a copy.
 * The socket keeps to the room that it was given last, until it is given another behind the next bytes.
 */
export interface Assembler {
  /** Where the next bytes are to be put; never empty. */
  room(): Uint8Array
  /** The bytes are in the room. Answers with how many came behind the body's end, once it has ended. */
  add(bytes: number): number | undefined
  /** A chunk, if the room is full. To be called only while the socket waits for its next room. */
  takeFull(): Uint8Array | undefined
  /** What there is, copied, so that the socket can go on in the same room. */
  copyRest(): Uint8Array | undefined
  /** What there is; nothing comes behind it. */
  takeLast(): Uint8Array | undefined
}

/** Below this a body, or what is left of it, gets memory of its own size. */
const SMALL_BYTES = CHUNK_BYTES / 4
const FIRST_UNKNOWN_BYTES = 16 * 1024

export function createAssembler(decoder: BodyDecoder): Assembler {
  let room = roomFor(decoder, true)
  let taken = 0
  let filled = 0

  /** Few bytes in a large room are copied out of it: whoever keeps them shall not keep the room. */
  function handOver(): Uint8Array {
    const chunk = room.subarray(taken, filled)
    const isSmall = chunk.byteLength < room.byteLength / 2
    const handed = isSmall ? chunk.slice() : chunk
    if (!isSmall) room = roomFor(decoder, false)
    taken = 0
    filled = 0
    return handed
  }

  return {
    room: () => (filled === 0 ? room : room.subarray(filled)),
    add(bytes) {
      const { end, surplus } = decoder.decode(room, filled, filled + bytes)
      filled = end
      return surplus
    },
    takeFull: () => (filled === room.byteLength ? handOver() : undefined),
    copyRest() {
      if (filled === taken) return undefined
      const copy = room.slice(taken, filled)
      taken = filled
      return copy
    },
    takeLast() {
      const last = filled === taken ? undefined : handOver()
      recycle(room)
      return last
    },
  }
}

function roomFor({ remaining }: BodyDecoder, first: boolean): Uint8Array {
  if (remaining === undefined) return first ? new Uint8Array(FIRST_UNKNOWN_BYTES) : takeChunk()
  return remaining <= SMALL_BYTES ? new Uint8Array(Math.max(remaining, 1)) : takeChunk()
}
