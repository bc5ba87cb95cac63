import { createHasher, digestAlgorithm, ImageError, type BlobBody, type Digest, type Hasher } from '@crossdock/core'
import { naming } from './file-errors.ts'
import { type Coverage, createCoverage, type Span } from './coverage.ts'
import { fetchParts } from './fetch-parts.ts'
import { createFlusher, type Flusher } from './flusher.ts'
import { createGrowth, type Growth } from './growth.ts'
import { hashParts } from './hash-parts.ts'
import { hashRange } from './hash-range.ts'
import { createHead } from './head.ts'
import type { PartialFile } from './partial.ts'
import { createPartJournal, readParts } from './part-journal.ts'

export interface FillOptions {
  readonly digest: Digest
  /** Default: not known; the digest alone decides. */
  readonly size?: number | undefined
  readonly durable: boolean
  readonly signal?: AbortSignal | undefined
  /** Says how many parts at once are best. Default: finds it out. */
  readonly growth?: Growth | undefined
}

interface Filling extends Omit<FillOptions, 'signal'> {
  readonly signal: AbortSignal
  /** Aborts `signal`. */
  readonly stop: AbortController
  readonly file: PartialFile
  readonly hasher: Hasher
  readonly flusher: Flusher | undefined
  readonly growth: Growth
}

/** Less is not worth another connection. */
const WORTH_PARTS_BYTES = 16 * 1024 * 1024

/**
 * Fills the file with the blob and verifies it; answers with its size. First in one go, hashing what comes; then, if several parts at
 * once promise to be faster, in parts, hashing what is in the file. Throws `DIGEST_MISMATCH`.
 */
export async function fillNamed(file: PartialFile, body: BlobBody, options: FillOptions): Promise<number> {
  const { digest, size, durable } = options
  const stop = new AbortController()
  const filling: Filling = {
    ...options,
    stop,
    signal: options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]),
    file,
    hasher: createHasher(digestAlgorithm(digest)),
    flusher: durable ? createFlusher(file) : undefined,
    growth: options.growth ?? createGrowth(),
  }
  const parts = size === undefined ? [] : await readParts({ handle: file.handle, blobSize: size }, file.size)
  const coverage = createCoverage(size === undefined ? [{ from: 0, to: file.size }] : parts)
  const kept = coverage.reach(0)
  try {
    const filled = await fill(filling, body, coverage)
    await filling.flusher?.settle()
    return filled
  } catch (reason) {
    await filling.flusher?.settle().catch(() => undefined) // the file is about to be closed
    throw parts.length > 0 || kept > 0 ? withHint(reason) : reason
  }
}

async function fill(filling: Filling, body: BlobBody, coverage: Coverage): Promise<number> {
  const { file, hasher, size, signal } = filling
  const hasIslands = size !== undefined && coverage.gaps(size).some(({ to }) => to < size)
  if (hasIslands) return await fillInParts(filling, body, { size, coverage, gaps: coverage.gaps(size), hashed: 0 })
  const to = coverage.reach(0)
  const kept = await naming('read', file.path, () => hashRange(file.handle, { hasher, to, signal }))
  // Notes of parts that turned out to be one head, or a head that is too long to be one.
  if (kept < file.size) await truncate(file, kept)
  const head = createHead(body, { ...filling, kept })
  try {
    const isAll = await head.readWhile(() => !isWorthParts(filling, body, head.position))
    if (isAll || size === undefined) return head.position
    await head.close()
    const reached = { from: 0, to: head.position }
    const gaps = [{ from: head.position, to: size }]
    return await fillInParts(filling, body, { size, coverage: createCoverage([reached]), gaps, hashed: head.position })
  } finally {
    await head.close()
  }
}

function isWorthParts({ size, growth }: Filling, body: BlobBody, position: number): boolean {
  if (body.lease === undefined || size === undefined || size - position < WORTH_PARTS_BYTES) return false
  return growth.wanted(1) > 1 && isGranted(body)
}

/** Whether parts would be granted now. */
function isGranted(body: BlobBody): boolean {
  const release = body.lease?.()
  release?.()
  return release !== undefined
}

interface PartsState {
  readonly size: number
  readonly coverage: Coverage
  /** What the parts are to fill. */
  readonly gaps: readonly Span[]
  /** Bytes from the beginning that the hasher has seen. */
  readonly hashed: number
}

async function fillInParts(filling: Filling, body: BlobBody, state: PartsState): Promise<number> {
  const { file, hasher, digest, stop } = filling
  const { size, coverage, gaps, hashed } = state
  const { handle, path } = file
  const journal = await naming('write', path, () => createPartJournal({ handle, blobSize: size }, coverage.spans))
  const common = { ...filling, handle, path, size, coverage }
  const fetching = fetchParts(body, { ...common, gaps, journal })
  const hashing = hashParts({ ...common, from: hashed })
  try {
    await Promise.all([fetching, hashing])
  } catch (reason) {
    stop.abort(reason)
    await Promise.allSettled([fetching, hashing])
    throw reason
  } finally {
    await journal.settle()
  }
  await truncate(file, size)
  const actual = hasher.digest()
  if (actual === digest) return size
  throw new ImageError(
    'DIGEST_MISMATCH',
    `the content should be ${digest} but its ${size} bytes are ${actual}: it was damaged or replaced`,
  )
}

/** The kept bytes may be what was wrong, and they are gone now. */
function withHint(reason: unknown): unknown {
  if (!(reason instanceof ImageError) || reason.code !== 'DIGEST_MISMATCH') return reason
  const message = `${reason.message}; it was put together with what an earlier run left, so try again from the beginning`
  return new ImageError('DIGEST_MISMATCH', message, { retryable: true, cause: reason })
}

async function truncate(file: PartialFile, size: number): Promise<void> {
  await naming('write', file.path, () => file.handle.truncate(size))
}
