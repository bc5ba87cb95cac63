import { createDockerArchiveDestination, createStreamWriter, type TarHeaderInput } from '@crossdock/archive'
import {
  type DockerReference,
  type ImageDestination,
  type ImageReference,
  type OperationOptions,
} from '@crossdock/core'
import { openEngine } from './client/engine.ts'
import type { ResolvedOptions } from './options.ts'

/** A name that is being written. */
export interface OpenDestinationOptions {
  readonly reference: ImageReference
  readonly name: DockerReference
  readonly options: ResolvedOptions
}

/**
 * Opens a name of an engine for writing: a docker archive in one request, which begins with the first layer and whose image is there when the
 * request has ended. Throws `INVALID_DATA` for a host that is none.
 */
export async function openDestination(
  { reference, name, options }: OpenDestinationOptions,
  { signal }: OperationOptions = {},
): Promise<ImageDestination> {
  signal?.throwIfAborted()
  const engine = await openEngine(options, signal)
  let members = 0
  // By number: a blob that failed is put again under another one, and nothing names the first.
  const memberOf = (): TarHeaderInput => ({ path: `layer-${members++}.tar` })
  return createDockerArchiveDestination({
    reference,
    writer: createStreamWriter({ ...options, open: (openSignal) => engine.load(openSignal), memberOf }),
    what: `the engine at ${engine.host.text}`,
    name,
    isForAll: false,
    systems: options.host === undefined ? systemsOfThisMachine() : undefined,
  })
}

/**
 * An engine would load an image of another system and could not run it. On Windows it may have been switched to either kind, and of another
 * machine's engine nothing is known.
 */
function systemsOfThisMachine(): readonly string[] | undefined {
  return ['linux', 'darwin'].includes(process.platform) ? ['linux'] : undefined
}
