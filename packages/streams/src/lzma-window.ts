/** What was unpacked last, for matches to copy from: it grows as bytes come, up to the dictionary's size, and then wraps. */
export interface LzmaWindow {
  bytes: Uint8Array
  /** Where the next byte goes. */
  position: number
  /** Whether all of `bytes` is content. */
  wrapped: boolean
}

// Announced dictionaries are not allocated before there is content for them. A multiple of 16: positions decide on bits.
const INITIAL_BYTES = 64 * 1024

export function createLzmaWindow(): LzmaWindow {
  return { bytes: new Uint8Array(INITIAL_BYTES), position: 0, wrapped: false }
}

/** Forgets the content. */
export function resetWindow(window: LzmaWindow): void {
  window.position = 0
  window.wrapped = false
}

/** Makes room for at least one byte behind `position`; a window of `dictionaryBytes` or more wraps. */
export function makeRoom(window: LzmaWindow, dictionaryBytes: number): void {
  const capacity = window.bytes.byteLength
  if (window.position < capacity) return
  if (capacity >= dictionaryBytes || window.wrapped) {
    window.position = 0
    window.wrapped = true
    return
  }
  const grown = new Uint8Array(Math.min(2 * capacity, dictionaryBytes))
  grown.set(window.bytes)
  window.bytes = grown
}
