import type { ImageReference, ImageSource, ImageTransport, OperationOptions } from '@crossdock/core'
import { resolveTarballOptions, type ResolvedTarballOptions, type TarballTransportOptions } from '../options.ts'
import { formatLocation, parseLocation, refuseScope, type TarballLocation } from './reference.ts'
import { absolute } from '../open-file.ts'
import { processStreams } from '../standard-streams.ts'
import { openSource } from './source.ts'

/** Tar files as an image; for reading. Policies cannot name it: it has no identity. */
export interface TarballReference extends ImageReference, TarballLocation {
  readonly transport: TarballTransport
  /** `paths` made absolute when the reference was parsed, or `-`. */
  readonly files: readonly string[]
  openSource(options?: OperationOptions): Promise<ImageSource>
}

export type TarballTransport = ImageTransport<'tarball', TarballReference>

/** `tarball:`, tar files as the layers of an image that is made of them. Throws `INVALID_DATA` for options that make no sense. */
export function tarballTransport(options: TarballTransportOptions = {}): TarballTransport {
  const resolved = resolveTarballOptions(options)
  const transport: TarballTransport = {
    '~transport': { contract: 1, vendor: '@crossdock/transport-tarball' },
    name: 'tarball',
    parseReference: (text) => createReference(transport, parseLocation(text), resolved),
    validatePolicyScope: refuseScope,
  }
  return Object.freeze(transport)
}

function createReference(
  transport: TarballTransport,
  location: TarballLocation,
  options: ResolvedTarballOptions,
): TarballReference {
  const files = Object.freeze(location.paths.map(absolute))
  const text = formatLocation(location)
  const reference: TarballReference = {
    transport,
    ...location,
    files,
    toString: () => text,
    openSource: (operation) => openSource({ reference, files, options, stdin: processStreams.input }, operation),
  }
  return Object.freeze(reference)
}
