import type { RandomAccess } from '@crossdock/archive'
import { refusedSave } from '../errors.ts'
import { MAX_MESSAGE_BYTES, readMessage } from './engine-message.ts'
import type { EngineHost } from './host.ts'

/**
 * An engine that fails while it saves an image has begun its answer already and writes the error behind it, where an archive has zeros. Throws
 * `INVALID_DATA` with that error if there is one.
 */
export async function throwErrorAtEnd(access: RandomAccess, host: EngineHost): Promise<void> {
  const room = new Uint8Array(Math.min(access.size, MAX_MESSAGE_BYTES))
  await access.read(room, access.size - room.byteLength)
  const end = Buffer.from(room).toString('latin1').trimEnd()
  const begin = end.lastIndexOf('{"errorDetail"')
  if (begin < 0 || !end.endsWith('}')) return
  const { error } = readMessage(Buffer.from(end.slice(begin), 'latin1').toString(), host)
  if (error !== undefined) throw refusedSave(error, host)
}
