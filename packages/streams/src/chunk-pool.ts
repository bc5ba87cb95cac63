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
  /** Whether it was made elsewhere and is not used again. */
  readonly isAdopted: boolean
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

/**
 * Takes in a chunk that was made elsewhere, and that nobody else holds: its memory is given back to the system when it is recycled, where
 * the garbage collector would find it much later and has to be started for it. Left alone unless it is all of its memory.
 */
export function adoptChunk(chunk: Uint8Array): void {
  const { buffer, byteLength } = chunk
  if (!(buffer instanceof ArrayBuffer) || byteLength !== buffer.byteLength) return
  rooms.set(buffer, { bytes: new Uint8Array(buffer), holders: 1, isAdopted: true })
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
  if (room.holders > 0) return
  if (room.bytes.buffer.detached) return // it went to another thread
  if (room.isAdopted) room.bytes.buffer.transfer(0)
  else if (free.length < MAX_FREE) free.push(room)
}

function createRoom(): Room {
  const room: Room = { bytes: new Uint8Array(CHUNK_BYTES), holders: 0, isAdopted: false }
  rooms.set(room.bytes.buffer, room)
  return room
}
