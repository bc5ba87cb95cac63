import { naming } from '@crossdock/blob-files'
import { ImageError } from '@crossdock/core'
import { recycle, untilAborted } from '@crossdock/streams'
import type { RandomAccess } from '../access/random-access.ts'
import { createNamelessFile, type NamelessFile } from './temporary-file.ts'
import { writeChunks } from './write-chunks.ts'

export interface SpoolOptions {
  /** Where the file without a name is made. */
  readonly folder: string
  readonly limitBytes: number
  /** What it is, for messages. */
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Puts a body into a file without a name, so that it can be read at any place. Throws `LIMIT_EXCEEDED`, `IO`, and what the body
 * throws; nothing is left then.
 */
export async function spool(body: AsyncIterable<Uint8Array>, options: SpoolOptions): Promise<RandomAccess> {
  const { folder, signal } = options
  const file = await createNamelessFile(folder)
  try {
    const size = await writeChunks(file, 0, limited(untilAborted(body, signal), options))
    return accessOf(file, { size, what: options.what })
  } catch (reason) {
    await file[Symbol.asyncDispose]()
    throw reason
  }
}

async function* limited(
  body: AsyncIterable<Uint8Array>,
  { limitBytes, what }: SpoolOptions,
): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > limitBytes) {
      recycle(chunk)
      throw new ImageError('LIMIT_EXCEEDED', `${what} has more than the ${limitBytes} bytes that are accepted`)
    }
    yield chunk
  }
}

function accessOf(file: NamelessFile, { size, what }: { readonly size: number; readonly what: string }): RandomAccess {
  return {
    name: what,
    size,
    read: (room, position) =>
      naming('read', file.path, async () => {
        let length = 0
        while (length < room.byteLength) {
          const { bytesRead } = await file.handle.read(room, length, room.byteLength - length, position + length)
          if (bytesRead === 0) break
          length += bytesRead
        }
        return length
      }),
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  }
}
