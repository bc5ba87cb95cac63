import { checkTarget, createArchiveWriter, createDockerArchiveDestination, layerHeader } from '@crossdock/archive'
import { quotePath } from '@crossdock/blob-files'
import type { ImageDestination, OperationOptions } from '@crossdock/core'
import type { OpenOptions } from './open-options.ts'

/**
 * Opens a file for writing; an archive that is there is replaced by `commit`, and nothing is created before the first write. Throws
 * `CONFLICT` if something else is there, `NOT_FOUND` if its folder is not.
 */
export async function openDestination(
  { reference, file, options, selection }: OpenOptions,
  operation: OperationOptions = {},
): Promise<ImageDestination> {
  operation.signal?.throwIfAborted()
  await checkTarget(file)
  operation.signal?.throwIfAborted()
  return createDockerArchiveDestination({
    reference,
    writer: createArchiveWriter({ path: file, durable: options.durable, memberOf: layerHeader }),
    what: quotePath(file),
    name: selection.name,
    layers: 'decompress',
  })
}
