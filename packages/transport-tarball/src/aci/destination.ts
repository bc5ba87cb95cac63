import { checkTarget, createAciDestination } from '@crossdock/archive'
import { quotePath } from '@crossdock/blob-files'
import type { ImageDestination, OperationOptions } from '@crossdock/core'
import { checkReplacedAci } from '../check-replaced.ts'
import { STANDARD } from '../standard-streams.ts'
import type { OpenOptions } from './open-options.ts'
import { nameOfFile } from './reference.ts'

/**
 * Opens a file for writing; an App Container archive that is there is replaced by `commit`, and nothing is created beside it before. Throws
 * `CONFLICT` if something else is there, `NOT_FOUND` if its folder is not.
 */
export async function openDestination(
  { reference, file, location, options, streams }: OpenOptions,
  operation: OperationOptions = {},
): Promise<ImageDestination> {
  operation.signal?.throwIfAborted()
  const isStream = file === STANDARD
  if (!isStream) {
    await checkTarget(file)
    await checkReplacedAci(file, { ...options, signal: operation.signal })
  }
  operation.signal?.throwIfAborted()
  const { name, version } = location
  return createAciDestination({
    ...options,
    reference,
    what: isStream ? 'standard output' : quotePath(file),
    target: isStream ? { open: async () => streams.output() } : { path: file, durable: options.durable },
    name,
    version,
    defaultName: nameOfFile(file),
  })
}
