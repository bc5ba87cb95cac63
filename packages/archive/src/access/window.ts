import type { Need } from '../tar/steps.ts'
import type { RandomAccess } from './random-access.ts'

const SMALLEST_BYTES = 8 * 1024
const LARGEST_BYTES = 256 * 1024

/** Bytes around the place where headers are read: small members are walked in large reads, large ones are jumped over. */
export interface Window {
  /** What is needed, if it is here already. Valid until the next `load`. */
  peek(need: Need): Uint8Array | undefined
  /** What is needed; fewer bytes if the end comes before. */
  load(need: Need): Promise<Uint8Array>
}

export function createWindow(access: RandomAccess): Window {
  let room = new Uint8Array(0)
  let begin = 0
  let length = 0
  let wanted = SMALLEST_BYTES

  return {
    peek({ position, bytes }) {
      const at = position - begin
      return at >= 0 && at + bytes <= length ? room.subarray(at, at + bytes) : undefined
    },
    async load({ position, bytes }) {
      const jump = position - (begin + length)
      wanted = jump < wanted ? Math.min(wanted * 2, LARGEST_BYTES) : SMALLEST_BYTES
      const size = Math.max(0, Math.min(Math.max(wanted, bytes), access.size - position))
      if (room.byteLength < size) room = new Uint8Array(size)
      begin = position
      length = size === 0 ? 0 : await access.read(room.subarray(0, size), position)
      return room.subarray(0, Math.min(bytes, length))
    },
  }
}
