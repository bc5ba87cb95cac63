import { ImageError, imageName, type OperationOptions, quoteForeign, type Side } from '@crossdock/core'
import { raceSignal } from '@crossdock/streams'
import type { RegistryRoute } from '../registries.ts'
import type { DockerImageReference } from '../transport.ts'
import type { Session } from './session.ts'

const NOTHING_CONFIGURED: RegistryRoute = { sources: [], insecure: false }

/**
 * What is configured for the image, before anything is asked of anybody. Throws `REJECTED_BY_POLICY` if its registry is blocked: that is
 * decided here, and no credentials change it.
 */
export async function findRoute(
  { options }: Session,
  image: DockerImageReference,
  { side, operation }: { readonly side?: Side | undefined; readonly operation?: OperationOptions | undefined },
): Promise<RegistryRoute> {
  operation?.signal?.throwIfAborted()
  if (options.registries === undefined) return NOTHING_CONFIGURED
  const found = await raceSignal(Promise.resolve(options.registries(image.dockerReference)), operation?.signal)
  if (found?.blocked === undefined) return found ?? NOTHING_CONFIGURED
  const name = imageName(image)
  throw new ImageError(
    'REJECTED_BY_POLICY',
    `${name}: ${quoteForeign(found.blocked)}: nothing is read, written, listed or deleted there; change that if it is wrong`,
    { side, image: name },
  )
}
