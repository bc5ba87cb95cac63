import { lstat, unlink } from 'node:fs/promises'
import { acquireLock, ifExists, manifestReader, naming, pathError, quotePath } from '@crossdock/blob-files'
import { ImageError, type Descriptor, type Digest, type OperationOptions } from '@crossdock/core'
import {
  childrenHandler,
  documentReader,
  entryDescriptor,
  type LayoutEntry,
  type LayoutIndex,
  selectLayoutEntry,
  walk,
  withLayoutEntries,
  withoutOrphans,
} from '@crossdock/formats'
import { writeIndex } from './layout/commit.ts'
import { checkMarker, readIndex } from './layout/layout.ts'
import { layoutPaths, type LayoutPaths } from './layout/paths.ts'
import { checkWritable, createLayout } from './layout/prepare.ts'
import type { OpenOptions } from './open-options.ts'

/**
 * Removes the image's entry from `index.json`, with its signatures and what refers to it, then the blobs that no other entry reaches; blobs that layouts share stay,
 * and those of a store.
 * With a digest, every entry of that manifest goes. Throws `NOT_FOUND`; `UNSUPPORTED` and changes nothing if another entry is
 * of an unknown type, since it cannot be told what that one needs.
 */
export async function deleteImage(opened: OpenOptions, operation: OperationOptions = {}): Promise<void> {
  operation.signal?.throwIfAborted()
  const { options, folder } = opened
  const paths = layoutPaths(folder, options.sharedBlobDir)
  await checkMarker(paths)
  await checkWritable(paths)
  await createLayout(paths, options)
  await using lock = await acquireLock(paths.work, {
    ...operation,
    timeoutMs: options.lockTimeoutMs,
    guarded: quotePath(paths.index),
  })
  const index = await readIndex(paths, options, { rewrite: true })
  if (index === undefined) throw pathError('NOT_FOUND', paths.root, 'holds no image')
  const chosen = chooseEntries(index, opened)
  const kept = withLayoutEntries(
    index,
    index.entries.filter((entry) => !chosen.includes(entry)),
  )
  const rest = await withoutOrphans(manifestReader(paths.blobs), index, kept)
  const removed = index.entries.filter((entry) => !rest.entries.includes(entry))
  const garbage = (await areBlobsOurs(paths)) ? await unreachable(paths, { index, removed, rest }) : []
  await writeIndex({ paths, options }, rest, lock)
  for (const digest of garbage) {
    const path = paths.blobs.pathOf(digest)
    await naming('remove', path, () => ifExists(unlink(path)))
  }
}

/** Not those that other layouts may need, nor those of a store, whose database says what else needs them and which collects by itself. */
async function areBlobsOurs({ blobs, storeDatabase }: LayoutPaths): Promise<boolean> {
  if (blobs.shared) return false
  return (await naming('look at', storeDatabase, () => ifExists(lstat(storeDatabase)))) === undefined
}

function chooseEntries(index: LayoutIndex, { selection }: OpenOptions): readonly LayoutEntry[] {
  const { name, digest } = selection
  if (digest === undefined && name === undefined) return [selectLayoutEntry(index, selection)]
  if (digest === undefined) {
    selectLayoutEntry(index, selection)
    return index.entries.filter((entry) => entry.name === name)
  }
  const found = index.entries.filter((entry) => entry.digest === digest && (name === undefined || entry.name === name))
  if (found.length > 0) return found
  const named = name === undefined ? '' : `"${name}" `
  throw new ImageError('NOT_FOUND', `${index.what} has no entry ${named}with the digest ${digest}`)
}

interface Removal {
  readonly index: LayoutIndex
  readonly removed: readonly LayoutEntry[]
  readonly rest: LayoutIndex
}

/** What the removed entries reach and the others do not. */
async function unreachable(paths: LayoutPaths, { index, removed, rest }: Removal): Promise<readonly Digest[]> {
  const kept = await reach(
    paths,
    rest.entries.map((entry) => otherDescriptor(rest, entry)),
  )
  const candidates = await reach(
    paths,
    removed.map((entry) => entryDescriptor(index, entry)),
  )
  return [...candidates].filter((digest) => !kept.has(digest))
}

function otherDescriptor(rest: LayoutIndex, entry: LayoutEntry): Descriptor {
  try {
    return entryDescriptor(rest, entry)
  } catch (cause) {
    throw new ImageError('UNSUPPORTED', `nothing was deleted, since another entry cannot be read: ${String(cause)}`, {
      cause,
    })
  }
}

async function reach(paths: LayoutPaths, roots: readonly Descriptor[]): Promise<ReadonlySet<Digest>> {
  const children = childrenHandler(documentReader(manifestReader(paths.blobs), { passOver: 'missing' }))
  const reached = new Set<Digest>()
  for await (const { digest } of walk(roots, children)) reached.add(digest)
  return reached
}
