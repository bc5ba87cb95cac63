import { dockerArchiveNames, openDockerArchive } from '@crossdock/archive'
import type { ImageSource, OperationOptions } from '@crossdock/core'
import { openInput } from '../open-file.ts'
import type { OpenOptions } from './open-options.ts'

/** Throws `NOT_FOUND` for a missing file or image, `CONFLICT` if the reference fits several, `INVALID_DATA`, `LIMIT_EXCEEDED`. */
export async function openSource(
  { reference, file, selection, options, streams }: OpenOptions,
  { signal }: OperationOptions = {},
): Promise<ImageSource> {
  signal?.throwIfAborted()
  const archive = await openInput(file, { ...options, signal }, streams)
  const { maxUnpackedBytes } = options
  return await openDockerArchive(archive, { reference, selection, maxUnpackedBytes, signal })
}

/** The names of all images in the archive. */
export async function* listNames(
  { file, options, streams }: OpenOptions,
  { signal }: OperationOptions = {},
): AsyncGenerator<string> {
  signal?.throwIfAborted()
  await using archive = await openInput(file, { ...options, signal }, streams)
  for (const name of await dockerArchiveNames(archive, signal)) {
    signal?.throwIfAborted()
    yield name
  }
}
