import { createFileWriter, type Flusher, naming } from '@crossdock/blob-files'
import { coalesce } from '@crossdock/streams'
import type { NamelessFile } from './temporary-file.ts'

/**
 * Writes chunks from a position on and returns where they end. Throws what the chunks throw, and `IO`; the file is not touched any more
 * then.
 */
export async function writeChunks(
  file: NamelessFile,
  position: number,
  chunks: AsyncIterable<Uint8Array>,
  flusher?: Flusher,
): Promise<number> {
  const writer = createFileWriter({ ...file, position, onWritten: (bytes) => flusher?.wrote(bytes) })
  try {
    for await (const chunk of coalesce(chunks)) await writer.write(chunk)
  } catch (reason) {
    await writer.finish().catch(ignore) // the first failure is the one to tell
    throw reason
  }
  return await writer.finish()
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
