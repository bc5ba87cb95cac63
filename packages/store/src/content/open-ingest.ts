import { dirname } from 'node:path'
import { createFolderOf, naming, syncFolder } from '@crossdock/blob-files'
import { rename } from 'node:fs/promises'
import { type Descriptor, type Digest, ImageError, type OperationOptions } from '@crossdock/core'
import { createLimiter } from '@crossdock/streams'
import type { CommitIngestOptions, CommittedContent, ContentInfo, Ingest } from '../contents.ts'
import { checkLabels, type Labels } from '../labels.ts'
import type { StoreContext } from '../store-context.ts'
import { blobMode } from './blob-mode.ts'
import type { ContentFiles } from './content-files.ts'
import { recordContent } from './content-rows.ts'
import type { IngestData } from './ingest-data.ts'
import { type IngestNote, removeIngest, writeNote } from './ingest-folder.ts'
import type { RefLock } from './ref-lock.ts'

export interface IngestParts {
  readonly context: StoreContext
  readonly files: ContentFiles
  readonly folder: string
  readonly note: IngestNote
  readonly data: IngestData
  readonly lock: RefLock
  readonly updatedAt: Date
}

/** What is being committed. */
interface Commit extends Pick<Descriptor, 'digest' | 'size'>, Pick<OperationOptions, 'signal'> {
  readonly labels: Labels
}

/** An ingest whose lock is held; what is called at once is done one after the other. */
export function openIngest(parts: IngestParts): Ingest {
  const { data, note, context } = parts
  const turns = createLimiter(1)
  let { updatedAt } = parts
  let isClosed = false

  function requireOpen(): void {
    if (isClosed) throw new ImageError('CONFLICT', 'this ingest was closed or committed; open it again')
  }

  async function change(work: () => Promise<void>): Promise<void> {
    await turns.run(async () => {
      requireOpen()
      await work()
      updatedAt = new Date(Math.max(updatedAt.getTime(), context.clock.now()))
    })
  }

  async function commit(options: CommitIngestOptions = {}): Promise<CommittedContent> {
    requireOpen()
    isClosed = true
    let committed: CommittedContent
    try {
      committed = await publish(parts, await checkCommit(parts, options))
    } catch (reason) {
      await keep(parts, updatedAt)
      throw reason
    }
    await forget(parts)
    return committed
  }

  return {
    ref: note.ref,
    status: () => ({
      ref: note.ref,
      offset: data.offset,
      total: note.total,
      expected: note.expected,
      startedAt: note.startedAt,
      updatedAt,
    }),
    digest: () => data.digest(),
    write: (chunk) => change(() => data.append(chunk)),
    truncate: () =>
      change(async () => {
        if (note.flushed > 0) await writeNote(parts.files.paths, parts.folder, { ...note, flushed: 0 })
        await data.truncate()
      }),
    commit: (options) => turns.run(() => commit(options)),
    [Symbol.asyncDispose]: () =>
      turns.run(async () => {
        if (isClosed) return
        isClosed = true
        await keep(parts, updatedAt)
      }),
  }
}

async function checkCommit({ data, note }: IngestParts, options: CommitIngestOptions): Promise<Commit> {
  const { size = note.total, digest = note.expected, signal } = options
  signal?.throwIfAborted()
  const labels = checkLabels(options.labels ?? {})
  const there = data.offset
  if (size !== undefined && size !== there)
    throw new ImageError('INVALID_DATA', `a blob should have ${size} bytes, but ${there} came; they are kept`)
  const actual = digest === undefined ? data.digest() : await data.digestLike(digest, signal)
  if (digest === undefined || actual === digest) return { digest: actual, size: there, labels, signal }
  throw new ImageError('DIGEST_MISMATCH', `the content should be ${digest}, but its ${there} bytes are ${actual}`)
}

/**
 * Flush, record, rename, flush the folder: whatever ends this, either there is no such blob or it is whole and has its labels. A blob that
 * is there is looked at again after it was recorded, when no collection can remove it any more.
 */
async function publish(parts: IngestParts, commit: Commit): Promise<CommittedContent> {
  const { files } = parts
  const { digest, signal } = commit
  const existed = (await files.whole(digest, { signal })) !== undefined
  if (!existed) await finishData(parts, commit)
  const info = await record(parts, commit)
  if (existed && (await files.whole(digest, { signal })) !== undefined) return { info, existed }
  if (existed) await finishData(parts, commit)
  await move(parts, digest)
  return { info, existed: false }
}

async function finishData({ data, files, context }: IngestParts, { digest, signal }: Commit): Promise<void> {
  await data.settle(signal)
  signal?.throwIfAborted()
  await naming('write', data.path, async () => {
    await data.handle.chmod(blobMode())
    if (context.durable) await data.handle.sync()
  })
  await createFolderOf(files.paths.blobs, digest)
}

async function record({ context, lock }: IngestParts, { labels, signal, ...blob }: Commit): Promise<ContentInfo> {
  await lock.assertHeld()
  return await context.database.write((sql) => recordContent(sql, context, blob, { labels }), { signal })
}

async function move({ data, files, lock, context }: IngestParts, digest: Digest): Promise<void> {
  const { blobs } = files.paths
  const target = blobs.pathOf(digest)
  await lock.assertHeld()
  await naming('rename a finished blob to', target, () => rename(data.path, target))
  if (context.durable) for (const folder of [dirname(target), blobs.folder]) await syncFolder(folder)
  await files.trust.record(digest)
}

/** Leaves the bytes for a later one, and notes how many of them outlive a power cut. */
async function keep({ data, note, files, folder, lock, context }: IngestParts, updatedAt: Date): Promise<void> {
  try {
    if (context.durable) {
      await data.handle.datasync()
      await writeNote(files.paths, folder, { ...note, flushed: data.offset })
    }
    await data.handle.utimes(updatedAt, updatedAt)
  } catch {
    // The disk is full, say: then fewer bytes count after the machine was started again.
  } finally {
    await data.handle.close()
    await lock[Symbol.asyncDispose]()
  }
}

async function forget({ data, files, folder, lock }: IngestParts): Promise<void> {
  await data.handle.close()
  await removeIngest(files.paths, folder)
  await lock[Symbol.asyncDispose]()
}
