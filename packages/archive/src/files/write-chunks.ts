import { naming } from '@crossdock/blob-files'
import { coalesce, recycle } from '@crossdock/streams'
import type { NamelessFile } from './temporary-file.ts'

/**
 * Writes chunks from a position on and returns where they end. The next chunk is fetched, and hashed by whoever hashes, while one is
 * written. Throws what the chunks throw, and `IO`; the file is not touched any more then.
 */
export async function writeChunks(
  file: NamelessFile,
  position: number,
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  let end = position
  let writing: Promise<void> = Promise.resolve()
  try {
    for await (const chunk of coalesce(chunks)) {
      await writing
      writing = writeChunk(file, chunk, end)
      writing.catch(ignore) // awaited before the next one and at the end
      end += chunk.byteLength
    }
  } catch (reason) {
    await writing.catch(ignore) // the first failure is the one to tell
    throw reason
  }
  await writing
  return end
}

async function writeChunk(file: NamelessFile, chunk: Uint8Array, position: number): Promise<void> {
  await writeAt(file, chunk, position)
  recycle(chunk)
}

/** Writes all of the bytes; the system may take them in pieces. */
export async function writeAt({ handle, path }: NamelessFile, bytes: Uint8Array, position: number): Promise<void> {
  await naming('write', path, async () => {
    for (let done = 0; done < bytes.byteLength;) {
      done += (await handle.write(bytes, done, bytes.byteLength - done, position + done)).bytesWritten
    }
  })
}

function ignore(): void {}
