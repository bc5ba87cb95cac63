import { ImageError, type OperationOptions } from '@crossdock/core'
import { changeNames, namesOfDigest } from './change-names.ts'
import { findRecord } from './find-target.ts'
import type { Opened } from './opened.ts'

/**
 * Removes the name, or every name of a digest; with both, the name if it stands for that. What nothing leads to any more goes with the next
 * collection. Throws `NOT_FOUND`.
 */
export async function deleteImage(found: Opened, operation: OperationOptions = {}): Promise<void> {
  operation.signal?.throwIfAborted()
  const { context } = found
  await context.projection.refresh(operation)
  const remove = await namesToRemove(found, operation)
  await context.layout.exclusively(async (layout) => {
    await layout.sync(operation)
    await changeNames(found, { remove }, operation)
    await layout.sync(operation)
  }, operation)
}

async function namesToRemove(found: Opened, operation: OperationOptions): Promise<readonly string[]> {
  const { name, digest } = found.location
  if (name === undefined && digest !== undefined) {
    const names = await namesOfDigest(found.context, digest, operation)
    if (names.length > 0) return names
    throw new ImageError('NOT_FOUND', `no image of the store has the digest ${digest}`)
  }
  const record = await findRecord(found, operation)
  if (digest === undefined || record.target.digest === digest) return [record.name]
  throw new ImageError('NOT_FOUND', `the image "${record.name}" stands for ${record.target.digest}, not for ${digest}`)
}
