import { dirname } from 'node:path'
import { createHasher, type Digest } from '@crossdock/core'
import { untilAborted } from '@crossdock/streams'
import { createTemporaryFile } from '../files/temporary-file.ts'
import { writeChunks } from '../files/write-chunks.ts'
import type { ByteSink } from '../image-archive/byte-sink.ts'
import { publish } from '../image-archive/publish.ts'

/** Where an archive goes: a file, which is replaced in one step, or a stream. */
export type ArchiveTarget =
  | { readonly path: string; readonly durable: boolean }
  | { readonly open: (signal?: AbortSignal) => Promise<ByteSink> }

/** Writes a whole archive and says its sha512, the image ID if it is one. Throws `IO`, and what the body throws; a file is as it was then. */
export async function writeArchive(
  body: AsyncIterable<Uint8Array>,
  target: ArchiveTarget,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  const hasher = createHasher('sha512')
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of untilAborted(body, signal)) {
      hasher.update(chunk)
      yield chunk
    }
  }
  if ('path' in target) await writeFile(hashed(), target)
  else await send(hashed(), await target.open(signal), signal)
  return hasher.digest()
}

async function writeFile(
  body: AsyncIterable<Uint8Array>,
  { path, durable }: { readonly path: string; readonly durable: boolean },
): Promise<void> {
  await using file = await createTemporaryFile(dirname(path))
  const size = await writeChunks(file, 0, body)
  await publish(file, { path, durable, size })
}

async function send(body: AsyncIterable<Uint8Array>, sink: ByteSink, signal: AbortSignal | undefined): Promise<void> {
  await using opened = sink
  for await (const chunk of body) {
    opened.send(chunk)
    await opened.ready(signal)
  }
  await opened.finish(signal)
}
