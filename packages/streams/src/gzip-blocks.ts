import { createLimiter, type Limiter } from './limiter.ts'
import { crc32, deflateBlock, packingThreads } from './node-zlib.ts'

interface Block {
  readonly bytes: Uint8Array
  readonly last: boolean
}

/** Large enough that what a block lacks (it begins with new codes) is little, small enough to keep memory low. */
const BLOCK_BYTES = 1024 * 1024
const DICTIONARY_BYTES = 32 * 1024

/** One for the process, as there is one pool of threads. */
let limiter: Limiter | undefined

/**
 * Packs a body to one gzip member (RFC 1952), blocks of 1 MiB at once in the threads of the pool: each is a part of one
 * deflate stream that ends at a byte boundary and may refer to the 32 KiB before it. What comes out depends on content and
 * level alone.
 *
 * Up to two blocks for each thread wait or are packed beside the one that is being read, so that the body is read that far
 * ahead. Leaving early waits for the blocks that a thread works on.
 */
export async function* gzipBlocks(body: AsyncIterable<Uint8Array>, level: number): AsyncGenerator<Uint8Array> {
  const threads = packingThreads()
  limiter ??= createLimiter(threads)
  const controller = new AbortController()
  const underWay: Promise<Uint8Array>[] = []
  let checksum = 0
  let size = 0
  let dictionary: Uint8Array | undefined
  yield header(level)
  try {
    for await (const { bytes, last } of blocksOf(body)) {
      checksum = crc32(bytes, checksum)
      size += bytes.byteLength
      const options = { level, dictionary, last }
      underWay.push(handled(limiter.run(() => deflateBlock(bytes, options), { signal: controller.signal })))
      dictionary = bytes.subarray(-DICTIONARY_BYTES)
      if (underWay.length > 2 * threads) yield* takeFirst(underWay)
    }
    while (underWay.length > 0) yield* takeFirst(underWay)
  } finally {
    controller.abort()
    await Promise.allSettled(underWay)
  }
  yield trailer(checksum, size)
}

/** Cuts a body into blocks of exactly {@link BLOCK_BYTES}, the last one excepted, which may be empty. */
async function* blocksOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Block> {
  let parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    let rest = chunk
    while (rest.byteLength > 0) {
      // Only with a byte behind it is a full block known not to be the last one.
      if (size === BLOCK_BYTES) {
        yield { bytes: join(parts, size), last: false }
        parts = []
        size = 0
      }
      const part = rest.subarray(0, BLOCK_BYTES - size)
      parts.push(part)
      size += part.byteLength
      rest = rest.subarray(part.byteLength)
    }
  }
  yield { bytes: join(parts, size), last: true }
}

function join(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = parts
  if (first !== undefined && parts.length === 1) return first
  const joined = new Uint8Array(size)
  let position = 0
  for (const part of parts) {
    joined.set(part, position)
    position += part.byteLength
  }
  return joined
}

async function* takeFirst(underWay: Promise<Uint8Array>[]): AsyncGenerator<Uint8Array> {
  const first = underWay.shift()
  if (first !== undefined) yield await first
}

/** Whoever awaits the promise sees its failure; nobody may, and that is no fault. */
function handled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {})
  return promise
}

/** Section 2.3: without name, time and operating system. */
function header(level: number): Uint8Array {
  const slowest = 2
  const fastest = 4
  const effort = level === 9 ? slowest : level < 2 ? fastest : 0
  return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, effort, 255)
}

function trailer(checksum: number, size: number): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, checksum, true)
  view.setUint32(4, size % 2 ** 32, true)
  return bytes
}
