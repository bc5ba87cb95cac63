import { MAX_MANIFEST_BYTES, shortDigest } from '@crossdock/core'
import { documentReader, type DocumentReader } from '@crossdock/formats'
import { readVerified } from '@crossdock/streams'
import type { Store } from '@crossdock/store'

/** Reads the documents of an image out of a store; those that are missing or damaged are passed over. */
export function storedDocuments({ content }: Store): DocumentReader {
  return documentReader(
    async (descriptor, options) => {
      const { digest, size, mediaType } = descriptor
      await using body = await content.read(descriptor, options)
      const what = `the manifest ${shortDigest(digest)}`
      const bytes = await readVerified(body, { digest, size }, { limitBytes: MAX_MANIFEST_BYTES, what })
      return { bytes, mediaType, digest }
    },
    { passOver: 'unusable' },
  )
}
