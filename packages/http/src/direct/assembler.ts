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
  /** What there is, while the socket goes on in the same room. */
  takeSome(): Uint8Array | undefined
  /** What there is; nothing comes behind it. */
  takeLast(): Uint8Array | undefined
}

const FIRST_UNKNOWN_BYTES = 16 * 1024

/** A body that is no longer than a chunk gets memory of its own; what is longer goes through rooms that are used again. */
export function createAssembler(decoder: BodyDecoder): Assembler {
  let room = firstRoom(decoder)
  let isOwn = true
  let taken = 0
  let filled = 0

  function nextRoom(): void {
    room = takeChunk()
    isOwn = false
    taken = 0
    filled = 0
  }

  if (decoder.remaining !== undefined && decoder.remaining > CHUNK_BYTES) nextRoom()

  /** Of a room that is used again it is a copy, unless that is all that was in it. */
  function take(isAll: boolean): Uint8Array | undefined {
    if (filled === taken) return undefined
    const isLarge = filled - taken >= room.byteLength / 2
    const chunk = isOwn || (isAll && isLarge) ? room.subarray(taken, filled) : room.slice(taken, filled)
    taken = filled
    if (isAll && !isOwn && !isLarge) recycle(room)
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
      const chunk = take(true)
      if (decoder.remaining !== 0) nextRoom()
      return chunk
    },
    takeSome: () => take(false),
    takeLast() {
      const last = take(true)
      if (last === undefined && !isOwn) recycle(room)
      return last
    },
  }
}

function firstRoom({ remaining = FIRST_UNKNOWN_BYTES }: BodyDecoder): Uint8Array {
  return new Uint8Array(remaining > CHUNK_BYTES ? 0 : Math.max(remaining, 1))
}
