import { naming } from '@crossdock/blob-files'
import { CHUNK_BYTES } from '@crossdock/streams'
import type { TemporaryFile } from '../files/temporary-file.ts'
import { writeAt } from '../files/write-chunks.ts'
import type { Room } from './rooms.ts'

/** Whether the rooms follow one another without gaps, from the beginning of the file on. */
export function areGapless(rooms: readonly Room[]): boolean {
  return rooms.every(({ begin }, at) => begin === (rooms[at - 1]?.end ?? 0))
}

/** Copies the rooms into another file, one behind the other. Returns where they end. Throws `IO`. */
export async function copyRooms(from: TemporaryFile, rooms: readonly Room[], to: TemporaryFile): Promise<number> {
  const chunk = new Uint8Array(CHUNK_BYTES)
  let position = 0
  for (const { begin, end } of rooms) {
    for (let at = begin; at < end;) {
      const { bytesRead } = await naming('read', from.path, () =>
        from.handle.read(chunk, 0, Math.min(chunk.byteLength, end - at), at),
      )
      await writeAt(to, chunk.subarray(0, bytesRead), position)
      at += bytesRead
      position += bytesRead
    }
  }
  return position
}
