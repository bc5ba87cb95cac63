import { recycle, shareChunk, takeChunk } from '@crossdock/streams'
import type { BodyDecoder } from './framing.ts'

/**
 * Gathers the bytes of one body into chunks: the socket writes into `room()`, and what is there is handed over without a copy.
 * The socket keeps to the room that it was given last, until it is given another behind the next bytes.
 */
export interface Assembler {
  /** Where the next bytes are to be put; never empty. */
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

/** A body, or what is left of it, that is no longer gets memory of its own: whoever keeps it shall not keep a large room. */
const SMALL_BYTES = 64 * 1024
const FIRST_UNKNOWN_BYTES = 16 * 1024

export function createAssembler(decoder: BodyDecoder): Assembler {
  let room = roomFor(decoder.remaining ?? FIRST_UNKNOWN_BYTES)
  let taken = 0
  let filled = 0

  function take(): Uint8Array | undefined {
    if (filled === taken) return undefined
    const chunk = room.subarray(taken, filled)
    taken = filled
    return chunk
  }

  function takeLast(): Uint8Array | undefined {
    const chunk = take()
    if (chunk === undefined) recycle(room)
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
      if (filled < room.byteLength) return undefined
      const chunk = takeLast()
      room = roomFor(decoder.remaining ?? Number.POSITIVE_INFINITY)
      taken = 0
      filled = 0
      return chunk
    },
    takeSome() {
      const chunk = take()
      if (chunk !== undefined) shareChunk(chunk)
      return chunk
    },
    takeLast,
  }
}

/** There is room for one byte more than will come, so that what a server sends behind a body is seen together with its end. */
function roomFor(bytes: number): Uint8Array {
  if (bytes <= SMALL_BYTES) return new Uint8Array(bytes + 1)
  const room = takeChunk()
  return bytes === room.byteLength ? room.subarray(0, -1) : room
}
