import { indexArchive, type RandomAccess, spool } from '@crossdock/archive'
import type { ImageReference, ImageSource, OperationOptions } from '@crossdock/core'
import { openEngine } from './client/engine.ts'
import { throwErrorAtEnd } from './client/error-at-end.ts'
import type { ResolvedOptions } from './options.ts'
import { type DaemonLocation, explicitName, formatLocation } from './reference.ts'
import { openSavedImage } from './saved-image.ts'

/** A reference that is being read. */
export interface OpenSourceOptions {
  readonly reference: ImageReference
  readonly location: DaemonLocation
  readonly options: ResolvedOptions
}

/**
 * Has the engine save the image, all of it: what is in the archive is told at its end, so it is put into a file without a name and read
 * there. Throws `NOT_FOUND`, `UNAVAILABLE` if there is no engine, `FORBIDDEN`, `INVALID_DATA`, `LIMIT_EXCEEDED`.
 */
export async function openSource(
  { reference, location, options }: OpenSourceOptions,
  { signal }: OperationOptions = {},
): Promise<ImageSource> {
  signal?.throwIfAborted()
  const archive = await indexArchive(await save(location, options, signal), { signal })
  const wanted = 'id' in location ? {} : { digest: location.name.digest, name: explicitName(location) }
  return await openSavedImage(archive, {
    reference,
    ...wanted,
    maxUnpackedBytes: options.maxUnpackedBytes,
    signal,
  })
}

async function save(location: DaemonLocation, options: ResolvedOptions, signal?: AbortSignal): Promise<RandomAccess> {
  const engine = await openEngine(options, signal)
  const name = formatLocation(location)
  const what = `the archive that the engine at ${engine.host.text} gave of "${name}"`
  const { tmpDir, maxUnpackedBytes } = options
  const access = await spool(engine.save(name, signal), { folder: tmpDir, limitBytes: maxUnpackedBytes, what, signal })
  try {
    await throwErrorAtEnd(access, engine.host)
    return access
  } catch (reason) {
    await access[Symbol.asyncDispose]()
    throw reason
  }
}
