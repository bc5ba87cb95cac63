import {
  CONTRACT,
  ImageError,
  imageName,
  quoteForeign,
  type ImageDestination,
  type ImageReference,
  type ImageSource,
  type ImageTransport,
  type OperationOptions,
  type PolicyIdentity,
} from '@crossdock/core'
import { openDestination } from './destination.ts'
import { resolveOptions, type MemoryTransportOptions, type ResolvedOptions } from './options.ts'
import { formatLocation, parseLocation, policyOf, type MemoryLocation } from './reference.ts'
import { openSource, type OpenedLocation } from './source.ts'
import { createMemoryStore, findDigest, type MemoryRepository, type MemoryStore, type RecordingStore } from './store.ts'

/** A reference of the memory transport: it can do everything but stand for another one. */
export interface MemoryReference extends ImageReference {
  readonly policy: PolicyIdentity
  openSource(options?: OperationOptions): Promise<ImageSource>
  openDestination(options?: OperationOptions): Promise<ImageDestination>
  delete(options?: OperationOptions): Promise<void>
  tags(options?: OperationOptions): AsyncIterable<string>
}

export interface MemoryTransport extends ImageTransport<'memory', MemoryReference> {
  /** What it holds, to be filled and looked at. */
  readonly store: MemoryStore
}

/**
 * `memory:repository[:tag][@digest]`: images in the memory of this value and nowhere else. It is the contract's reference
 * implementation.
 */
export function memoryTransport(options: MemoryTransportOptions = {}): MemoryTransport {
  const store = createMemoryStore()
  const resolved = resolveOptions(options)
  const transport: MemoryTransport = {
    '~transport': Object.freeze({ contract: CONTRACT, vendor: '@crossdock/transport-testkit' }),
    name: 'memory',
    store,
    parseReference: (text) => createReference(parseLocation(text), { transport, store, options: resolved }),
    validatePolicyScope: checkScope,
  }
  return Object.freeze(transport)
}

function checkScope(scope: string): void {
  if (!scope.includes('@')) parseLocation(scope)
  else if (formatLocation(parseLocation(scope)) !== scope) {
    throw new ImageError('INVALID_REFERENCE', `"${quoteForeign(scope, 200)}" cannot be a policy scope of memory`)
  }
}

interface ReferenceContext {
  readonly transport: MemoryTransport
  readonly store: RecordingStore
  readonly options: ResolvedOptions
}

function createReference(location: MemoryLocation, { transport, store, options }: ReferenceContext): MemoryReference {
  const text = formatLocation(location)
  const reference: MemoryReference = {
    transport,
    policy: policyOf(location),
    toString: () => text,
    openSource: async (operation) => {
      operation?.signal?.throwIfAborted()
      return openSource(opened)
    },
    openDestination: async (operation) => {
      operation?.signal?.throwIfAborted()
      return openDestination(opened)
    },
    delete: async (operation) => deleteImage(opened, operation),
    tags: (operation) => listTags(opened, operation),
  }
  const opened: OpenedLocation = { reference, location, store, options }
  return Object.freeze(reference)
}

/** Takes the name away; what is named by digest goes with every name that it has. Throws `NOT_FOUND`. */
function deleteImage({ reference, location, store }: OpenedLocation, operation: OperationOptions | undefined): void {
  operation?.signal?.throwIfAborted()
  const repository = existing(store, location)
  const digest = repository && findDigest(repository, location)
  const image = imageName(reference)
  if (repository === undefined || digest === undefined) {
    throw new ImageError('NOT_FOUND', `there is no image at ${image} to delete`, { image })
  }
  if (location.digest === undefined && location.tag !== undefined) repository.tags.delete(location.tag)
  else {
    for (const [tag, named] of repository.tags) if (named === digest) repository.tags.delete(tag)
    repository.manifests.delete(digest)
  }
}

async function* listTags(
  { reference, location, store }: OpenedLocation,
  operation: OperationOptions | undefined,
): AsyncGenerator<string> {
  operation?.signal?.throwIfAborted()
  const repository = existing(store, location)
  const image = imageName(reference)
  if (repository === undefined) throw new ImageError('NOT_FOUND', `there is no repository of ${image}`, { image })
  for (const tag of [...repository.tags.keys()].toSorted()) {
    operation?.signal?.throwIfAborted()
    yield tag
  }
}

function existing(store: RecordingStore, { repository }: MemoryLocation): MemoryRepository | undefined {
  return store.has(repository) ? store.repository(repository) : undefined
}
