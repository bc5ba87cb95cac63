import { createFolderOf, manifestReader, replaceFile } from '@crossdock/blob-files'
import type { Digest } from '@crossdock/core'
import type { BlobContent, LayoutIndex, LayoutStaging } from '@crossdock/formats'
import type { Session } from './session.ts'
import { signatureReader } from './signature-reader.ts'

/** What is staged while `index.json` is locked. */
export interface Staging extends LayoutStaging {
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
    readBlob: signatureReader(paths.blobs),
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
