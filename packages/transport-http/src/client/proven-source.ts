import { type BlobReader, type Descriptor, type GetBlobOptions, ImageError, type ImageSource } from '@crossdock/core'
import { verifyBlob } from '@crossdock/streams'

/**
 * The source of an archive that came in several answers: a server may have sent parts of different contents under one validator. What is read whole is
 * verified on the way, and `disprove` is called if it is not what its digest says, so that the archive is not kept.
 */
export function provenSource(source: ImageSource, disprove: () => Promise<void>): ImageSource {
  return Object.freeze<ImageSource>({
    ...source,
    async getBlob(blob, options) {
      const reader = await source.getBlob(blob, options)
      return isWhole(options) ? provenReader(reader, blob, disprove) : reader
    },
  })
}

function isWhole({ offset = 0, end }: GetBlobOptions = {}): boolean {
  return offset === 0 && end === undefined
}

function provenReader(reader: BlobReader, blob: Descriptor, disprove: () => Promise<void>): BlobReader {
  return {
    size: reader.size,
    async *[Symbol.asyncIterator]() {
      try {
        yield* verifyBlob(reader, blob)
      } catch (reason) {
        if (reason instanceof ImageError && reason.code === 'DIGEST_MISMATCH') await disprove()
        throw reason
      }
    },
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  }
}
