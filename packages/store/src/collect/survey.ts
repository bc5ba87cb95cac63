import { lstatSync } from 'node:fs'
import { fileError } from '@crossdock/blob-files'
import type { Digest, OperationOptions } from '@crossdock/core'
import { digestsIn } from '../content/list-content.ts'
import { digestOf, integerOf } from '../database/rows.ts'
import { createTurns } from '../database/transactions.ts'
import type { StoreContext } from '../store-context.ts'
import { storePaths, type StorePaths } from '../store-paths.ts'
import type { KeptBlobs } from '../store.ts'
import { searchSubjects, type SubjectKey, type SubjectSearch, without } from './attached-names.ts'
import { documentEdges } from './document-edges.ts'
import type { Keeper } from './marks.ts'
import type { Needs } from './needs.ts'
import { readDocumentSync } from './read-document.ts'
import { appendTo } from './reference-graph.ts'

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
  /** Subjects that are not here, and were not: names of what is attached to them are like any other. */
  readonly unknownSubjects: ReadonlySet<SubjectKey>
}

export interface SurveyOptions extends OperationOptions {
  /** Milliseconds since 1970: what is attached to what has come since then stays. Default: no grace. */
  readonly youngSince?: number | undefined
}

export type Referrers = ReadonlyMap<Digest, readonly Digest[]>

const LIST_AT_ONCE = 256

const RECORDED = 'SELECT digest, max(updated_at) AS updated FROM content GROUP BY digest'

/**
 * Sorts all blobs that there are by whether they are needed. What is needed has to be found before; what turns out to be needed as well, for
 * it refers to that or is attached to nothing that is known, is found here.
 */
export async function surveyBlobs(
  context: Pick<StoreContext, 'folder' | 'database'>,
  needs: Needs,
  options: SurveyOptions = {},
): Promise<Survey> {
  const paths = storePaths(context.folder)
  const kept: Partial<Record<Keeper, number>> = {}
  const pause = createPauses(options)
  const unkept = needs.unkeptSubjects()
  const subjects = searchSubjects(unkept, options.youngSince ?? Infinity)

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

  const unmarked = await listUnmarked()
  const referrers = await findReferrers([...unmarked, ...needs.flat], { paths, subjects, pause })
  needs.addReferrers(referrers)
  const recorded = await context.database.read((sql) => sql.all(RECORDED), options)
  for (const row of recorded) {
    await pause()
    subjects.note(digestOf(row, 'digest'), () => integerOf(row, 'updated'))
  }
  const released = subjects.released()
  needs.keepAttached(({ subject }) => !released.has(subject))
  await needs.find(options)
  const unneeded: Unneeded[] = []
  for (const digest of unmarked) {
    await pause()
    const keeper = needs.keeperOf(digest)
    const found = keeper === undefined ? lookAtFile(paths.blobs.pathOf(digest)) : count(keeper)
    if (found?.isFile === true) unneeded.push({ digest, ...found })
  }
  for (const row of recorded) {
    await pause()
    const digest = digestOf(row, 'digest')
    if (needs.keeperOf(digest) === undefined && lookAtFile(paths.blobs.pathOf(digest)) === undefined)
      unneeded.push({ digest, size: undefined, modifiedAt: 0 })
  }
  return { unneeded, kept, referrers, unknownSubjects: without(unkept, released) }
}

/** Lets others of this process run now and then. */
function createPauses({ signal }: OperationOptions): () => Promise<void> {
  const takeTurn = createTurns()
  return async () => {
    await takeTurn()
    signal?.throwIfAborted()
  }
}

interface Search {
  readonly paths: StorePaths
  /** Is told of the digests and of what they list. */
  readonly subjects: SubjectSearch
  readonly pause: () => Promise<void>
}

/** By subject the manifests among the digests that refer to it. */
async function findReferrers(digests: readonly Digest[], { paths, subjects, pause }: Search): Promise<Referrers> {
  const referrers = new Map<Digest, Digest[]>()
  for (const digest of digests) {
    await pause()
    const path = paths.blobs.pathOf(digest)
    const at = (): number => lookAtFile(path)?.modifiedAt ?? 0
    const bytes = readDocumentSync(path)
    if (bytes !== 'missing') subjects.note(digest, at)
    if (typeof bytes === 'string') continue
    const { subject, documents, blobs } = documentEdges(bytes)
    if (subject !== undefined) appendTo(referrers, subject, digest)
    for (const listed of [...documents, ...blobs]) subjects.note(listed, at)
  }
  return referrers
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
