import type { FileHandle } from 'node:fs/promises'
import type { Hasher } from '@crossdock/core'
import { raceSignal } from '@crossdock/streams'
import { naming } from './file-errors.ts'
import type { Coverage } from './coverage.ts'
import { hashRange } from './hash-range.ts'

export interface HashPartsOptions {
  readonly handle: FileHandle
  readonly path: string
  readonly hasher: Hasher
  readonly coverage: Coverage
  /** Where to begin: the hasher has seen what comes before. */
  readonly from: number
  readonly size: number
  readonly signal: AbortSignal
}

/** Hashes a file in order while it is filled in several places: what has just been written is read back from memory. */
export async function hashParts(options: HashPartsOptions): Promise<void> {
  const { handle, path, hasher, coverage, from, size, signal } = options
  for (let position = from; position < size;) {
    const changed = coverage.changed()
    const end = coverage.reach(position)
    if (end === position) await raceSignal(changed, signal)
    else {
      await naming('read', path, () => hashRange(handle, { hasher, from: position, to: end, signal }))
      position = end
    }
  }
}
