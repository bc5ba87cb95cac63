import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ifExists, naming } from '@crossdock/blob-files'
import type { OperationOptions } from '@crossdock/core'
import { contentFiles } from '../content/content-files.ts'
import { findIngest, type FoundIngest, removeIngest } from '../content/ingest-folder.ts'
import { ownership } from '../content/ref-lock.ts'
import type { StoreContext } from '../store-context.ts'
import type { Root } from './marks.ts'
import { type LeaseNode, readLeases } from './snapshot.ts'

/** Ingests by whether somebody may still go on with them. */
export interface SortedIngests {
  /** What they are to become, as far as is known. */
  readonly roots: readonly Root[]
  /** The folders of the others. */
  readonly abandoned: readonly string[]
}

export interface IngestLimits extends OperationOptions {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Those that nobody has touched for so long are abandoned, in milliseconds. */
  readonly minIngestAgeMs: number
}

/** An ingest is kept while somebody has it open, while it is young, and by leases. */
export async function sortIngests(context: StoreContext, limits: IngestLimits): Promise<SortedIngests> {
  const { paths } = contentFiles(context)
  const leases = await leasesNow(context, limits)
  const roots: Root[] = []
  const abandoned: string[] = []
  for (const name of (await naming('read the folder', paths.ingest, () => ifExists(readdir(paths.ingest)))) ?? []) {
    limits.signal?.throwIfAborted()
    const folder = join(paths.ingest, name)
    const found = await findIngest(paths, folder)
    const isOpen = (await ownership(folder)) === 'owned'
    if (!isOpen && (await isAbandoned(folder, found, { ...limits, leases }))) abandoned.push(folder)
    else if (found?.expected !== undefined) roots.push({ digest: found.expected, keeper: 'ingest' })
  }
  return { roots, abandoned }
}

/** Removes an ingest, unless somebody has come back for it; whether it did. */
export async function removeAbandoned(context: StoreContext, folder: string, limits: IngestLimits): Promise<boolean> {
  const { paths, locks } = contentFiles(context)
  const found = await findIngest(paths, folder)
  const leases = await leasesNow(context, limits)
  if (!(await isAbandoned(folder, found, { ...limits, leases }))) return false
  const lock = await locks.take(folder, limits)
  if (lock === undefined) return false
  await using _ = lock
  const now = await findIngest(paths, folder)
  if (now?.updatedAt.getTime() !== found?.updatedAt.getTime()) return false
  await removeIngest(paths, folder)
  return true
}

interface LeasedLimits extends IngestLimits {
  readonly leases: readonly LeaseNode[]
}

async function isAbandoned(folder: string, found: FoundIngest | undefined, limits: LeasedLimits): Promise<boolean> {
  const { now, minIngestAgeMs, leases } = limits
  const isLeased = leases.some(
    ({ isExpired, namespace, ingests }) => !isExpired && namespace === found?.namespace && ingests.includes(found.ref),
  )
  if (isLeased) return false
  const changedAt = found?.updatedAt ?? (await naming('look at', folder, () => ifExists(lstat(folder))))?.mtime
  return changedAt !== undefined && now - changedAt.getTime() >= minIngestAgeMs
}

async function leasesNow({ database }: StoreContext, { now, signal }: IngestLimits): Promise<readonly LeaseNode[]> {
  return await database.read((sql) => readLeases(sql, now), { signal })
}
