import {
  CONTRACT,
  dockerPolicyIdentity,
  type DockerReference,
  type ImageDestination,
  type ImageReference,
  type ImageSource,
  type ImageTransport,
  type OperationOptions,
} from '@crossdock/core'
import { openDestination } from './destination.ts'
import { type DockerDaemonTransportOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { validateScope } from './policy.ts'
import { type DaemonLocation, formatLocation, parseLocation } from './reference.ts'
import { openSource } from './source.ts'

/** An image of an engine. Policies cannot name one that is known by its ID. */
export interface DockerDaemonReference extends ImageReference {
  readonly transport: DockerDaemonTransport
  openSource(options?: OperationOptions): Promise<ImageSource>
}

export type DockerDaemonTransport = ImageTransport<'docker-daemon', DockerDaemonReference>

/** `docker-daemon:`, images of a Docker Engine, or of what speaks its API. Throws `INVALID_DATA` for options that make no sense. */
export function dockerDaemonTransport(options: DockerDaemonTransportOptions = {}): DockerDaemonTransport {
  const resolved = resolveOptions(options)
  const transport: DockerDaemonTransport = {
    '~transport': { contract: CONTRACT, vendor: '@crossdock/transport-docker-daemon' },
    name: 'docker-daemon',
    parseReference: (text) => createReference(transport, parseLocation(text), resolved),
    validatePolicyScope: validateScope,
  }
  return Object.freeze(transport)
}

function createReference(
  transport: DockerDaemonTransport,
  location: DaemonLocation,
  options: ResolvedOptions,
): DockerDaemonReference {
  const text = formatLocation(location)
  const reference: DockerDaemonReference = {
    transport,
    toString: () => text,
    ...(options.host !== undefined && { service: options.host }),
    openSource: (operation) => openSource({ reference, location, options }, operation),
    ...('name' in location && named(location.name)),
  }
  function named(name: DockerReference): Pick<ImageReference, 'dockerReference' | 'policy' | 'openDestination'> {
    return {
      dockerReference: name,
      policy: dockerPolicyIdentity(name),
      // An engine gives names to images, but no digests.
      ...(name.digest === undefined && {
        openDestination: (operation?: OperationOptions): Promise<ImageDestination> =>
          openDestination({ reference, name, options }, operation),
      }),
    }
  }
  return Object.freeze(reference)
}
