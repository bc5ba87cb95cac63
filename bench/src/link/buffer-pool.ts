/** Buffers that are used again: fresh ones for every read cost more than the reading. */
export interface BufferPool {
  take(): Buffer
  giveBack(buffer: Buffer): void
}

const BUFFER_BYTES = 256 * 1024

export function createBufferPool(): BufferPool {
  const free: Buffer[] = []
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES),
    giveBack: (buffer) => void free.push(buffer),
  }
}
