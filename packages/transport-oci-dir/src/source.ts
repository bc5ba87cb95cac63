import { manifestReader, openBlob, quotePath } from '@crossdock/blob-files'
import type { ImageSource, OperationOptions } from '@crossdock/core'
import {
  createManifestFinder,
  entryDescriptor,
  findReferrers,
  findSignatures,
  selectLayoutEntry,
} from '@crossdock/formats'
import { openLayout } from './layout/layout.ts'
import { layoutPaths } from './layout/paths.ts'
import { signatureReader } from './layout/signature-reader.ts'
import type { OpenOptions } from './open-options.ts'

/**
 * Opens the layout as it is now: what others write to `index.json` later is not seen. Throws `NOT_FOUND` for a missing
 * folder or image, `CONFLICT` if the reference fits several images.
 */
export async function openSource(opened: OpenOptions, operation: OperationOptions = {}): Promise<ImageSource> {
  operation.signal?.throwIfAborted()
  const { reference, folder, selection, options } = opened
  const paths = layoutPaths(folder, options.sharedBlobDir)
  const index = await openLayout(paths, options)
  operation.signal?.throwIfAborted()
  const read = manifestReader(paths.blobs)
  const layout = quotePath(paths.root)
  const top =
    selection.digest === undefined
      ? entryDescriptor(index, selectLayoutEntry(index, selection))
      : await createManifestFinder(index, { read, layout }).find(selection.digest, operation)
  const manifests = createManifestFinder(index, { read, layout, top })
  return Object.freeze<ImageSource>({
    reference,
    traits: Object.freeze({ parallelBlobs: 16, rangeReads: true }),
    async getManifest(instance, getOptions) {
      getOptions?.signal?.throwIfAborted()
      const wanted =
        instance === undefined || instance === top.digest ? top : await manifests.find(instance, getOptions)
      return await read(wanted, getOptions)
    },
    getBlob: (blob, getOptions) => openBlob(paths.blobs, blob, getOptions),
    async getSignatures(instance, getOptions) {
      getOptions?.signal?.throwIfAborted()
      const readBlob = signatureReader(paths.blobs, getOptions)
      return await findSignatures({ index, read, readBlob }, instance ?? top.digest, getOptions)
    },
    referrers: (digest, listOptions) => findReferrers(index, read, { digest, options: listOptions }),
    async [Symbol.asyncDispose]() {},
  })
}
