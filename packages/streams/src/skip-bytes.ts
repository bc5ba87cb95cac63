import { ImageError } from '@crossdock/core'

/**
 * Drops the first `count` bytes, for bodies that cannot begin elsewhere. Throws `INVALID_DATA` if there are fewer: what was
 * kept of such a body before cannot be its head.
 */
export async function* skipBytes(body: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count
  for await (const chunk of body) {
    const dropped = Math.min(left, chunk.byteLength)
    left -= dropped
    if (dropped < chunk.byteLength) yield dropped === 0 ? chunk : chunk.subarray(dropped)
  }
  if (left > 0) {
    throw new ImageError(
      'INVALID_DATA',
      `the content ended after ${count - left} bytes, before byte ${count} to go on from`,
    )
  }
}
