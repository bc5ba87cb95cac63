import { createDockerArchiveDestination, layerHeader } from '@crossdock/archive'
import { quotePath } from '@crossdock/blob-files'
import type { ImageDestination, OperationOptions } from '@crossdock/core'
import { openWriter } from '../open-writer.ts'
import { STANDARD } from '../standard-streams.ts'
import type { OpenOptions } from './open-options.ts'

/**
 * Opens a file for writing; an archive that is there is replaced by `commit`, and nothing is created before the first write. Standard output
 * gets the archive as it is made. Throws
 * `CONFLICT` if something else is there, `NOT_FOUND` if its folder is not.
 */
export async function openDestination(
  { reference, file, options, selection, streams }: OpenOptions,
  operation: OperationOptions = {},
): Promise<ImageDestination> {
  operation.signal?.throwIfAborted()
  const writer = await openWriter({ file, options, memberOf: layerHeader }, streams)
  operation.signal?.throwIfAborted()
  return createDockerArchiveDestination({
    reference,
    writer,
    what: file === STANDARD ? 'standard output' : quotePath(file),
    name: selection.name,
    isForAll: true,
  })
}
