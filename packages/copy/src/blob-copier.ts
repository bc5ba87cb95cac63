import {
  type BlobBody,
  bytesBody,
  type Descriptor,
  type Digest,
  type ImageDestination,
  ImageError,
  quoteForeign,
  type ReusedBlob,
  shortDigest,
} from '@crossdock/core'
import { layerCompression, type LayerEdit, type NewBlob } from '@crossdock/formats'
import { createLimiter, delay, type Limiter, recycle } from '@crossdock/streams'
import { diffIdBody, type Learning } from './diff-id-body.ts'
import type { CountedEnds } from './ends.ts'
import { staysForeign } from './foreign-layers.ts'
import { brokenContract, onSide, type Operation, sided } from './operation.ts'
import type { ResolvedOptions } from './options.ts'
import { packedBody, type PackedBodyOptions } from './packed-body.ts'
import type { Packing } from './packing.ts'
import { createBody, type Moving, ofSource } from './source-body.ts'

/** Brings blobs to the destination, a bounded number at a time. */
export interface BlobCopier {
  /** Makes sure that the blob is there. `again` moves it even if the destination claims to have it. */
  copy(blob: Descriptor, how?: { readonly again?: boolean }): Promise<void>
  /** The same for a layer, of which is learnt what it unpacks to; undefined if that was only welcome, and would have cost a read. */
  learn(layer: Descriptor, learning: Learning): Promise<Digest | undefined>
  /** Reads a layer for what it unpacks to, and nothing else. */
  read(layer: Descriptor): Promise<Digest>
  /** Moves the layer in another packing, and says what it is then, and what it unpacks to if it was unpacked or that is to be learnt. */
  pack(layer: Descriptor, packing: Packing, learning?: Learning): Promise<PackedLayer>
  /** Writes a blob that was made here. */
  put(blob: NewBlob): Promise<void>
}

export interface PackedLayer {
  readonly edit: LayerEdit
  readonly diffId: Digest | undefined
}

const LONGEST_PAUSE_MS = 30_000
/** A try that moved this much is progress: a server that hands out crumbs does not keep a copy alive for ever. */
const ENOUGH_PROGRESS_BYTES = 64 * 1024
/** What both sides are taken to bear if they do not say. */
const DEFAULT_PARALLEL_BLOBS = 6
/** A layer of this size keeps the processors busy while it is packed, and some of its content in memory. */
const LARGE_LAYER_BYTES = 4 * 1024 * 1024
/** More large layers at once would be no faster. */
const LARGE_LAYERS_AT_ONCE = 2

export function createBlobCopier(ends: CountedEnds): BlobCopier {
  const { source, destination, options, operation } = ends
  const most = Math.min(
    options.concurrency,
    source.traits.parallelBlobs ?? DEFAULT_PARALLEL_BLOBS,
    destination.traits.parallelBlobs ?? DEFAULT_PARALLEL_BLOBS,
  )
  const limiter = createLimiter(most)
  const lease = createLease(ends, { limiter, most })
  const limited = <Value>(task: () => Promise<Value>, weight = 1): Promise<Value> =>
    limiter.run(task, { weight, signal: operation.signal })
  return {
    copy: async (blob, { again = false } = {}) => {
      if (staysForeign(blob, destination, options)) return
      await limited(async () => {
        if (again || !(await reuse(blob, ends))) await move(blob, { ...ends, lease })
      })
    },
    learn: (layer, learning) => limited(() => learn(layer, learning, ends)),
    read: (layer) => limited(() => readDiffId(layer, ends)),
    pack: (layer, packing, learning) => {
      const weight = layer.size < LARGE_LAYER_BYTES ? 1 : Math.ceil(most / LARGE_LAYERS_AT_ONCE)
      const learns = learning !== undefined || isUnpackedFirst(layer, packing)
      return limited(() => movePacked(layer, { packing, learns }, ends), weight)
    },
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
): BlobBody['lease'] {
  const { parallelRanges, rangeReads } = source.traits
  if (parallelRanges !== true || rangeReads !== true) return undefined
  let leased = 0
  return () => {
    if (limiter.active + limiter.waiting + leased >= most) return undefined
    leased += 1
    let isOver = false
    return () => {
      if (!isOver) leased -= 1
      isOver = true
    }
  }
}

async function reuse(blob: Descriptor, ends: CountedEnds): Promise<boolean> {
  const { operation, tally } = ends
  const reused = await findReusable(blob, ends)
  if (reused === undefined) return false
  const { digest, size } = blob
  if (reused.mountedFrom === undefined) {
    tally.reused(size)
    operation.onProgress({ type: 'blob:reused', digest, size })
  } else {
    tally.mounted(size)
    operation.onProgress({ type: 'blob:mounted', digest, size, from: reused.mountedFrom })
  }
  return true
}

async function findReusable(
  blob: Descriptor,
  { source, destination, operation }: CountedEnds,
): Promise<ReusedBlob | undefined> {
  const find = async (): Promise<ReusedBlob | undefined> => {
    const reused = await destination.reuseBlob?.({ ...blob, from: source.reference }, operation)
    if (reused !== undefined) checkAnswer(reused.blob, blob, destination)
    return reused
  }
  return await onSide('destination', destination.reference, find, operation.signal)
}

async function move(blob: Descriptor, ends: Moving): Promise<void> {
  const { source, destination } = ends
  await moveBody(blob, ends, async (body) => {
    const written = await destination.putBlob(body, { ...blob, from: source.reference }, ends.operation)
    checkAnswer(written, blob, destination)
  })
}

async function learn(layer: Descriptor, learning: Learning, ends: CountedEnds): Promise<Digest | undefined> {
  if (learning === 'welcome') {
    return (await reuse(layer, ends)) ? undefined : await moveLearning(layer, learning, ends)
  }
  // What is there has to be read nevertheless, and counts as what it costs.
  const isThere = (await findReusable(layer, ends)) !== undefined
  const found = isThere ? undefined : await moveLearning(layer, learning, ends)
  return found ?? (await readDiffId(layer, ends))
}

function moveLearning(layer: Descriptor, learning: Learning, ends: CountedEnds): Promise<Digest | undefined> {
  const { source, destination, operation } = ends
  return moveBody(layer, { ...ends, lease: undefined }, async (body) => {
    const passing = ofSource(diffIdBody(body, layer, learning), layer, ends)
    const written = await destination.putBlob(passing, { ...layer, from: source.reference }, operation)
    checkAnswer(written, layer, destination)
    return passing.diffId()
  })
}

async function readDiffId(layer: Descriptor, ends: CountedEnds): Promise<Digest> {
  const found = await moveBody(layer, { ...ends, lease: undefined }, async (body) => {
    const passing = ofSource(diffIdBody(body, layer, 'needed'), layer, ends)
    for await (const chunk of passing.open()) recycle(chunk)
    return passing.diffId()
  })
  if (found === undefined) throw new TypeError(`the layer ${layer.digest} was read without an end`)
  return found
}

/** The digest that the packed bytes will have is not known before the destination has computed it. */
async function movePacked(layer: Descriptor, options: PackedBodyOptions, ends: CountedEnds): Promise<PackedLayer> {
  const { destination, operation } = ends
  const { format } = options.packing
  return await moveBody(layer, { ...ends, lease: undefined }, async (body) => {
    const packed = ofSource(packedBody(body, layer, options), layer, ends)
    const { digest, size } = await destination.putBlob(packed, {}, operation)
    return { edit: { digest, size, compression: format }, diffId: packed.diffId() ?? plainDigest(digest, format) }
  })
}

/** What it unpacks to is news then, and not the digest that the destination computes. */
function isUnpackedFirst({ mediaType }: Descriptor, { format }: Packing): boolean {
  return format !== 'none' && (layerCompression(mediaType) ?? 'none') !== 'none'
}

function plainDigest(digest: Digest, format: Packing['format']): Digest | undefined {
  return format === 'none' ? digest : undefined
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
      if (!(failure instanceof ImageError) || operation.signal.aborted) throw failure
      const isElsewhere = hasOtherBytes(failure, blob, ends)
      if (!failure.retryable && !isElsewhere) throw failure
      moved += body.moved()
      if (body.moved() >= ENOUGH_PROGRESS_BYTES) attempt = 1
      if (attempt >= options.attempts && !isElsewhere) throw failure
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

/** Wrong bytes come again, unless the source has another place to read from. */
function hasOtherBytes(
  { code, side, retryable }: ImageError,
  { digest }: Descriptor,
  { source }: CountedEnds,
): boolean {
  return code === 'DIGEST_MISMATCH' && side === 'source' && !retryable && source.distrustBlob?.(digest) === true
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
