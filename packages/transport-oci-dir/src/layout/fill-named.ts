import { createHasher, digestAlgorithm, ImageError, type BlobBody, type Digest, type Hasher } from '@crossdock/core'
import { verifyBlob } from '@crossdock/streams'
import { naming } from '../errors.ts'
import { type Coverage, createCoverage } from './coverage.ts'
import { fetchParts } from './fetch-parts.ts'
import { createFileWriter } from './file-writer.ts'
import { createFlusher, type Flusher } from './flusher.ts'
import { createGrowth, type Growth } from './growth.ts'
import { hashParts } from './hash-parts.ts'
import { hashRange } from './hash-range.ts'
import type { PartialFile } from './partial.ts'
import { createPartJournal, readParts } from './part-journal.ts'
import { untilAborted } from './until-aborted.ts'

export interface FillOptions {
  readonly digest: Digest
  /** Default: not known; the digest alone decides. */
  readonly size?: number | undefined
  readonly durable: boolean
  readonly signal?: AbortSignal | undefined
  /** Says how many parts at once are best. Default: finds it out. */
  readonly growth?: Growth | undefined
}

interface Filling extends FillOptions {
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
  const filling: Filling = {
    ...options,
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
  const kept = coverage.reach(0)
  const hasIslands = size !== undefined && coverage.gaps(size).some(({ to }) => to < size)
  if (hasIslands) return await fillInParts(filling, body, { size, coverage, hashed: 0 })
  const hashed = await naming('read', file.path, () => hashRange(file.handle, { hasher, to: kept, signal }))
  // Notes of parts that turned out to be one head, or a head that is too long to be one.
  if (hashed < file.size) await truncate(file, hashed)
  const position = await fillInOneGo(filling, body, hashed)
  if (size === undefined || position === size) return position
  return await fillInParts(filling, body, {
    size,
    coverage: createCoverage([{ from: 0, to: position }]),
    hashed: position,
  })
}

/** Returns where it stopped: at the end, or where parts are to go on. */
async function fillInOneGo(filling: Filling, body: BlobBody, kept: number): Promise<number> {
  const { file, hasher, flusher, growth, digest, size, signal } = filling
  const rest = kept > 0 && kept === size ? noBytes() : body.open(kept)
  const verified = verifyBlob(untilAborted(rest, signal), { digest, size }, { kept: { hasher, size: kept } })
  const writer = createFileWriter({ ...file, position: kept, onWritten: (bytes) => flusher?.wrote(bytes) })
  let position = kept
  try {
    for await (const chunk of verified) {
      position += chunk.byteLength
      growth.came(chunk.byteLength)
      await writer.write(chunk)
      const isWorthIt = body.lease !== undefined && size !== undefined && size - position >= WORTH_PARTS_BYTES
      if (isWorthIt && growth.wanted(1) > 1 && isGranted(body)) break
    }
  } catch (reason) {
    await writer.finish().catch(() => undefined) // the first failure is the one to tell
    throw reason
  }
  return await writer.finish()
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
  /** Bytes from the beginning that the hasher has seen. */
  readonly hashed: number
}

async function fillInParts(filling: Filling, body: BlobBody, { size, coverage, hashed }: PartsState): Promise<number> {
  const { file, hasher, digest } = filling
  const { handle, path } = file
  const journal = await naming('write', path, () => createPartJournal({ handle, blobSize: size }, coverage.spans))
  const stop = new AbortController()
  const signal = filling.signal === undefined ? stop.signal : AbortSignal.any([filling.signal, stop.signal])
  const common = { ...filling, handle, path, size, coverage, signal }
  const fetching = fetchParts(body, { ...common, journal })
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

async function* noBytes(): AsyncGenerator<Uint8Array> {}
