import { createHasher, digestAlgorithm, ImageError, type BlobBody, type Digest, type Hasher } from '@crossdock/core'
import { verifyBlob } from '@crossdock/streams'
import { errorNumber, naming } from '../errors.ts'
import { createFileWriter } from './file-writer.ts'
import { publicMode } from './files.ts'
import { hashPrefix } from './hash-prefix.ts'
import { takePartial, type PartialFile } from './partial.ts'
import { blobPath, type BlobPaths } from './paths.ts'
import { createAlgorithmFolder } from './prepare.ts'
import { untilAborted } from './until-aborted.ts'

export interface WriteBlobOptions {
  /** Default: not known, a sha256 digest is computed. */
  readonly digest?: Digest | undefined
  readonly size?: number | undefined
  readonly durable: boolean
  /** Whether to go on from what an interrupted run left, and to leave something for the next one. */
  readonly resume: boolean
  readonly signal?: AbortSignal | undefined
}

export interface WrittenBlob {
  readonly digest: Digest
  readonly size: number
}

/**
 * Writes a blob and verifies it on the way; it gets its name only after digest and size held. An interruption leaves the bytes
 * that came for the next call, which hashes them and opens the body behind them. Throws `DIGEST_MISMATCH`, and `IO` naming
 * the path.
 */
export async function writeBlob(blobs: BlobPaths, body: BlobBody, options: WriteBlobOptions): Promise<WrittenBlob> {
  const file = await takePartial(blobs, options.digest, { fresh: !options.resume })
  let written: WrittenBlob
  try {
    written =
      options.digest === undefined
        ? await writeUnnamed(file, body, options)
        : await writeNamed(file, body, { ...options, digest: options.digest })
    await naming('write', file.path, async () => {
      await file.handle.chmod(publicMode())
      if (options.durable) await file.handle.sync()
    })
    await createAlgorithmFolder(blobs, written.digest)
  } catch (reason) {
    if (options.resume && options.digest !== undefined && isWorthKeeping(reason)) await file.keep()
    else await file.discard()
    throw reason
  }
  await file.publish(blobPath(blobs, written.digest))
  return written
}

/** Wrong bytes are of no use, and on a full disk the room is needed more than the head of a blob. */
function isWorthKeeping(reason: unknown): boolean {
  if (!(reason instanceof ImageError)) return true
  if (reason.code === 'DIGEST_MISMATCH') return false
  return !['ENOSPC', 'EDQUOT', 'EFBIG'].includes(errorNumber(reason.cause) ?? '')
}

type NamedOptions = WriteBlobOptions & { readonly digest: Digest }

async function writeNamed(file: PartialFile, body: BlobBody, options: NamedOptions): Promise<WrittenBlob> {
  const { digest, size, signal } = options
  const hasher = createHasher(digestAlgorithm(digest))
  const usable = size === undefined || file.size <= size
  const kept = await naming('read', file.path, () =>
    hashPrefix(file.handle, { hasher, size: usable ? file.size : 0, signal }),
  )
  if (kept < file.size) await truncate(file)
  try {
    return await writeRest(file, body, { ...options, kept, hasher })
  } catch (reason) {
    if (kept === 0 || !(reason instanceof ImageError) || reason.code !== 'DIGEST_MISMATCH') throw reason
    // The kept head may be what was wrong, and it is gone now.
    const message = `${reason.message}; it was put together with what an earlier run left, so try again from the beginning`
    throw new ImageError('DIGEST_MISMATCH', message, { retryable: true, cause: reason })
  }
}

type RestOptions = NamedOptions & { readonly kept: number; readonly hasher: Hasher }

async function writeRest(file: PartialFile, body: BlobBody, options: RestOptions): Promise<WrittenBlob> {
  const { digest, size, kept, hasher, signal } = options
  const rest = kept > 0 && kept === size ? noBytes() : body.open(kept)
  const verified = verifyBlob(untilAborted(rest, signal), { digest, size }, { kept: { hasher, size: kept } })
  return { digest, size: await writeChunks(file, verified, { from: kept, durable: options.durable }) }
}

async function writeUnnamed(file: PartialFile, body: BlobBody, options: WriteBlobOptions): Promise<WrittenBlob> {
  const hasher = createHasher('sha256')
  const chunks = hashed(untilAborted(body.open(), options.signal), hasher)
  const size = await writeChunks(file, chunks, { from: 0, durable: options.durable })
  if (options.size !== undefined && options.size !== size) {
    throw new ImageError('DIGEST_MISMATCH', `a blob should have ${options.size} bytes, but ${size} came`)
  }
  return { digest: hasher.digest(), size }
}

async function* hashed(body: AsyncIterable<Uint8Array>, hasher: Hasher): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    hasher.update(chunk)
    yield chunk
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

async function truncate(file: PartialFile): Promise<void> {
  await naming('write', file.path, () => file.handle.truncate(0))
}

/** Returns where the file ends. What came before an interruption is written all the same. */
async function writeChunks(
  file: PartialFile,
  chunks: AsyncIterable<Uint8Array>,
  { from, durable }: { readonly from: number; readonly durable: boolean },
): Promise<number> {
  const { handle, path } = file
  const writer = createFileWriter({ handle, path, position: from, durable })
  try {
    for await (const chunk of chunks) await writer.write(chunk)
  } catch (reason) {
    await writer.finish().catch(() => undefined) // the first failure is the one to tell
    throw reason
  }
  return await writer.finish()
}
