import { createHasher, ImageError, type BlobBody, type Digest } from '@crossdock/core'
import { untilAborted } from '@crossdock/streams'
import { errorNumber, naming } from './file-errors.ts'
import { type FillOptions, fillNamed } from './fill-named.ts'
import { createFileWriter } from './file-writer.ts'
import { publicMode } from './files.ts'
import { createFlusher } from './flusher.ts'
import type { Leftovers } from './leftovers.ts'
import { takePartial, type PartialFile } from './partial.ts'
import type { BlobPaths } from './blob-paths.ts'
import { createFolderOf } from './folders.ts'

export interface WriteBlobOptions extends Pick<FillOptions, 'growth'> {
  /** Default: not known, a sha256 digest is computed. */
  readonly digest?: Digest | undefined
  readonly size?: number | undefined
  readonly durable: boolean
  /** Whether to go on from what an interrupted run left, and to leave something for the next one. */
  readonly resume: boolean
  readonly leftovers: Leftovers
  /** Permission bits of the finished file. Default: as the umask lets everybody read. */
  readonly mode?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface WrittenBlob {
  readonly digest: Digest
  readonly size: number
}

/**
 * Writes a blob and verifies it on the way; it gets its name only after digest and size held. An interruption leaves the bytes
 * that came for the next call, which hashes them and asks the body for what is missing. Throws `DIGEST_MISMATCH`, and `IO`
 * naming the path.
 */
export async function writeBlob(blobs: BlobPaths, body: BlobBody, options: WriteBlobOptions): Promise<WrittenBlob> {
  const { digest, durable, resume, leftovers, mode = publicMode() } = options
  const file = await takePartial(blobs, { digest, leftovers, fresh: !resume })
  let written: WrittenBlob
  try {
    written =
      digest === undefined
        ? await fillUnnamed(file, body, options)
        : { digest, size: await fillNamed(file, body, { ...options, digest }) }
    await naming('write', file.path, async () => {
      await file.handle.chmod(mode)
      if (durable) await file.handle.sync()
    })
    await createFolderOf(blobs, written.digest)
  } catch (reason) {
    if (resume && digest !== undefined && isWorthKeeping(reason)) {
      await file.keep()
      leftovers.kept(digest)
    } else await file.discard()
    throw reason
  }
  await file.publish(blobs.pathOf(written.digest))
  return written
}

/** Wrong bytes are of no use, and on a full disk the room is needed more than the head of a blob. */
function isWorthKeeping(reason: unknown): boolean {
  if (!(reason instanceof ImageError)) return true
  if (reason.code === 'DIGEST_MISMATCH' || reason.code === 'LIMIT_EXCEEDED') return false
  return !['ENOSPC', 'EDQUOT', 'EFBIG'].includes(errorNumber(reason.cause) ?? '')
}

async function fillUnnamed(file: PartialFile, body: BlobBody, options: WriteBlobOptions): Promise<WrittenBlob> {
  const hasher = createHasher('sha256')
  const flusher = options.durable ? createFlusher(file) : undefined
  const writer = createFileWriter({ ...file, position: 0, onWritten: (bytes) => flusher?.wrote(bytes) })
  try {
    for await (const chunk of untilAborted(body.open(), options.signal)) {
      hasher.update(chunk)
      await writer.write(chunk)
    }
  } catch (reason) {
    await writer.finish().catch(() => undefined) // the first failure is the one to tell
    throw reason
  }
  const size = await writer.finish()
  await flusher?.settle()
  if (options.size !== undefined && options.size !== size) {
    throw new ImageError('DIGEST_MISMATCH', `a blob should have ${options.size} bytes, but ${size} came`)
  }
  return { digest: hasher.digest(), size }
}
