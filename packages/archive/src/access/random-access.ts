/** Bytes that can be read at any place: a file, memory, and later a range of something remote. Disposing releases it. */
export interface RandomAccess extends AsyncDisposable {
  /** What it is, for messages: a quoted path. */
  readonly name: string
  readonly size: number
  /**
   * Fills `room` with the bytes from `position` on and says how many there were: fewer only if the end came. Calls may overlap.
   */
  read(room: Uint8Array, position: number): Promise<number>
}

/** Bytes in memory, which must not change meanwhile. */
export function bytesAccess(bytes: Uint8Array, name = 'the bytes in memory'): RandomAccess {
  return {
    name,
    size: bytes.byteLength,
    async read(room, position) {
      const part = bytes.subarray(position, position + room.byteLength)
      room.set(part)
      return part.byteLength
    },
    async [Symbol.asyncDispose]() {},
  }
}
