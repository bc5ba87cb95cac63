/** The first `count` bytes, or all if there are fewer. Closes the body behind them. */
export async function* firstBytes(body: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count
  if (left <= 0) return
  for await (const chunk of body) {
    yield chunk.byteLength <= left ? chunk : chunk.subarray(0, left)
    left -= Math.min(left, chunk.byteLength)
    if (left === 0) return
  }
}
