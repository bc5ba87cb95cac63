import type { BlobPaths } from '@crossdock/blob-files'
import { type Digest, isDigest, type OperationOptions } from '@crossdock/core'
import type { LayoutIndex } from '@crossdock/formats'
import type { Sql } from '../database/database.ts'
import { integerOf } from '../database/rows.ts'
import { createTurns, TURN_MS } from '../database/transactions.ts'
import { entryName } from '../layout/named-entries.ts'
import { DEFAULT_NAMESPACE } from '../store-context.ts'
import { createMarks, type Marks, type MarksOptions, type Root } from './marks.ts'
import { type ImageNode, readSnapshot, type Snapshot } from './snapshot.ts'

/** What is needed, and stays known to be while others go on working. */
export interface Needs extends Pick<
  Marks,
  'keeperOf' | 'hasImage' | 'addImage' | 'addReferrers' | 'keepAttached' | 'unkeptSubjects' | 'subjects' | 'flat'
> {
  /**
   * In a transaction: takes in what has changed in the database and in `index.json` since the last time. Of what is needed is then left to
   * be found what is new.
   */
  update(sql: Sql, index: LayoutIndex): void
  /** At the end of a transaction that only collected: what it changed need not be taken in. */
  skipOwnChanges(sql: Sql): void
  /** Finds all, with pauses for others of this process. */
  find(options?: OperationOptions): Promise<void>
  /** In a transaction: takes in what has changed, and finds all at once. */
  updateNow(sql: Sql, index: LayoutIndex): void
  readonly snapshot: Snapshot
}

export interface NeedsOptions {
  readonly blobs: Pick<BlobPaths, 'pathOf'>
  readonly onMarked?: MarksOptions['onMarked']
  /** Images that keep nothing by themselves. Default: those whose time is over. */
  readonly isUnneeded?: ((image: ImageNode) => boolean) | undefined
  readonly now: () => number
  /** What is needed whatever the database says. */
  readonly roots: readonly Root[]
}

export function createNeeds({ blobs, now, roots, onMarked, isUnneeded = () => false }: NeedsOptions): Needs {
  const marks = createMarks({ ...blobs, onMarked })
  const takeTurn = createTurns()
  let snapshot: Snapshot = { images: [], leases: [], content: [] }
  let seen: { readonly version: string; readonly index: LayoutIndex } | undefined

  function update(sql: Sql, index: LayoutIndex): void {
    marks.lookForMissing()
    const version = versionOf(sql)
    if (seen?.version === version && seen.index === index) return
    snapshot = withUnneeded(readSnapshot(sql, now()), isUnneeded)
    marks.add(entryRoots(index, snapshot))
    marks.load(snapshot)
    seen = { version, index }
  }

  marks.add(roots)
  return {
    keeperOf: (digest) => marks.keeperOf(digest),
    hasImage: (image) => marks.hasImage(image),
    addImage: (image) => marks.addImage(image),
    subjects: marks.subjects,
    flat: marks.flat,
    addReferrers: (referrers) => marks.addReferrers(referrers),
    keepAttached: (isKept) => marks.keepAttached(isKept),
    unkeptSubjects: () => marks.unkeptSubjects(),
    get snapshot() {
      return snapshot
    },
    update,
    updateNow(sql, index) {
      update(sql, index)
      marks.run()
    },
    skipOwnChanges(sql) {
      if (seen !== undefined) seen = { ...seen, version: versionOf(sql) }
    },
    async find(options) {
      while (!marks.run(TURN_MS)) {
        options?.signal?.throwIfAborted()
        await takeTurn()
      }
    },
  }
}

/** Changes with every change to the database, of this connection and of others (sqlite.org/pragma.html, "data_version"). */
function versionOf(sql: Sql): string {
  const others = integerOf(sql.get('PRAGMA data_version') ?? {}, 'data_version')
  const own = integerOf(sql.get('SELECT total_changes() AS changes') ?? {}, 'changes')
  return `${others} ${own}`
}

/** What `index.json` lists besides the images of the database: what other programs put there. */
function entryRoots(index: LayoutIndex, { images }: Snapshot): readonly Root[] {
  const names = new Set(images.filter(({ namespace }) => namespace === DEFAULT_NAMESPACE).map(({ name }) => name))
  const others = index.entries.filter((entry) => !names.has(entryName(entry) ?? ''))
  return others.flatMap(({ digest }) =>
    isDigest(digest) ? [{ digest: digest satisfies Digest, keeper: 'index' }] : [],
  )
}

function withUnneeded(snapshot: Snapshot, isUnneeded: (image: ImageNode) => boolean): Snapshot {
  return {
    ...snapshot,
    images: snapshot.images.map((image) => (isUnneeded(image) ? { ...image, isExpired: true } : image)),
  }
}
