import { manifestReader, openBlob } from '@crossdock/blob-files'
import type { Descriptor, Digest, ImageSource, OperationOptions, Referrer } from '@crossdock/core'
import {
  childrenOf,
  findReferrers,
  findSignatures,
  isIndexType,
  type LayoutIndex,
  parseManifest,
} from '@crossdock/formats'
import { attachedRecords, indexOfRecords } from './attached.ts'
import { describeManifest, findTarget } from './find-target.ts'
import type { Opened } from './opened.ts'
import { noteUse } from './note-use.ts'
import { signatureReader } from './signature-reader.ts'

/** Opens what the name stands for now. Throws `NOT_FOUND`. */
export async function openSource(found: Opened, operation: OperationOptions = {}): Promise<ImageSource> {
  operation.signal?.throwIfAborted()
  const { reference, paths } = found
  const read = manifestReader(paths.blobs)
  const { target: top, name } = await findTarget(found, operation)
  if (name !== undefined) await noteUse(found.store.images, name, operation)
  const instances = createInstances(found, top)
  const attachedTo = async (manifest: Digest, options?: OperationOptions): Promise<LayoutIndex> =>
    indexOfRecords(await attachedRecords(found.context, [manifest], options))
  return Object.freeze<ImageSource>({
    reference,
    traits: Object.freeze({ parallelBlobs: 16, rangeReads: true }),
    async getManifest(instance, options) {
      options?.signal?.throwIfAborted()
      const isTop = instance === undefined || instance === top.digest
      return await read(isTop ? top : await instances.find(instance, options), options)
    },
    getBlob: (blob, options) => openBlob(paths.blobs, blob, options),
    async getSignatures(instance, options) {
      options?.signal?.throwIfAborted()
      const signed = instance ?? top.digest
      const index = await attachedTo(signed, options)
      return await findSignatures({ index, read, readBlob: signatureReader(paths, options) }, signed, options)
    },
    async *referrers(digest, options): AsyncGenerator<Referrer> {
      options?.signal?.throwIfAborted()
      yield* findReferrers(await attachedTo(digest, options), read, { digest, options })
    },
    async [Symbol.asyncDispose]() {},
  })
}

interface Instances {
  find(digest: Digest, options?: OperationOptions): Promise<Descriptor>
}

/** Manifests by digest: what the image lists says of which type they are; of others their own bytes do. */
function createInstances(found: Opened, top: Descriptor): Instances {
  let listing: Promise<ReadonlyMap<Digest, Descriptor>> | undefined
  async function list(options?: OperationOptions): Promise<ReadonlyMap<Digest, Descriptor>> {
    if (!isIndexType(top.mediaType)) return new Map()
    const index = parseManifest(await manifestReader(found.paths.blobs)(top, options))
    return new Map(childrenOf(index).map((child) => [child.digest, child]))
  }
  return {
    async find(digest, options) {
      listing ??= list(options).catch((reason: unknown) => {
        listing = undefined
        throw reason
      })
      return (await listing).get(digest) ?? (await describeManifest(found, digest, options))
    },
  }
}
