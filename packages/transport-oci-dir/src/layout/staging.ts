import { createFolderOf, replaceFile } from '@crossdock/blob-files'
import type { Digest } from '@crossdock/core'
import type { BlobContent, LayoutIndex, ManifestReader } from '@crossdock/formats'
import { manifestReader } from './manifest-reader.ts'
import type { Session } from './session.ts'

/** Small documents that are made while `index.json` is locked, and are not written before it is known which are needed. */
export interface Staging {
  /** Reads what is staged, and what the layout has. */
  readonly read: ManifestReader
  add(content: BlobContent): void
  /** A document that an entry of `index.json` will name, unless another one takes its place. */
  addListed(content: BlobContent): void
  write(index: LayoutIndex): Promise<void>
}

export function createStaging({ paths, options }: Pick<Session, 'paths' | 'options'>): Staging {
  const contents = new Map<Digest, BlobContent>()
  const listed = new Set<Digest>()
  const readStored = manifestReader(paths.blobs)
  const add = (content: BlobContent): void => void contents.set(content.descriptor.digest, content)
  return {
    read: async (descriptor, readOptions) => {
      const staged = contents.get(descriptor.digest)
      if (staged === undefined) return await readStored(descriptor, readOptions)
      const { mediaType, digest } = staged.descriptor
      return { mediaType, digest, bytes: staged.bytes }
    },
    add,
    addListed: (content) => {
      add(content)
      listed.add(content.descriptor.digest)
    },
    write: async (index) => {
      const named = new Set(index.entries.map(({ digest }) => digest))
      for (const { descriptor, bytes } of contents.values()) {
        if (listed.has(descriptor.digest) && !named.has(descriptor.digest)) continue
        await createFolderOf(paths.blobs, descriptor.digest)
        const path = paths.blobs.pathOf(descriptor.digest)
        await replaceFile(path, { bytes, work: paths.blobs.work, durable: options.durable })
      }
    },
  }
}
