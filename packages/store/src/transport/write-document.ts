import { createFolderOf, replaceFile } from '@crossdock/blob-files'
import type { Descriptor, OperationOptions } from '@crossdock/core'
import type { Session } from './session.ts'

const BLOB_MODE = 0o444

/** Writes bytes that are those of the descriptor, unless they are there. */
export async function writeDocument(
  { keeper, trust, needed, paths, context }: Session,
  descriptor: Descriptor,
  bytes: Uint8Array,
  operation: OperationOptions = {},
): Promise<void> {
  const { blobs } = paths
  const { digest } = descriptor
  await keeper.keep(descriptor, operation)
  if (!(await trust.holds(descriptor, operation))) {
    await createFolderOf(blobs, digest)
    const { durable } = context
    // Folders are flushed once for all, in commit.
    await replaceFile(blobs.pathOf(digest), { bytes, work: blobs.work, durable, syncFolder: false, mode: BLOB_MODE })
    await trust.record(digest)
  }
  needed.add(digest)
}
