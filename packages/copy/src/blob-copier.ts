import {
  type BlobBody,
  type BlobReader,
  bytesBody,
  type Descriptor,
  type ImageDestination,
  ImageError,
  quoteForeign,
  shortDigest,
} from '@crossdock/core'
import type { LayerEdit, NewBlob } from '@crossdock/formats'
import { createLimiter, createThrottle, delay, firstBytes, type Limiter, skipBytes } from '@crossdock/streams'
import type { CountedEnds } from './ends.ts'
import { staysForeign } from './foreign-layers.ts'
import { brokenContract, onSide, type Operation, sided } from './operation.ts'
import type { ResolvedOptions } from './options.ts'
import { packedBody } from './packed-body.ts'
import type { Packing } from './packing.ts'

/** Brings blobs to the destination, a bounded number at a time. */
export interface BlobCopier {
  /** Makes sure that the blob is there. `again` moves it even if the destination claims to have it. */
  copy(blob: Descriptor, how?: { readonly again?: boolean }): Promise<void>
  /** Moves the layer in another packing, and says what it is then. */
  pack(layer: Descriptor, packing: Packing): Promise<LayerEdit>
  /** Writes a blob that was made here. */
  put(blob: NewBlob): Promise<void>
}

const PROGRESS_INTERVAL_MS = 100
const LONGEST_PAUSE_MS = 30_000
/** A try that moved this much is progress: a server that hands out crumbs does not keep a copy alive for ever. */
const ENOUGH_PROGRESS_BYTES = 64 * 1024
/** What both sides are taken to bear if they do not say. */
const DEFAULT_PARALLEL_BLOBS = 6

export function createBlobCopier(ends: CountedEnds): BlobCopier {
  const { source, destination, options, operation } = ends
  const most = Math.min(
    options.concurrency,
    source.traits.parallelBlobs ?? DEFAULT_PARALLEL_BLOBS,
    destination.traits.parallelBlobs ?? DEFAULT_PARALLEL_BLOBS,
  )
  const limiter = createLimiter(most)
  const lease = createLease(ends, { limiter, most })
  const limited = <Value>(task: () => Promise<Value>): Promise<Value> => limiter.run(task, { signal: operation.signal })
  return {
    copy: async (blob, { again = false } = {}) => {
      if (staysForeign(blob, destination, options)) return
      await limited(async () => {
        if (again || !(await reuse(blob, ends))) await move(blob, { ...ends, lease })
      })
    },
    pack: (layer, packing) => limited(() => movePacked(layer, packing, ends)),
    put: ({ descriptor, bytes }) => limited(() => putMade(descriptor, bytesBody(bytes), ends)),
  }
}

/**
 * Leave to read one blob in several parts at once: as long as there are fewer blobs to move than may be in flight, and of a
 * source where that may help.
 */
function createLease(
  { source }: CountedEnds,
  { limiter, most }: { readonly limiter: Limiter; readonly most: number },
): NonNullable<BlobBody['lease']> {
  let leased = 0
  return () => {
    const { parallelRanges, rangeReads } = source.traits
    if (parallelRanges !== true || rangeReads !== true) return undefined
    if (limiter.active + limiter.waiting + leased >= most) return undefined
    leased += 1
    let isOver = false
    return () => {
      if (!isOver) leased -= 1
      isOver = true
    }
  }
}

interface Moving extends CountedEnds {
  readonly lease: NonNullable<BlobBody['lease']>
}

async function reuse(blob: Descriptor, { source, destination, operation, tally }: CountedEnds): Promise<boolean> {
  try {
    const reused = await destination.reuseBlob?.({ ...blob, from: source.reference }, operation)
    if (reused === undefined) return false
    checkAnswer(reused.blob, blob, destination)
    const { digest, size } = blob
    if (reused.mountedFrom === undefined) {
      tally.reused(size)
      operation.onProgress({ type: 'blob:reused', digest, size })
    } else {
      tally.mounted(size)
      operation.onProgress({ type: 'blob:mounted', digest, size, from: reused.mountedFrom })
    }
    return true
  } catch (error) {
    throw sided(error, 'destination', destination.reference, operation.signal)
  }
}

async function move(blob: Descriptor, ends: Moving): Promise<void> {
  const { source, destination } = ends
  await moveBody(blob, ends, async (body) => {
    const written = await destination.putBlob(body, { ...blob, from: source.reference }, ends.operation)
    checkAnswer(written, blob, destination)
  })
}

/** The digest that the packed bytes will have is not known before the destination has computed it. */
async function movePacked(layer: Descriptor, packing: Packing, ends: CountedEnds): Promise<LayerEdit> {
  const { digest, size } = await moveBody(layer, { ...ends, lease: () => undefined }, (body) =>
    ends.destination.putBlob(packedBody(body, layer, packing), {}, ends.operation),
  )
  return { digest, size, compression: packing.format }
}

async function putMade(blob: Descriptor, body: BlobBody, ends: CountedEnds): Promise<void> {
  const { destination, operation } = ends
  if (await reuse(blob, ends)) return
  const put = (): Promise<Descriptor> => destination.putBlob(body, blob, operation)
  checkAnswer(await onSide('destination', destination.reference, put, operation.signal), blob, destination)
}

/** Puts a blob in some way; what is retryable is tried again from where it stopped, and progress refills the budget. */
async function moveBody<Written>(
  blob: Descriptor,
  ends: Moving,
  put: (body: BlobBody) => Promise<Written>,
): Promise<Written> {
  const { options, operation, tally } = ends
  let moved = 0
  for (let attempt = 1; ; attempt += 1) {
    const body = createBody(blob, ends)
    try {
      const written = await put(body)
      moved += body.moved()
      tally.moved(blob.size, moved)
      operation.onProgress({ type: 'blob:done', digest: blob.digest, size: blob.size, moved })
      return written
    } catch (error) {
      const failure = blamed(error, ends)
      // The reason of an abort may itself be a failure that can be retried: that of a sibling.
      if (!(failure instanceof ImageError) || !failure.retryable || operation.signal.aborted) throw failure
      moved += body.moved()
      if (body.moved() >= ENOUGH_PROGRESS_BYTES) attempt = 1
      if (attempt >= options.attempts) throw failure
      await pause(blob, { failure, attempt, options, operation })
    }
  }
}

/** The destination verifies what it is given; here is looked whether it speaks of the same blob. */
function checkAnswer(answer: Descriptor, { digest, size }: Descriptor, { reference }: ImageDestination): void {
  if (answer.digest === digest && answer.size === size) return
  const what = `asked for ${digest} (${size} bytes), it answers with ${quoteForeign(String(answer.digest), 200)} (${answer.size} bytes)`
  throw brokenContract(reference, what, {})
}

/** Bytes that the destination found to be wrong came from the source, unless it says otherwise. */
function blamed(error: unknown, { source, destination, operation }: CountedEnds): unknown {
  const isDamaged = error instanceof ImageError && error.code === 'DIGEST_MISMATCH' && error.side === undefined
  return isDamaged
    ? sided(error, 'source', source.reference, operation.signal)
    : sided(error, 'destination', destination.reference, operation.signal)
}

async function pause(
  blob: Descriptor,
  {
    failure,
    attempt,
    options,
    operation,
  }: {
    readonly failure: ImageError
    readonly attempt: number
    readonly options: ResolvedOptions
    readonly operation: Operation
  },
): Promise<void> {
  const delayMs = Math.min(LONGEST_PAUSE_MS, options.retryDelayMs * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2)
  operation.onProgress({
    type: 'retry',
    side: failure.side,
    what: `blob ${shortDigest(blob.digest)}`,
    code: failure.code,
    reason: failure.message,
    attempt,
    attempts: options.attempts,
    delayMs: Math.round(delayMs),
  })
  await delay(delayMs, operation.signal)
}

interface CountedBody extends BlobBody {
  /** Bytes that came from the source so far, over every opening. */
  moved(): number
}

/** The blob at the source as a body: failures name the source, and its bytes are counted and reported as they pass. */
function createBody(blob: Descriptor, { source, operation, lease }: Moving): CountedBody {
  let moved = 0
  let position: number | undefined
  const throttle = createThrottle(PROGRESS_INTERVAL_MS)
  async function* open(offset = 0, end?: number): AsyncGenerator<Uint8Array, void, undefined> {
    if (position === undefined) operation.onProgress({ type: 'blob:start', blob, offset })
    position ??= offset
    try {
      for await (const chunk of await readFrom(source, blob, { offset, end, operation })) {
        moved += chunk.byteLength
        position += chunk.byteLength
        if (throttle()) operation.onProgress({ type: 'blob:bytes', digest: blob.digest, position, size: blob.size })
        yield chunk
      }
    } catch (error) {
      throw sided(error, 'source', source.reference, operation.signal)
    }
  }
  return { size: blob.size, open, lease, moved: () => moved }
}

async function readFrom(
  source: CountedEnds['source'],
  blob: Descriptor,
  {
    offset,
    end,
    operation,
  }: { readonly offset: number; readonly end: number | undefined; readonly operation: Operation },
): Promise<BlobReader | AsyncIterable<Uint8Array>> {
  if (source.traits.rangeReads === true || (offset === 0 && end === undefined)) {
    return source.getBlob(blob, { ...operation, offset, end })
  }
  const rest = skipBytes(await source.getBlob(blob, operation), offset)
  return end === undefined ? rest : firstBytes(rest, end - offset)
}
