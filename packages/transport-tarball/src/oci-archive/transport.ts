import type { ImageReference, ImageSource, ImageTransport, OperationOptions, PolicyIdentity } from '@crossdock/core'
import { formatLayoutLocation, type LayoutLocation } from '@crossdock/formats'
import {
  type ArchiveTransportOptions,
  ociArchiveDefinition,
  resolveArchiveOptions,
  type ResolvedArchiveOptions,
} from '../options.ts'
import { absolute } from '../open-file.ts'
import { processStreams, STANDARD } from '../standard-streams.ts'
import { openDestination } from './destination.ts'
import type { OpenOptions } from './open-options.ts'
import { parseLocation, policyOf, validateScope } from './reference.ts'
import { listNames, openSource } from './source.ts'

/** An image in an OCI archive, or the archive. */
export interface OciArchiveReference extends ImageReference, LayoutLocation {
  readonly transport: OciArchiveTransport
  /** `-`, or `path` made absolute when the reference was parsed: changing the working directory later does not move it. */
  readonly file: string
  openSource(options?: OperationOptions): Promise<ImageSource>
  tags(options?: OperationOptions): AsyncIterable<string>
}

export type OciArchiveTransport = ImageTransport<'oci-archive', OciArchiveReference>

/** `oci-archive:`, image layouts in tar files (image-spec, image-layout.md). Throws `INVALID_DATA` for options that make no sense. */
export function ociArchiveTransport(options: ArchiveTransportOptions = {}): OciArchiveTransport {
  const resolved = resolveArchiveOptions(options, ociArchiveDefinition)
  const transport: OciArchiveTransport = {
    '~transport': { contract: 1, vendor: '@crossdock/transport-tarball' },
    name: 'oci-archive',
    parseReference: (text) => createReference(transport, parseLocation(text), resolved),
    validatePolicyScope: validateScope,
  }
  return Object.freeze(transport)
}

function createReference(
  transport: OciArchiveTransport,
  location: LayoutLocation,
  options: ResolvedArchiveOptions,
): OciArchiveReference {
  const file = absolute(location.path)
  const text = formatLayoutLocation(location)
  const { name, digest, index } = location
  const open = (): OpenOptions => ({
    reference,
    file,
    selection: { name, digest, index },
    options,
    streams: processStreams,
  })
  let policy: PolicyIdentity | undefined
  const reference: OciArchiveReference = {
    transport,
    ...location,
    file,
    toString: () => text,
    // What has no path has nothing that a policy could name.
    get policy() {
      return file === STANDARD ? undefined : (policy ??= policyOf(file))
    },
    openSource: (operation) => openSource(open(), operation),
    tags: (operation) => listNames(open(), operation),
    // A place in the list is for reading: what is written is an archive of one image.
    ...(index === undefined && {
      openDestination: (operation?: OperationOptions) => openDestination(open(), operation),
    }),
  }
  return Object.freeze(reference)
}
