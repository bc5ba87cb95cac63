import { resolve } from 'node:path'
import type { ImageReference, ImageSource, ImageTransport, OperationOptions, PolicyIdentity } from '@crossdock/core'
import { formatLayoutLocation, type LayoutLocation } from '@crossdock/formats'
import {
  type ArchiveTransportOptions,
  ociArchiveDefinition,
  resolveArchiveOptions,
  type ResolvedArchiveOptions,
} from '../options.ts'
import { openDestination } from './destination.ts'
import type { OpenOptions } from './open-options.ts'
import { parseLocation, policyOf, validateScope } from './reference.ts'
import { listNames, openSource } from './source.ts'

/** An image in an OCI archive, or the archive. */
export interface OciArchiveReference extends ImageReference, LayoutLocation {
  readonly transport: OciArchiveTransport
  /** `path` made absolute when the reference was parsed: changing the working directory later does not move it. */
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
  const file = resolve(location.path)
  const text = formatLayoutLocation(location)
  const { name, digest, index } = location
  const open = (): OpenOptions => ({ reference, file, selection: { name, digest, index }, options })
  let policy: PolicyIdentity | undefined
  const reference: OciArchiveReference = {
    transport,
    ...location,
    file,
    toString: () => text,
    get policy() {
      return (policy ??= policyOf(file))
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
