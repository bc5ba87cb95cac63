import { type BlobBody, type BlobHint, createHasher, type Digest, ImageError } from '@crossdock/core'
import { verifyBlob, untilAborted } from '@crossdock/streams'

/** A blob that comes in. */
export interface Arrival {
  /** Its bytes; fail with `DIGEST_MISMATCH` at the end at the latest if they are not what was announced. */
  readonly chunks: AsyncIterable<Uint8Array>
  /** Its digest and size; to be asked once, when the chunks have ended. */
  settled(): Arrived
}

export interface Arrived {
  readonly digest: Digest
  readonly size: number
}

/** Hashes the body as it comes: against what is known of it, or to find out. */
export function receive(body: BlobBody, blob: BlobHint, signal: AbortSignal | undefined): Arrival {
  const { digest } = blob
  const wanted = blob.size ?? body.size
  const hasher = digest === undefined ? createHasher('sha256') : undefined
  let size = 0

  function mismatch(came: string): ImageError {
    return new ImageError('DIGEST_MISMATCH', `a blob should have ${wanted} bytes, but ${came} came`)
  }

  async function* chunks(): AsyncGenerator<Uint8Array> {
    const coming = untilAborted(body.open(), signal)
    const checked = digest === undefined ? coming : verifyBlob(coming, { digest, size: wanted })
    for await (const chunk of checked) {
      size += chunk.byteLength
      if (wanted !== undefined && size > wanted) throw mismatch('more')
      hasher?.update(chunk)
      yield chunk
    }
    if (wanted !== undefined && size < wanted) throw mismatch(`${size}`)
  }

  return {
    chunks: chunks(),
    settled() {
      const found = digest ?? hasher?.digest()
      if (found === undefined) throw new TypeError('a blob has a digest or one is computed')
      return { digest: found, size }
    },
  }
}
