/** Bytes that look random and are the same for the same seed on every machine (xorshift32). */
export function randomBytes(size: number, seed: string): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = stateOf(seed)
  for (let index = 0; index < size; index += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[index] = state & 0xff
  }
  return bytes
}

/** FNV-1a of the seed; never 0, where xorshift would stay. */
function stateOf(seed: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(seed)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash === 0 ? 1 : hash
}
