import { dockerArchiveNames, openArchive, openDockerArchive } from '@crossdock/archive'
import type { ImageSource, OperationOptions } from '@crossdock/core'
import type { OpenOptions } from './open-options.ts'

/** Throws `NOT_FOUND` for a missing file or image, `CONFLICT` if the reference fits several, `INVALID_DATA`, `LIMIT_EXCEEDED`. */
export async function openSource(
  { reference, file, selection, options }: OpenOptions,
  { signal }: OperationOptions = {},
): Promise<ImageSource> {
  signal?.throwIfAborted()
  const archive = await openArchive(file, { ...options, signal })
  const { maxUnpackedBytes } = options
  return await openDockerArchive(archive, { reference, selection, maxUnpackedBytes, signal })
}

/** The names of all images in the archive. */
export async function* listNames(
  { file, options }: OpenOptions,
  { signal }: OperationOptions = {},
): AsyncGenerator<string> {
  signal?.throwIfAborted()
  await using archive = await openArchive(file, { ...options, signal })
  for (const name of await dockerArchiveNames(archive, signal)) {
    signal?.throwIfAborted()
    yield name
  }
}
