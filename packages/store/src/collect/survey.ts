import { lstatSync } from 'node:fs'
import { fileError } from '@crossdock/blob-files'
import type { Digest, OperationOptions } from '@crossdock/core'
import { digestsIn } from '../content/list-content.ts'
import { digestOf } from '../database/rows.ts'
import { createTurns } from '../database/transactions.ts'
import type { StoreContext } from '../store-context.ts'
import { storePaths } from '../store-paths.ts'
import type { KeptBlobs } from '../store.ts'
import { documentEdges } from './document-edges.ts'
import type { Keeper } from './marks.ts'
import type { Needs } from './needs.ts'
import { readDocumentSync } from './read-document.ts'

/** A blob that nothing needs. */
export interface Unneeded {
  readonly digest: Digest
  /** Bytes of its file; undefined if there is only a record of it. */
  readonly size: number | undefined
  /** Of the file, in milliseconds since 1970. */
  readonly modifiedAt: number
}

export interface Survey {
  readonly unneeded: readonly Unneeded[]
  readonly kept: KeptBlobs
  /** By subject those that refer to it of the blobs that nothing else leads to, or that stay without what they lead to. */
  readonly referrers: Referrers
}

export type Referrers = ReadonlyMap<Digest, readonly Digest[]>

const LIST_AT_ONCE = 256

/** Sorts all blobs that there are by whether they are needed. What is needed has to be found before. */
export async function surveyBlobs(
  context: Pick<StoreContext, 'folder' | 'database'>,
  needs: Needs,
  options: OperationOptions = {},
): Promise<Survey> {
  const paths = storePaths(context.folder)
  const kept: Partial<Record<Keeper, number>> = {}
  const takeTurn = createTurns()

  async function pause(): Promise<void> {
    await takeTurn()
    options.signal?.throwIfAborted()
  }

  function count(keeper: Keeper): void {
    kept[keeper] = (kept[keeper] ?? 0) + 1
  }

  async function listUnmarked(): Promise<readonly Digest[]> {
    const unmarked: Digest[] = []
    for await (const digests of digestsIn(paths, LIST_AT_ONCE)) {
      for (const digest of digests) {
        const keeper = needs.keeperOf(digest)
        if (keeper === undefined) unmarked.push(digest)
        else count(keeper)
      }
      await pause()
    }
    return unmarked
  }

  /** By subject the manifests that refer to it. */
  async function referrersAmong(digests: readonly Digest[]): Promise<Referrers> {
    const referrers = new Map<Digest, Digest[]>()
    for (const digest of digests) {
      await pause()
      const bytes = readDocumentSync(paths.blobs.pathOf(digest))
      const subject = typeof bytes === 'string' ? undefined : documentEdges(bytes).subject
      if (subject !== undefined) referrers.set(subject, [...(referrers.get(subject) ?? []), digest])
    }
    return referrers
  }

  const unmarked = await listUnmarked()
  const referrers = await referrersAmong([...unmarked, ...needs.flat])
  needs.addReferrers(referrers)
  await needs.find(options)
  const unneeded: Unneeded[] = []
  for (const digest of unmarked) {
    await pause()
    const keeper = needs.keeperOf(digest)
    const found = keeper === undefined ? lookAtFile(paths.blobs.pathOf(digest)) : count(keeper)
    if (found?.isFile === true) unneeded.push({ digest, ...found })
  }
  for (const row of await context.database.read((sql) => sql.all('SELECT DISTINCT digest FROM content'), options)) {
    await pause()
    const digest = digestOf(row, 'digest')
    if (needs.keeperOf(digest) === undefined && lookAtFile(paths.blobs.pathOf(digest)) === undefined)
      unneeded.push({ digest, size: undefined, modifiedAt: 0 })
  }
  return { unneeded, kept, referrers }
}

export interface SeenFile extends Pick<Unneeded, 'modifiedAt'> {
  readonly size: number
  readonly isFile: boolean
}

/** In one call without waiting; undefined if there is nothing. */
export function lookAtFile(path: string): SeenFile | undefined {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false })
    return found && { isFile: found.isFile(), size: found.size, modifiedAt: Math.floor(found.mtimeMs) }
  } catch (reason) {
    throw fileError(reason, 'look at', path)
  }
}
