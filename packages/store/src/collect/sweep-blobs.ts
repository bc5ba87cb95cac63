import { randomBytes } from 'node:crypto'
import { renameSync } from 'node:fs'
import { lstat, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  errorNumber,
  fileError,
  formatOwner,
  ifExists,
  lifeOf,
  naming,
  type Owner,
  parseOwner,
  STALE_MS,
  thisProcess,
} from '@crossdock/blob-files'
import { digestEncoded, type Digest, type OperationOptions } from '@crossdock/core'
import type { Sql } from '../database/database.ts'
import { optionalIntegerOf } from '../database/rows.ts'
import type { HeldLayout } from '../layout/create-projection.ts'
import type { StoreContext } from '../store-context.ts'
import { storePaths, type StorePaths } from '../store-paths.ts'
import type { Needs } from './needs.ts'
import { lookAtFile, type Unneeded } from './survey.ts'

export interface SweepOptions extends OperationOptions {
  /** Milliseconds since 1970: what was brought in or relied on since then stays. Infinity: no grace. */
  readonly youngSince: number
}

/** As many files as are moved away in some milliseconds. */
const BATCH = 256

/** What was moved away waits in such folders to be removed, by whom the name may tell. */
const GONE = /^gone\.(?:([^.]+)\.)?[0-9a-f]+$/

/**
 * Removes blobs that nothing needs, some at a time, and says which. Before each time it is looked at what has become needed, and nobody can
 * come to need one of them until they are gone: writers record what they build on in the database before they look whether it is there,
 * and other layout tools of Crossdock take the lock. First the records go, then the files: a crash between leaves files without records.
 */
export async function* sweepBlobs(
  context: StoreContext,
  needs: Needs,
  blobs: readonly Unneeded[],
  options: SweepOptions,
): AsyncGenerator<Unneeded> {
  const paths = storePaths(context.folder)
  for (let from = 0; from < blobs.length; from += BATCH) {
    options.signal?.throwIfAborted()
    const batch = blobs.slice(from, from + BATCH)
    const gone = join(paths.work, `gone.${formatOwner(thisProcess())}.${randomBytes(6).toString('hex')}`)
    await naming('create the folder', gone, () => mkdir(gone))
    const removed = await context.layout.exclusively(
      (layout) => removeBatch({ context, needs, layout, paths, gone }, batch, options),
      options,
    )
    await naming('remove', gone, () => rm(gone, { recursive: true, force: true }))
    yield* removed
  }
}

/** Removes what a sweep that was killed had moved away. */
export async function removeGone({ work }: Pick<StorePaths, 'work'>): Promise<void> {
  for (const name of await naming('read the folder', work, () => readdir(work))) {
    const [isGone, owner = ''] = GONE.exec(name) ?? []
    const path = join(work, name)
    if (isGone !== undefined && !(await mayLive(parseOwner(owner), path)))
      await naming('remove', path, () => rm(path, { recursive: true, force: true }))
  }
}

async function mayLive(owner: Owner | undefined, path: string): Promise<boolean> {
  const life = owner === undefined ? 'dead' : lifeOf(owner)
  if (life !== 'unknown') return life === 'alive'
  const found = await naming('look at', path, () => ifExists(lstat(path)))
  return found !== undefined && Date.now() - found.mtimeMs <= STALE_MS
}

interface Sweep {
  readonly context: StoreContext
  readonly needs: Needs
  readonly layout: HeldLayout
  readonly paths: StorePaths
  /** Where files go. */
  readonly gone: string
}

async function removeBatch(
  sweep: Sweep,
  batch: readonly Unneeded[],
  { youngSince, signal }: SweepOptions,
): Promise<readonly Unneeded[]> {
  const { context, needs, layout, paths, gone } = sweep
  const { database } = context
  const index = await layout.sync({ signal })
  await database.read((sql) => needs.update(sql, index), { signal })
  await needs.find({ signal })
  const doomed = await database.write((sql) => {
    needs.updateNow(sql, index)
    const chosen = batch.filter(
      ({ digest }) => needs.keeperOf(digest) === undefined && !isYoung(sql, digest, youngSince),
    )
    for (const { digest } of chosen) sql.run('DELETE FROM content WHERE digest = $digest', { digest })
    needs.skipOwnChanges(sql)
    return chosen
  })
  await layout.assertHeld()
  return await database.write((sql) => {
    needs.updateNow(sql, index)
    // What has a record again was relied on meanwhile.
    const left = doomed.filter(({ digest }) => needs.keeperOf(digest) === undefined && !isYoung(sql, digest, 0))
    // Moving is no statement, but the same when it is done again.
    return left.filter(({ digest }) => {
      const path = paths.blobs.pathOf(digest)
      return isOldFile(path, youngSince) && moveAway(path, join(gone, digestEncoded(digest)))
    })
  })
}

/** Whether a namespace has recorded it since. */
function isYoung(sql: Sql, digest: Digest, since: number): boolean {
  const row = sql.get('SELECT max(updated_at) AS updated FROM content WHERE digest = $digest', { digest })
  const updatedAt = row === undefined ? undefined : optionalIntegerOf(row, 'updated')
  return updatedAt !== undefined && updatedAt > since
}

function isOldFile(path: string, youngSince: number): boolean {
  const found = lookAtFile(path)
  return found?.isFile === true && found.modifiedAt <= youngSince
}

/**
 * In one call without waiting, for the transaction is open. Large files take their time when they are removed, and none when they are moved.
 * False if another one was faster.
 */
function moveAway(path: string, target: string): boolean {
  try {
    renameSync(path, target)
    return true
  } catch (reason) {
    if (errorNumber(reason) === 'ENOENT') return false
    throw fileError(reason, 'remove', path)
  }
}
