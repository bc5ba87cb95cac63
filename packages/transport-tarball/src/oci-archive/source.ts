import type { Descriptor, ImageSource, OperationOptions } from '@crossdock/core'
import { findManifest } from './graph.ts'
import { descriptorOf, selectEntry } from './index-file.ts'
import { type ArchivedLayout, openBlob, openLayout, readManifest } from './layout.ts'
import type { OpenOptions } from './open-options.ts'
import { findReferrers } from './referrers.ts'

/** Throws `NOT_FOUND` for a missing file or image, `CONFLICT` if the reference fits several, `INVALID_DATA`, `LIMIT_EXCEEDED`. */
export async function openSource(opened: OpenOptions, operation: OperationOptions = {}): Promise<ImageSource> {
  const { signal } = operation
  signal?.throwIfAborted()
  const { selection } = opened
  const layout = await openLayout(opened.file, { ...opened.options, signal })
  try {
    const top =
      selection.digest === undefined
        ? descriptorOf(layout.index, selectEntry(layout.index, selection))
        : await findManifest(layout, selection.digest, { signal })
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
  let closing: Promise<void> | undefined
  return Object.freeze<ImageSource>({
    reference,
    traits: Object.freeze({ parallelBlobs: 16, rangeReads: true }),
    async getManifest(instance, { signal } = {}) {
      signal?.throwIfAborted()
      const wanted =
        instance === undefined || instance === top.digest ? top : await findManifest(layout, instance, { top, signal })
      return await readManifest(layout, wanted, signal)
    },
    async getBlob(blob, getOptions) {
      getOptions?.signal?.throwIfAborted()
      return openBlob(layout, blob, getOptions)
    },
    async getSignatures(_instance, getOptions) {
      getOptions?.signal?.throwIfAborted()
      return []
    },
    referrers: (subject, listOptions) => findReferrers(layout, subject, listOptions),
    async [Symbol.asyncDispose]() {
      closing ??= Promise.resolve(layout[Symbol.asyncDispose]())
      await closing
    },
  })
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
