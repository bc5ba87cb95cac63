import { createDockerArchiveDestination, dockerArchiveNames, layerHeader } from '@crossdock/archive'
import { quotePath } from '@crossdock/blob-files'
import { formatDockerReference, type ImageDestination, type OperationOptions } from '@crossdock/core'
import type { Replaced } from '../check-replaced.ts'
import { openWriter } from '../open-writer.ts'
import { STANDARD } from '../standard-streams.ts'
import type { OpenOptions } from './open-options.ts'

/**
 * Opens a file for writing; an archive of the same image that is there is replaced by `commit`, and nothing is created before the first write.
 * Standard output gets the archive as it is made. Throws `CONFLICT` if something else is there, `NOT_FOUND` if its folder is not.
 */
export async function openDestination(
  { reference, file, options, selection, streams }: OpenOptions,
  operation: OperationOptions = {},
): Promise<ImageDestination> {
  operation.signal?.throwIfAborted()
  const { name } = selection
  const replaced: Replaced = {
    what: 'a docker archive',
    kinds: ['docker', 'docker-and-oci'],
    namesIn: dockerArchiveNames,
    name: name && formatDockerReference(name),
  }
  const { signal } = operation
  const writer = await openWriter({ file, options, memberOf: layerHeader, replaced, signal }, streams)
  operation.signal?.throwIfAborted()
  return createDockerArchiveDestination({
    reference,
    writer,
    what: file === STANDARD ? 'standard output' : quotePath(file),
    name,
    isForAll: true,
  })
}
