import { adoptChunk, recycle } from './chunk-pool.ts'

const DEFAULT_CHUNK_BYTES = 256 * 1024

/**
 * The same bytes in chunks of at least `minBytes` (default 256 KiB), the last one excepted: every chunk costs its consumers
 * a hash call, a write, a turn of the event loop. A chunk that is large enough is passed on as it is; others are copied,
 * each byte once.
 */
export async function* coalesce(
  body: AsyncIterable<Uint8Array>,
  minBytes: number = DEFAULT_CHUNK_BYTES,
): AsyncGenerator<Uint8Array> {
  let block: Uint8Array | undefined
  let filled = 0
  for await (const chunk of body) {
    let rest = chunk
    while (block !== undefined || rest.byteLength < minBytes) {
      if (rest.byteLength === 0) break
      block ??= new Uint8Array(minBytes)
      const part = rest.subarray(0, minBytes - filled)
      block.set(part, filled)
      filled += part.byteLength
      rest = rest.subarray(part.byteLength)
      if (filled < minBytes) break
      adoptChunk(block)
      yield block
      block = undefined // the consumer may keep it
      filled = 0
    }
    if (rest.byteLength === 0) recycle(chunk)
    else if (block === undefined) yield rest
  }
  if (block === undefined) return
  adoptChunk(block)
  yield block.subarray(0, filled)
}
