/**
 * Bytes that can be asked for more than once: a retry, a resume and a switch from one upload form to another open the
 * body again instead of rewinding it.
 */
export interface BlobBody {
  /** All bytes of the blob, whatever the offset; undefined if not known beforehand. */
  readonly size?: number | undefined
  /** The bytes from `offset` (default 0) to the end. Leaving the loop early releases what is behind it. */
  open(offset?: number): AsyncIterable<Uint8Array>
}

/**
 * A blob being read. Iterating consumes it, once; leaving the loop early, or disposing without iterating, releases what is
 * behind it.
 */
export interface BlobReader extends AsyncIterable<Uint8Array>, AsyncDisposable {
  /** All bytes of the blob, whatever the offset of this reader; undefined if the source does not say. */
  readonly size: number | undefined
}

/** A body of bytes in memory. */
export function bytesBody(bytes: Uint8Array): BlobBody {
  return {
    size: bytes.byteLength,
    async *open(offset = 0) {
      if (offset < bytes.byteLength) yield bytes.subarray(offset)
    },
  }
}
