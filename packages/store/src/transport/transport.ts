import type {
  Digest,
  DockerReference,
  ImageReference,
  ImageSource,
  ImageTransport,
  OperationOptions,
  PolicyIdentity,
} from '@crossdock/core'
import { openStore } from '../open-store.ts'
import type { Store } from '../store.ts'
import { deleteImage } from './delete.ts'
import { openDestination } from './destination.ts'
import { opened, type Opened } from './opened.ts'
import { definition, type StoreTransportOptions } from './options.ts'
import { formatLocation, parseLocation, policyOf, type StoreLocation, validateScope } from './reference.ts'
import { openSource } from './source.ts'
import { listTags } from './tags.ts'

/** An image in a store. */
export interface StoreReference extends ImageReference {
  readonly transport: StoreTransport
  /** The name in full; undefined for a digest alone. */
  readonly name?: string | undefined
  readonly digest?: Digest | undefined
  openSource(options?: OperationOptions): Promise<ImageSource>
  delete(options?: OperationOptions): Promise<void>
  tags(options?: OperationOptions): AsyncIterable<string>
}

export type StoreTransport = ImageTransport<'store', StoreReference>

/**
 * `store:`, images in a store. Given a store it uses that and leaves it open; else it opens one when it is first needed, which `close`
 * closes. Throws `INVALID_DATA` for options that make no sense.
 */
export function storeTransport(options: StoreTransportOptions | { readonly store: Store } = {}): StoreTransport {
  const stores = 'store' in options ? lent(options.store) : createOpening(options)
  const transport: StoreTransport = {
    '~transport': { contract: 1, vendor: '@crossdock/store' },
    name: 'store',
    parseReference: (text) => createReference(transport, parseLocation(text), stores),
    validatePolicyScope: validateScope,
    close: () => stores.close(),
  }
  return Object.freeze(transport)
}

interface Opening {
  readonly resume: boolean
  /** `write`: whether a store is made if there is none. */
  open(write: boolean, options?: OperationOptions): Promise<Store>
  close(): Promise<void>
}

function lent(store: Store): Opening {
  return { resume: true, open: async () => store, close: async () => {} }
}

function createOpening(options: StoreTransportOptions): Opening {
  definition.check(options)
  const { folder, namespace, durability, resume = true } = options
  let opening: Promise<Store> | undefined
  return {
    resume,
    async open(create, operation) {
      operation?.signal?.throwIfAborted()
      // Whoever waits for the store waits for that of somebody else, whose abort is none of its business.
      opening ??= openStore({ folder, durability, create }).catch((reason: unknown) => {
        opening = undefined // what failed may succeed when it is tried again
        throw reason
      })
      const store = await opening
      operation?.signal?.throwIfAborted()
      return namespace === undefined ? store : store.namespace(namespace)
    },
    async close() {
      const closing = opening
      opening = undefined
      const store = await closing?.catch(() => undefined)
      await store?.[Symbol.asyncDispose]()
    },
  }
}

function createReference(transport: StoreTransport, location: StoreLocation, stores: Opening): StoreReference {
  const text = formatLocation(location)
  const { name, digest, docker } = location
  let policy: PolicyIdentity | undefined
  const openFor = async (write: boolean, operation?: OperationOptions): Promise<Opened> => ({
    ...opened(await stores.open(write, operation), reference, location),
    resume: stores.resume,
  })
  const reference: StoreReference = {
    transport,
    ...(name !== undefined && { name }),
    ...(digest !== undefined && { digest }),
    ...(docker !== undefined && { dockerReference: docker satisfies DockerReference }),
    toString: () => text,
    get policy() {
      return (policy ??= policyOf(location))
    },
    openSource: async (operation) => await openSource(await openFor(false, operation), operation),
    delete: async (operation) => await deleteImage(await openFor(false, operation), operation),
    async *tags(operation) {
      yield* await listTags(await openFor(false, operation), operation)
    },
    // What has no name would be garbage.
    ...(name !== undefined && {
      openDestination: async (operation?: OperationOptions) =>
        await openDestination(await openFor(true, operation), operation),
    }),
  }
  return Object.freeze(reference)
}
