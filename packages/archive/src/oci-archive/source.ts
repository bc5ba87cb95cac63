import type { Descriptor, ImageReference, ImageSource } from '@crossdock/core'
import {
  createManifestFinder,
  entryDescriptor,
  findReferrers,
  findSignatures,
  type LayoutSelection,
  type ManifestFinder,
  selectLayoutEntry,
} from '@crossdock/formats'
import type { ArchiveFile } from '../image-archive/open-archive.ts'
import { type ArchivedLayout, manifestReader, openBlob, readLayout, signatureReader } from './layout.ts'

export interface OpenOciArchiveOptions {
  readonly reference: ImageReference
  readonly selection: LayoutSelection
  readonly signal?: AbortSignal | undefined
}

/**
 * An image of an OCI archive as a source. The archive is closed with it, or if this fails. Throws `NOT_FOUND` for a missing image, `CONFLICT` if
 * several are meant, `INVALID_DATA`, `LIMIT_EXCEEDED`.
 */
export async function openOciArchive(archive: ArchiveFile, options: OpenOciArchiveOptions): Promise<ImageSource> {
  const { reference, selection, signal } = options
  try {
    const layout = await readLayout(archive, signal)
    const top =
      selection.digest === undefined
        ? entryDescriptor(layout.index, selectLayoutEntry(layout.index, selection))
        : await finderIn(layout).find(selection.digest, { signal })
    signal?.throwIfAborted()
    const read = manifestReader(layout)
    return Object.freeze<ImageSource>({
      ...createLayoutSource(layout, { reference, top }),
      async getSignatures(instance, getOptions) {
        getOptions?.signal?.throwIfAborted()
        const readBlob = signatureReader(layout, getOptions?.signal)
        return await findSignatures({ index: layout.index, read, readBlob }, instance ?? top.digest, getOptions)
      },
      referrers: (digest, listOptions) => findReferrers(layout.index, read, { digest, options: listOptions }),
    })
  } catch (reason) {
    await archive[Symbol.asyncDispose]()
    throw reason
  }
}

export interface LayoutSourceOptions {
  readonly reference: ImageReference
  /** What the reference stands for. */
  readonly top: Descriptor
}

/** An image of a layout as a source, without signatures and what refers to it. The archive is closed with it. */
export function createLayoutSource(layout: ArchivedLayout, { reference, top }: LayoutSourceOptions): ImageSource {
  const manifests = finderIn(layout, top)
  const read = manifestReader(layout)
  let closing: Promise<void> | undefined
  return Object.freeze<ImageSource>({
    reference,
    traits: Object.freeze({ parallelBlobs: 16, rangeReads: true }),
    async getManifest(instance, getOptions) {
      getOptions?.signal?.throwIfAborted()
      const isTop = instance === undefined || instance === top.digest
      return await read(isTop ? top : await manifests.find(instance, getOptions), getOptions)
    },
    async getBlob(blob, getOptions) {
      getOptions?.signal?.throwIfAborted()
      return openBlob(layout, blob, getOptions)
    },
    async getSignatures(_instance, getOptions) {
      getOptions?.signal?.throwIfAborted()
      return []
    },
    async [Symbol.asyncDispose]() {
      closing ??= Promise.resolve(layout.archive[Symbol.asyncDispose]())
      await closing
    },
  })
}

function finderIn(layout: ArchivedLayout, top?: Descriptor): ManifestFinder {
  return createManifestFinder(layout.index, { read: manifestReader(layout), layout: layout.archive.what, top })
}

/** The names of all images in the archive. Throws what reading a layout throws. */
export async function ociArchiveNames(archive: ArchiveFile, signal?: AbortSignal): Promise<readonly string[]> {
  const { index } = await readLayout(archive, signal)
  return [...new Set(index.entries.map(({ name }) => name))].filter((name) => name !== undefined)
}
