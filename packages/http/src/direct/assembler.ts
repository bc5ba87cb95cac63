import { recycle, shareChunk, takeChunk } from '@crossdock/streams'
import type { BodyDecoder } from './framing.ts'

/**
 * Gathers the bytes of one body into chunks: the socket writes into `room()`, and what is there is handed over without a copy.
 * The socket keeps to the room that it was given last, until it is given another behind the next bytes.
 */
export interface Assembler {
  /** Where the next bytes are to be put; never empty before the body's end. */
  room(): Uint8Array
  /** The bytes are in the room. Answers with how many came behind the body's end, once it has ended. */
  add(bytes: number): number | undefined
  /** A chunk, if the room is full. To be called only while the socket waits for its next room. */
  takeFull(): Uint8Array | undefined
  /** What there is, while the socket goes on in the same room. */
  takeSome(): Uint8Array | undefined
  /** What there is; nothing comes behind it. */
  takeLast(): Uint8Array | undefined
}

/** A body that is no longer gets memory of its own size: whoever keeps it shall not keep a large room. */
const SMALL_BYTES = 64 * 1024
const FIRST_UNKNOWN_BYTES = 16 * 1024

export function createAssembler(decoder: BodyDecoder): Assembler {
  let room = firstRoom(decoder)
  let taken = 0
  let filled = 0

  function take(): Uint8Array | undefined {
    if (filled === taken) return undefined
    const chunk = room.subarray(taken, filled)
    taken = filled
    return chunk
  }

  return {
    room: () => (filled === 0 ? room : room.subarray(filled)),
    add(bytes) {
      const { end, surplus } = decoder.decode(room, filled, filled + bytes)
      filled = end
      return surplus
    },
    takeFull() {
      if (filled < room.byteLength || decoder.remaining === 0) return undefined
      const full = room
      const chunk = take()
      if (chunk === undefined) recycle(full)
      room = takeChunk()
      taken = 0
      filled = 0
      return chunk
    },
    takeSome() {
      const chunk = take()
      if (chunk !== undefined) shareChunk(chunk)
      return chunk
    },
    takeLast() {
      const chunk = take()
      if (chunk === undefined) recycle(room)
      return chunk
    },
  }
}

function firstRoom({ remaining = FIRST_UNKNOWN_BYTES }: BodyDecoder): Uint8Array {
  return remaining > SMALL_BYTES ? takeChunk() : new Uint8Array(Math.max(remaining, 1))
}
