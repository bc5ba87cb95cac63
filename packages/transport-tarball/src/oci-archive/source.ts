import type { Descriptor, ImageSource, OperationOptions } from '@crossdock/core'
import {
  createManifestFinder,
  entryDescriptor,
  findReferrers,
  type ManifestFinder,
  selectLayoutEntry,
} from '@crossdock/formats'
import { type ArchivedLayout, manifestReader, openBlob, openLayout } from './layout.ts'
import type { OpenOptions } from './open-options.ts'

/** Throws `NOT_FOUND` for a missing file or image, `CONFLICT` if the reference fits several, `INVALID_DATA`, `LIMIT_EXCEEDED`. */
export async function openSource(opened: OpenOptions, operation: OperationOptions = {}): Promise<ImageSource> {
  const { signal } = operation
  signal?.throwIfAborted()
  const { selection } = opened
  const layout = await openLayout(opened.file, { ...opened.options, signal })
  try {
    const top =
      selection.digest === undefined
        ? entryDescriptor(layout.index, selectLayoutEntry(layout.index, selection))
        : await finderIn(layout).find(selection.digest, operation)
    signal?.throwIfAborted()
    return createSource(opened, { layout, top })
  } catch (reason) {
    await layout[Symbol.asyncDispose]()
    throw reason
  }
}

interface Loaded {
  readonly layout: ArchivedLayout
  readonly top: Descriptor
}

function createSource({ reference }: OpenOptions, { layout, top }: Loaded): ImageSource {
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
    referrers: (digest, listOptions) => findReferrers(layout.index, read, { digest, options: listOptions }),
    async [Symbol.asyncDispose]() {
      closing ??= Promise.resolve(layout[Symbol.asyncDispose]())
      await closing
    },
  })
}

function finderIn(layout: ArchivedLayout, top?: Descriptor): ManifestFinder {
  return createManifestFinder(layout.index, { read: manifestReader(layout), layout: layout.archive.what, top })
}

/** The names of all images in the archive. */
export async function* listNames(
  { file, options }: OpenOptions,
  operation: OperationOptions = {},
): AsyncGenerator<string> {
  operation.signal?.throwIfAborted()
  await using layout = await openLayout(file, { ...options, signal: operation.signal })
  for (const name of new Set(layout.index.entries.map((entry) => entry.name))) {
    operation.signal?.throwIfAborted()
    if (name !== undefined) yield name
  }
}
