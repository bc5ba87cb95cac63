import { sweep as sweepWork, trimStamps } from '@crossdock/blob-files'
import type { OperationOptions } from '@crossdock/core'
import { emptyLayoutIndex, type LayoutIndex } from '@crossdock/formats'
import { createIndexFile } from '../layout/index-file.ts'
import type { StoreContext } from '../store-context.ts'
import { storePaths } from '../store-paths.ts'
import type { Collected, CollectOptions } from '../store.ts'
import { removeAbandoned, sortIngests } from './abandoned-ingests.ts'
import { expiredRecords, removeExpired } from './expired-records.ts'
import { createNeeds, type Needs } from './needs.ts'
import { removeGone, sweepBlobs } from './sweep-blobs.ts'
import { type Survey, surveyBlobs, type Unneeded } from './survey.ts'

const HOUR_MS = 60 * 60 * 1000

/**
 * Removes what nothing needs, in all namespaces. Needed is what image names, leases that have not expired, entries of `index.json`, labels
 * (containerd's `gc.root`) and ingests lead to: by what manifests and indexes list, by labels (`gc.ref.*`, `gc.bref.*`), and from a manifest
 * to those that refer to it. Content that is missing leads nowhere.
 *
 * May run while others write: what they have recorded or leased before they relied on it stays. Throws `IO` before anything is removed if a
 * manifest cannot be read, `CONFLICT` if the layout stays locked, and the reason of an abort, after which what was not removed yet stays.
 */
export async function collectGarbage(context: StoreContext, options: CollectOptions = {}): Promise<Collected> {
  const { dryRun = false, minAgeMs = HOUR_MS, minIngestAgeMs = 24 * HOUR_MS, signal } = options
  const now = context.clock.now()
  const ingestLimits = { now, minIngestAgeMs, signal }
  const ingests = await sortIngests(context, ingestLimits)
  const { blobs } = storePaths(context.folder)
  const needs = createNeeds({ blobs, now: () => context.clock.now(), roots: ingests.roots })
  await findNeeded(context, needs, { signal })
  const survey = splitByAge(await surveyBlobs(context, needs, { signal }), now - minAgeMs)
  const { images, leases } = dryRun
    ? expiredRecords(needs.snapshot, needs)
    : await removeExpired(context, needs, { signal })
  const removed: Unneeded[] = []
  if (dryRun) removed.push(...survey.unneeded)
  else {
    for await (const blob of sweepBlobs(context, needs, survey.unneeded, { youngSince: now - minAgeMs, signal }))
      removed.push(blob)
  }
  let removedIngests = dryRun ? ingests.abandoned.length : 0
  if (!dryRun) {
    for (const folder of ingests.abandoned)
      if (await removeAbandoned(context, folder, ingestLimits)) removedIngests += 1
    await removeLeftovers(context)
  }
  const files = removed.filter(({ size }) => size !== undefined)
  return {
    blobs: files.length,
    bytes: files.reduce((sum, { size = 0 }) => sum + size, 0),
    digests: files.map(({ digest }) => digest),
    ingests: removedIngests,
    images: images.map(({ namespace, name }) => ({ namespace, name })),
    leases: leases.map(({ namespace, id }) => ({ namespace, id })),
    kept: survey.kept,
  }
}

/** Finds all that is needed now. */
export async function findNeeded(context: StoreContext, needs: Needs, options: OperationOptions): Promise<void> {
  await context.layout.refresh(options)
  const index = await readIndex(context, options)
  await context.database.read((sql) => needs.update(sql, index), options)
  await needs.find(options)
}

async function readIndex({ folder }: StoreContext, options: OperationOptions): Promise<LayoutIndex> {
  return (await createIndexFile(storePaths(folder)).read(options)).index ?? emptyLayoutIndex(folder)
}

function splitByAge({ unneeded, kept }: Survey, youngSince: number): Survey {
  const old = unneeded.filter(({ modifiedAt }) => modifiedAt <= youngSince)
  const young = unneeded.length - old.length
  return { unneeded: old, kept: young === 0 ? kept : { ...kept, young } }
}

/** What processes that died were writing. */
async function removeLeftovers({ folder }: StoreContext): Promise<void> {
  const { blobs, work } = storePaths(folder)
  await sweepWork(blobs, { work })
  await trimStamps(blobs)
  await removeGone({ work })
}
