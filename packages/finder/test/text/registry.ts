import { createTransportRegistry, ImageError, type ImageTransport, type TransportRegistry } from '@crossdock/core'

/** The names of the transports that the command has. */
export const TRANSPORTS: readonly string[] = [
  'docker',
  'oci',
  'dir',
  'oci-archive',
  'docker-archive',
  'aci',
  'tarball',
  'docker-daemon',
  'https',
  'http',
  'appc',
  'store',
]

/** A registry with transports that have these names and read nothing: reading a text must not need it. */
export function registryOf(names: readonly string[] = TRANSPORTS): TransportRegistry {
  return createTransportRegistry(names.map(named))
}

function named(name: string): ImageTransport {
  return {
    '~transport': { contract: 1, vendor: 'test' },
    name,
    parseReference: () => {
      throw new ImageError('CONFLICT', 'a reference was read')
    },
    validatePolicyScope: () => {},
  }
}
