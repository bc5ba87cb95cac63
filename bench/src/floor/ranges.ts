import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import type { Descriptor } from './documents.ts'
import { blobPath } from './layout.ts'
import { type Pool, succeed } from './pool.ts'

const PART_BYTES = 8 * 1024 * 1024
const BLOCK_BYTES = 1024 * 1024

export interface RangedFetch {
  readonly repository: string
  readonly blob: Descriptor
  readonly folder: string
  readonly connections: number
}

/**
 * One blob over several connections: each takes the next part when it has one done. What arrives in order is hashed as it comes,
 * the rest is read back from the file.
 */
export async function fetchInRanges(pool: Pool, { repository, blob, folder, connections }: RangedFetch): Promise<void> {
  const path = blobPath(folder, blob.digest)
  const file = openSync(path, 'w+')
  const hash = createHash('sha256')
  const block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
  /** Where each part has come to. */
  const arrived = Array.from({ length: Math.ceil(blob.size / PART_BYTES) }, (_, part) => part * PART_BYTES)
  let hashed = 0
  const catchUp = (): void => {
    for (;;) {
      const ready = (arrived[Math.floor(hashed / PART_BYTES)] ?? 0) - hashed
      if (ready <= 0) return
      const bytes = readSync(file, block, 0, Math.min(ready, BLOCK_BYTES), hashed)
      hash.update(block.subarray(0, bytes))
      hashed += bytes
    }
  }
  let next = 0
  const worker = (): Promise<void> =>
    pool.use(async (connection) => {
      for (let part = next++; part < arrived.length; part = next++) {
        const [first, last] = [part * PART_BYTES, Math.min(blob.size, (part + 1) * PART_BYTES) - 1]
        let at = first
        const take = (bytes: Buffer): boolean => {
          writeSync(file, bytes, 0, bytes.byteLength, at)
          if (at === hashed) {
            hash.update(bytes)
            hashed += bytes.byteLength
          }
          at += bytes.byteLength
          arrived[part] = at
          return false
        }
        const headers = { range: `bytes=${first}-${last}` }
        await succeed(connection, { method: 'GET', path: `/v2/${repository}/blobs/${blob.digest}`, headers, take })
        catchUp()
      }
    })
  await Promise.all(Array.from({ length: connections }, worker))
  closeSync(file)
  if (`sha256:${hash.digest('hex')}` !== blob.digest) throw new Error(`${blob.digest} has other content`)
}
