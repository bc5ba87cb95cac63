import { createDockerArchiveDestination } from '@crossdock/archive'
import {
  type DockerReference,
  ImageError,
  type ImageDestination,
  type ImageReference,
  type OperationOptions,
  quoteForeign,
} from '@crossdock/core'
import { parseImageConfig } from '@crossdock/formats'
import { openEngine } from './client/engine.ts'
import type { ResolvedOptions } from './options.ts'
import { createStreamWriter } from './stream-writer.ts'

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
  return createDockerArchiveDestination({
    reference,
    writer: createStreamWriter({ ...options, open: (openSignal) => engine.load(openSignal) }),
    what: `the engine at ${engine.host.text}`,
    name,
    layers: 'preserve',
    ...(options.host === undefined && { checkConfig: refuseOtherSystem }),
  })
}

/** Systems on which an engine runs images of linux and nothing else. On Windows it may have been switched to either kind. */
const LINUX_ENGINES: readonly string[] = ['linux', 'darwin']

/** Throws `UNSUPPORTED` for an image that the engine of this machine would load and could not run. */
function refuseOtherSystem(config: Uint8Array): void {
  const { os } = parseImageConfig(config)
  if (!LINUX_ENGINES.includes(process.platform) || os === undefined || os === '' || os === 'linux') return
  throw new ImageError(
    'UNSUPPORTED',
    `the image is for ${quoteForeign(os, 40)}, and the engine of this machine runs images for linux; choose another platform, or say which ` +
      'engine is meant by its host',
  )
}
