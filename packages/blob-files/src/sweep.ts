import { lstat, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ifExists, naming } from './file-errors.ts'
import { sweepPartials } from './leftovers.ts'
import { lifeOf, parseOwner, STALE_MS } from './owner.ts'
import type { BlobPaths } from './blob-paths.ts'

/** Files that exist for an instant, before they are renamed or linked to their final name. */
const PASSING = /^(?:new|claim)\.([^.]+)\.[0-9a-f]+$/

export interface SweepOptions {
  /** A folder with locks and files being replaced. Default: that of the blobs. */
  readonly work?: string | undefined
}

/** Removes what processes that died left behind, but for what the next run can go on from. */
export async function sweep(blobs: BlobPaths, { work = blobs.work }: SweepOptions = {}): Promise<void> {
  for (const folder of new Set([work, blobs.work])) await sweepPassing(folder)
  await sweepPartials(blobs)
}

/** Removes from a folder what processes that died were about to give another name. */
export async function sweepPassing(folder: string): Promise<void> {
  for (const name of await naming('read the folder', folder, () => readdir(folder))) {
    const owner = parseOwner(PASSING.exec(name)?.[1] ?? '')
    if (owner === undefined) continue
    const path = join(folder, name)
    await naming('remove', path, async () => {
      const life = lifeOf(owner)
      const found = life === 'unknown' ? await ifExists(lstat(path)) : undefined
      const old = found !== undefined && Date.now() - found.mtimeMs > STALE_MS
      if (life === 'dead' || old) await ifExists(unlink(path))
    })
  }
}
