import { sweep as sweepWork, trimStamps } from '@crossdock/blob-files'
import type { OperationOptions } from '@crossdock/core'
import { emptyLayoutIndex, type LayoutIndex } from '@crossdock/formats'
import { createIndexFile } from '../layout/index-file.ts'
import type { StoreContext } from '../store-context.ts'
import { storePaths } from '../store-paths.ts'
import type { Collected, CollectOptions, KeptBlobs } from '../store.ts'
import { type IngestLimits, removeAbandoned, sortIngests } from './abandoned-ingests.ts'
import { createNeeds, type Needs, type NeedsOptions } from './needs.ts'
import { removeGone, sweepBlobs, type SweepOptions } from './sweep-blobs.ts'
import { type Survey, surveyBlobs, type Unneeded } from './survey.ts'
import { removeUnkept, type UnkeptRecords, unkeptRecords } from './unkept-records.ts'

const HOUR_MS = 60 * 60 * 1000

/**
 * Removes what nothing needs, in all namespaces. Needed is what image names, leases that have not expired, entries of `index.json`, labels
 * (containerd's `gc.root`) and ingests lead to: by what manifests and indexes list, by labels (`gc.ref.*`, `gc.bref.*`), and from a manifest
 * to those that refer to it, and to what names of its digest attach to it. Content that is missing leads nowhere. Such names are kept by
 * what they are attached to alone, if that is or was here, and go with it.
 *
 * May run while others write: what they have recorded or leased before they relied on it stays. Throws `IO` before anything is removed if a
 * manifest cannot be read, `CONFLICT` if the layout stays locked, and the reason of an abort, after which what was not removed yet stays.
 */
export async function collectGarbage(
  context: StoreContext,
  options: CollectOptions = {},
  { isUnneeded }: Pick<NeedsOptions, 'isUnneeded'> = {},
): Promise<Collected> {
  const { dryRun = false, minAgeMs = HOUR_MS, minIngestAgeMs = 24 * HOUR_MS, signal } = options
  const now = context.clock.now()
  // Without grace it does not matter what the file system's clock says.
  const limits = { now, minIngestAgeMs, youngSince: minAgeMs > 0 ? now - minAgeMs : Infinity, signal }
  const ingests = await sortIngests(context, limits)
  const needs = needsOf(context, { roots: ingests.roots, isUnneeded })
  await findNeeded(context, needs, { signal })
  const { unneeded, kept } = splitByAge(await surveyBlobs(context, needs, limits), limits.youngSince)
  const plan = { needs, unneeded, abandoned: ingests.abandoned, ...unkeptRecords(needs.snapshot, needs) }
  return collected(dryRun ? plan : await carryOut(context, plan, limits), kept)
}

/** What is to go. */
interface Plan extends UnkeptRecords {
  readonly unneeded: readonly Unneeded[]
  /** Folders of ingests. */
  readonly abandoned: readonly string[]
}

/** Returns what went: some of it may be needed by now. */
async function carryOut(
  context: StoreContext,
  { needs, unneeded, abandoned }: Plan & { readonly needs: Needs },
  limits: IngestLimits & SweepOptions,
): Promise<Plan> {
  const unkept = await removeUnkept(context, needs, limits)
  const removed: Unneeded[] = []
  for await (const blob of sweepBlobs(context, needs, unneeded, limits)) removed.push(blob)
  const removedIngests: string[] = []
  for (const folder of abandoned) if (await removeAbandoned(context, folder, limits)) removedIngests.push(folder)
  await removeLeftovers(context)
  return { ...unkept, unneeded: removed, abandoned: removedIngests }
}

function collected({ unneeded, abandoned, images, leases }: Plan, kept: KeptBlobs): Collected {
  const files = unneeded.filter(({ size }) => size !== undefined)
  return {
    blobs: files.length,
    bytes: files.reduce((sum, { size = 0 }) => sum + size, 0),
    digests: files.map(({ digest }) => digest),
    ingests: abandoned.length,
    images: images.map(({ namespace, name }) => ({ namespace, name })),
    leases: leases.map(({ namespace, id }) => ({ namespace, id })),
    kept,
  }
}

/** To find out what a store needs. */
export function needsOf(context: StoreContext, options: Omit<NeedsOptions, 'blobs' | 'now'>): Needs {
  const { blobs } = storePaths(context.folder)
  return createNeeds({ ...options, blobs, now: () => context.clock.now() })
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

function splitByAge({ unneeded, kept }: Survey, youngSince: number): Pick<Survey, 'unneeded' | 'kept'> {
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
