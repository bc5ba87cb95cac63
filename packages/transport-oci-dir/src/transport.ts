import { resolve } from 'node:path'
import type { ImageReference, ImageSource, ImageTransport, OperationOptions, PolicyIdentity } from '@crossdock/core'
import { formatLayoutLocation, type LayoutLocation } from '@crossdock/formats'
import { deleteImage } from './delete.ts'
import { openDestination } from './destination.ts'
import { openLayout } from './layout/layout.ts'
import { layoutPaths } from './layout/paths.ts'
import { resolveOptions, type OciDirTransportOptions, type ResolvedOptions } from './options.ts'
import { parseLocation, policyOf, validateScope } from './reference.ts'
import { openSource } from './source.ts'
import type { OpenOptions } from './open-options.ts'

/** An image in a layout, or a layout. */
export interface OciDirReference extends ImageReference, LayoutLocation {
  readonly transport: OciDirTransport
  /** `path` made absolute when the reference was parsed: changing the working directory later does not move it. */
  readonly folder: string
  openSource(options?: OperationOptions): Promise<ImageSource>
  delete(options?: OperationOptions): Promise<void>
  tags(options?: OperationOptions): AsyncIterable<string>
}

export type OciDirTransport = ImageTransport<'oci', OciDirReference>

/** `oci:`, image layouts in folders (image-spec, image-layout.md). Throws `INVALID_DATA` for options that make no sense. */
export function ociDirTransport(options: OciDirTransportOptions = {}): OciDirTransport {
  const resolved = resolveOptions(options)
  const transport: OciDirTransport = {
    '~transport': { contract: 1, vendor: '@crossdock/transport-oci-dir' },
    name: 'oci',
    parseReference: (text) => createReference(transport, parseLocation(text), resolved),
    validatePolicyScope: validateScope,
  }
  return Object.freeze(transport)
}

function createReference(
  transport: OciDirTransport,
  location: LayoutLocation,
  options: ResolvedOptions,
): OciDirReference {
  const folder = resolve(location.path)
  const text = formatLayoutLocation(location)
  const { name, digest, index } = location
  const open = (): OpenOptions => ({ reference, folder, selection: { name, digest, index }, options })
  let policy: PolicyIdentity | undefined
  const reference: OciDirReference = {
    transport,
    ...location,
    folder,
    toString: () => text,
    get policy() {
      return (policy ??= policyOf(folder))
    },
    openSource: (operation) => openSource(open(), operation),
    delete: (operation) => deleteImage(open(), operation),
    tags: (operation) => listNames(open(), operation),
    // A place in the list is for reading: what is written gets a place of its own.
    ...(index === undefined && {
      openDestination: (operation?: OperationOptions) => openDestination(open(), operation),
    }),
  }
  return Object.freeze(reference)
}

async function* listNames({ folder, options }: OpenOptions, operation: OperationOptions = {}): AsyncGenerator<string> {
  operation.signal?.throwIfAborted()
  const index = await openLayout(layoutPaths(folder, options.sharedBlobDir), options)
  for (const name of new Set(index.entries.map((entry) => entry.name))) {
    operation.signal?.throwIfAborted()
    if (name !== undefined) yield name
  }
}
