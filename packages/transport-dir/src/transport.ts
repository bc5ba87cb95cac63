import { resolve } from 'node:path'
import { pathPolicy } from '@crossdock/blob-files'
import type {
  ImageDestination,
  ImageReference,
  ImageSource,
  ImageTransport,
  OperationOptions,
  PolicyIdentity,
} from '@crossdock/core'
import { openDestination } from './destination.ts'
import type { OpenOptions } from './open-options.ts'
import { resolveOptions, type DirTransportOptions, type ResolvedOptions } from './options.ts'
import { parsePath, validateScope } from './reference.ts'
import { openSource } from './source.ts'

/** A folder that holds one image, or may hold one. */
export interface DirReference extends ImageReference {
  readonly transport: DirTransport
  /** As it was typed. */
  readonly path: string
  /** `path` made absolute when the reference was parsed: changing the working directory later does not move it. */
  readonly folder: string
  openSource(options?: OperationOptions): Promise<ImageSource>
  openDestination(options?: OperationOptions): Promise<ImageDestination>
}

export type DirTransport = ImageTransport<'dir', DirReference>

/**
 * `dir:`, an image as a flat folder: manifest, blobs and signatures as files, byte for byte. Throws `INVALID_DATA` for options
 * that make no sense.
 */
export function dirTransport(options: DirTransportOptions = {}): DirTransport {
  const resolved = resolveOptions(options)
  const transport: DirTransport = {
    '~transport': { contract: 1, vendor: '@crossdock/transport-dir' },
    name: 'dir',
    parseReference: (text) => createReference(transport, parsePath(text), resolved),
    validatePolicyScope: validateScope,
  }
  return Object.freeze(transport)
}

function createReference(transport: DirTransport, path: string, options: ResolvedOptions): DirReference {
  const folder = resolve(path)
  const open = (): OpenOptions => ({ reference, folder, options })
  let policy: PolicyIdentity | undefined
  const reference: DirReference = {
    transport,
    path,
    folder,
    toString: () => path,
    get policy() {
      return (policy ??= pathPolicy(folder, { namespacesFrom: 'parent' }))
    },
    openSource: (operation) => openSource(open(), operation),
    openDestination: (operation) => openDestination(open(), operation),
  }
  return Object.freeze(reference)
}
