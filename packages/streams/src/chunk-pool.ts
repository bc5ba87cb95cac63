/**
 * The room of one chunk, in bytes: large enough that what a chunk costs (a hash call, a write, a turn of the event loop) is
 * little beside its bytes, small enough to stay in a processor's cache from one step to the next.
 */
export const CHUNK_BYTES: number = 512 * 1024

/** What waits to be used again is at most this much: 16 MiB. */
const MAX_FREE = 32

interface Room {
  readonly bytes: Uint8Array<ArrayBuffer>
  holders: number
}

const rooms = new WeakMap<ArrayBufferLike, Room>()
const free: Room[] = []

/**
 * Room for a chunk of `CHUNK_BYTES` with unspecified content, one that was used before if there is one: new memory costs more
 * than hashing what goes into it. Whoever takes it holds it.
 */
export function takeChunk(): Uint8Array<ArrayBuffer> {
  const room = free.pop() ?? createRoom()
  room.holders = 1
  return room.bytes
}

/** Says that a part of the chunk goes to somebody else, who is to recycle it by himself. Chunks of other origin are left alone. */
export function shareChunk(chunk: Uint8Array): void {
  const room = rooms.get(chunk.buffer)
  if (room !== undefined && room.holders > 0) room.holders += 1
}

/**
 * Gives a chunk back. To be called, once, by whoever consumed it last (wrote it to a file, sent it) and by nobody who only
 * passes it on. It need not be called: a chunk that is kept is never used again. Chunks of other origin are left alone.
 */
export function recycle(chunk: Uint8Array): void {
  const room = rooms.get(chunk.buffer)
  if (room === undefined || room.holders === 0) return
  room.holders -= 1
  // Memory that went to another thread has no bytes any more.
  const isWhole = room.bytes.byteLength === CHUNK_BYTES
  if (room.holders === 0 && isWhole && free.length < MAX_FREE) free.push(room)
}

function createRoom(): Room {
  const room: Room = { bytes: new Uint8Array(CHUNK_BYTES), holders: 0 }
  rooms.set(room.bytes.buffer, room)
  return room
}
