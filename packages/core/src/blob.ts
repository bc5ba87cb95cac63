/**
 * Bytes that can be asked for more than once: a retry, a resume and a switch from one upload form to another open the
 * body again instead of rewinding it.
 */
export interface BlobBody {
  /** All bytes of the blob, whatever the offset; undefined if not known beforehand. */
  readonly size?: number | undefined
  /**
   * The bytes from `offset` (default 0) on. With `end` nothing from there on is wanted: what comes nevertheless is to be left
   * alone. Leaving the loop early releases what is behind it. A chunk is the reader's, to keep or to give away.
   */
  open(offset?: number, end?: number): AsyncIterable<Uint8Array>
  /**
   * Asks for leave to open the body once more while it is being read, for a part that nobody else reads. Undefined if that
   * is not wanted now; otherwise to be called when that part is over. Default: one opening at a time.
   */
  lease?(): (() => void) | undefined
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
    async *open(offset = 0, end = bytes.byteLength) {
      if (offset < end) yield bytes.subarray(offset, end)
    },
  }
}
