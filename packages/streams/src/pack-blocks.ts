import { adoptChunk, recycle } from './chunk-pool.ts'
import { createLimiter, type Limiter } from './limiter.ts'
import { packingThreads } from './node-zlib.ts'

/** A piece of a body that is packed on its own. */
export interface Block {
  /** Empty only in an empty body. Not to be used any more once it is packed. */
  readonly bytes: Uint8Array
  readonly last: boolean
}

export interface PackBlocksOptions {
  readonly blockBytes: number
  /** Called in the order of the blocks; what it returns packs the block in a thread of the pool. */
  readonly packing: (block: Block) => () => Promise<Uint8Array>
}

/** One for the process, as there is one pool of threads. */
let limiter: Limiter | undefined

/**
 * Cuts a body into blocks of equal size and packs several at once in the threads of the pool; the results come in order.
 *
 * One block for each thread, and one more, waits or is packed beside the one that is being read: the body is read that far ahead. Leaving early waits for the blocks that a thread works on.
 */
export async function* packBlocks(
  body: AsyncIterable<Uint8Array>,
  { blockBytes, packing }: PackBlocksOptions,
): AsyncGenerator<Uint8Array> {
  const threads = packingThreads()
  limiter ??= createLimiter(threads)
  const controller = new AbortController()
  const underWay: Promise<Uint8Array>[] = []
  try {
    for await (const block of blocksOf(body, blockBytes)) {
      const pack = packing(block)
      underWay.push(handled(limiter.run(() => packed(block, pack), { signal: controller.signal })))
      if (underWay.length > threads) yield* takeFirst(underWay)
    }
    while (underWay.length > 0) yield* takeFirst(underWay)
  } finally {
    controller.abort()
    await Promise.allSettled(underWay)
  }
}

async function packed({ bytes }: Block, pack: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    const result = await pack()
    adoptChunk(result)
    return result
  } finally {
    recycle(bytes)
  }
}

/** Blocks of exactly this size, the last one excepted. */
async function* blocksOf(body: AsyncIterable<Uint8Array>, blockBytes: number): AsyncGenerator<Block> {
  let block: Uint8Array | undefined
  let filled = 0
  for await (const chunk of body) {
    for (let rest = chunk; rest.byteLength > 0;) {
      // Only with a byte behind it is a full block known not to be the last one.
      if (block !== undefined && filled === blockBytes) {
        yield { bytes: block, last: false }
        block = undefined
      }
      if (block === undefined) {
        block = new Uint8Array(blockBytes)
        adoptChunk(block)
        filled = 0
      }
      const part = rest.subarray(0, blockBytes - filled)
      block.set(part, filled)
      filled += part.byteLength
      rest = rest.subarray(part.byteLength)
    }
    recycle(chunk)
  }
  yield { bytes: block?.subarray(0, filled) ?? NOTHING, last: true }
}

const NOTHING = new Uint8Array(0)

async function* takeFirst(underWay: Promise<Uint8Array>[]): AsyncGenerator<Uint8Array> {
  const first = underWay.shift()
  if (first !== undefined) yield await first
}

/** Whoever awaits the promise sees its failure; nobody may, and that is no fault. */
function handled<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {})
  return promise
}
