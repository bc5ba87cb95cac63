import type { ImageReference, ImageSource, ImageTransport, OperationOptions } from '@crossdock/core'
import {
  type ArchiveTransportOptions,
  dockerArchiveDefinition,
  resolveArchiveOptions,
  type ResolvedArchiveOptions,
} from '../options.ts'
import { absolute } from '../open-file.ts'
import { processStreams } from '../standard-streams.ts'
import { openDestination } from './destination.ts'
import type { OpenOptions } from './open-options.ts'
import { type DockerArchiveLocation, formatLocation, parseLocation, refuseScope } from './reference.ts'
import { listNames, openSource } from './source.ts'

/** An image in a docker archive, or the archive. Policies cannot name it: it has no identity. */
export interface DockerArchiveReference extends ImageReference, DockerArchiveLocation {
  readonly transport: DockerArchiveTransport
  /** `-`, or `path` made absolute when the reference was parsed: changing the working directory later does not move it. */
  readonly file: string
  openSource(options?: OperationOptions): Promise<ImageSource>
  tags(options?: OperationOptions): AsyncIterable<string>
}

export type DockerArchiveTransport = ImageTransport<'docker-archive', DockerArchiveReference>

/** `docker-archive:`, what `docker save` writes and `docker load` reads. Throws `INVALID_DATA` for options that make no sense. */
export function dockerArchiveTransport(options: ArchiveTransportOptions = {}): DockerArchiveTransport {
  const resolved = resolveArchiveOptions(options, dockerArchiveDefinition)
  const transport: DockerArchiveTransport = {
    '~transport': { contract: 1, vendor: '@crossdock/transport-tarball' },
    name: 'docker-archive',
    parseReference: (text) => createReference(transport, parseLocation(text), resolved),
    validatePolicyScope: refuseScope,
  }
  return Object.freeze(transport)
}

function createReference(
  transport: DockerArchiveTransport,
  location: DockerArchiveLocation,
  options: ResolvedArchiveOptions,
): DockerArchiveReference {
  const file = absolute(location.path)
  const text = formatLocation(location)
  const { name, index } = location
  const open = (): OpenOptions => ({ reference, file, selection: { name, index }, options, streams: processStreams })
  const reference: DockerArchiveReference = {
    transport,
    ...location,
    file,
    ...(name !== undefined && { dockerReference: name }),
    toString: () => text,
    openSource: (operation) => openSource(open(), operation),
    tags: (operation) => listNames(open(), operation),
    // A place in the list is for reading: what is written is an archive of one image.
    ...(index === undefined && {
      openDestination: (operation?: OperationOptions) => openDestination(open(), operation),
    }),
  }
  return Object.freeze(reference)
}
