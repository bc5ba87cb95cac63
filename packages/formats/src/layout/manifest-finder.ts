import { type Descriptor, type Digest, ImageError, type OperationOptions } from '@crossdock/core'
import { childrenHandler, documentReader, indexesOnly, isDocument, type ManifestReader } from '../walk/documents.ts'
import { walk } from '../walk/walk.ts'
import { type LayoutIndex, usableDescriptors } from './layout-index.ts'

/** Finds the descriptor of a manifest by digest, for its size and media type. Remembers what it saw on the way. */
export interface ManifestFinder {
  /** Throws `NOT_FOUND` if neither `index.json` nor an index that it reaches lists the digest. */
  find(digest: Digest, options?: OperationOptions): Promise<Descriptor>
}

export interface ManifestFinderOptions {
  readonly read: ManifestReader
  /** What the layout is called in messages. */
  readonly layout: string
  readonly top?: Descriptor | undefined
}

/** `top` is looked through first: what is asked for is mostly an instance of the chosen image. */
export function createManifestFinder(index: LayoutIndex, { read, layout, top }: ManifestFinderOptions): ManifestFinder {
  const known = new Map<Digest, Descriptor>()
  let listing: AsyncGenerator<Descriptor> | undefined
  let turn: Promise<unknown> = Promise.resolve()

  function begin(): AsyncGenerator<Descriptor> {
    const entries = usableDescriptors(index)
    for (const entry of entries) known.set(entry.digest, entry)
    return listed(read, top === undefined ? [] : [top], entries)
  }

  async function search(digest: Digest, signal: AbortSignal | undefined): Promise<Descriptor> {
    listing ??= begin()
    for (;;) {
      signal?.throwIfAborted()
      const found = known.get(digest)
      if (found !== undefined) return found
      const step = await listing.next()
      if (step.done === true) break
      if (!known.has(step.value.digest)) known.set(step.value.digest, step.value)
    }
    throw new ImageError('NOT_FOUND', `nothing in ${layout} lists a manifest ${digest}`)
  }

  return {
    async find(digest, options) {
      const found = known.get(digest)
      if (found !== undefined) return found
      // One search at a time: they share the walk.
      const result = turn.then(() => search(digest, options?.signal))
      turn = result.catch(() => undefined)
      return await result
    },
  }
}

async function* listed(
  read: ManifestReader,
  ...stages: readonly (readonly Descriptor[])[]
): AsyncGenerator<Descriptor> {
  for (const roots of stages) {
    const children = childrenHandler(indexesOnly(documentReader(read, { passOver: 'unusable' })))
    for await (const descriptor of walk(roots, children)) if (isDocument(descriptor)) yield descriptor
  }
}
