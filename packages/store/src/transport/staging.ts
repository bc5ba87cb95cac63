import { manifestReader } from '@crossdock/blob-files'
import type { Digest, OperationOptions } from '@crossdock/core'
import type { BlobContent, LayoutIndex, LayoutStaging } from '@crossdock/formats'
import { signatureReader } from './signature-reader.ts'
import type { Session } from './session.ts'
import { writeDocument } from './write-document.ts'

/** What is staged while the layout is held. */
export interface Staging extends LayoutStaging {
  write(index: LayoutIndex, operation: OperationOptions): Promise<void>
}

export function createStaging(session: Session): Staging {
  const contents = new Map<Digest, BlobContent>()
  const listed = new Set<Digest>()
  const readStored = manifestReader(session.paths.blobs)
  const add = (content: BlobContent): void => void contents.set(content.descriptor.digest, content)
  return {
    async read(descriptor, options) {
      const staged = contents.get(descriptor.digest)
      if (staged === undefined) return await readStored(descriptor, options)
      const { mediaType, digest } = staged.descriptor
      return { mediaType, digest, bytes: staged.bytes }
    },
    readBlob: signatureReader(session.paths),
    add,
    addListed(content) {
      add(content)
      listed.add(content.descriptor.digest)
    },
    async write({ entries }, operation) {
      const named = new Set<string | undefined>(entries.map(({ digest }) => digest))
      const needed = [...contents.values()].filter(
        ({ descriptor: { digest } }) => !listed.has(digest) || named.has(digest),
      )
      await Promise.all(needed.map(({ descriptor, bytes }) => writeDocument(session, descriptor, bytes, operation)))
    },
  }
}
