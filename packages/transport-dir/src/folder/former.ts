import { lstat, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ifExists, naming } from '@crossdock/blob-files'
import type { Digest, ManifestBytes, OperationOptions } from '@crossdock/core'
import { type AnyManifest, childrenHandler, parseAnyManifest, walk } from '@crossdock/formats'
import { describe, imageReader } from './image-reader.ts'
import { ifUsable, readTop } from './manifests.ts'
import { type ContentFile, type FolderPaths, parseFileName } from './paths.ts'
import { readUnfinished } from './unfinished.ts'

/** Content that no image of the folder needs and nobody came back for is removed after a week. */
const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1000

/** The digests of all that the folder holds for its image, and for the one before if its change is not finished. */
export async function formerContent(paths: FolderPaths, operation: OperationOptions): Promise<ReadonlySet<Digest>> {
  const former = new Set(await readUnfinished(paths))
  const top = await ifUsable(readTop(paths))
  const reached = top === undefined ? undefined : await ifUsable(reachedBy(paths, top, operation))
  operation.signal?.throwIfAborted()
  for (const digest of reached ?? []) former.add(digest)
  return former
}

/** The document's digest and those of all that it reaches. */
export async function reachedBy(
  paths: FolderPaths,
  top: ManifestBytes,
  operation: OperationOptions,
): Promise<ReadonlySet<Digest>> {
  const reached = new Set([top.digest])
  const manifest = await ifUsable(parse(top))
  if (manifest === undefined) return reached
  if (manifest.kind === 'schema1') {
    for (const { digest } of manifest.layers) reached.add(digest)
    return reached
  }
  const root = describe({ ...top, mediaType: manifest.mediaType })
  for await (const { digest } of walk([root], childrenHandler(imageReader(paths, top)), operation)) reached.add(digest)
  return reached
}

async function parse(top: ManifestBytes): Promise<AnyManifest> {
  return parseAnyManifest(top)
}

export interface Removal {
  /** What may lie here for another image. */
  readonly former: ReadonlySet<Digest>
  /** What the image needs. */
  readonly needed: ReadonlySet<Digest>
  /** Manifests whose signatures are these, and no others; undefined is the image's own. */
  readonly signed: ReadonlyMap<Digest | undefined, readonly Uint8Array[]>
}

/**
 * Removes files of the former image that the new one does not need, and signatures that are no longer there. Others stay: a
 * blob that nothing needs may be that of a copy under way.
 */
export async function removeFormer({ root }: FolderPaths, removal: Removal): Promise<void> {
  const names = await naming('read the folder', root, () => readdir(root))
  for (const name of names) {
    const file = parseFileName(name)
    const fate = file === undefined ? 'needed' : fateOf(file, removal)
    if (fate === 'needed') continue
    const path = join(root, name)
    const found = await naming('look at', path, () => ifExists(lstat(path)))
    if (found === undefined || found.isDirectory()) continue
    const isOld = Date.now() - found.mtimeMs > MAX_AGE_MS
    if (fate === 'former' || isOld) await naming('remove', path, () => ifExists(unlink(path)))
  }
}

function fateOf(file: ContentFile, { former, needed, signed }: Removal): 'needed' | 'former' | 'unknown' {
  const { digest } = file
  if (file.kind === 'signature') {
    const signatures = digest === undefined ? (signed.get(undefined) ?? []) : signed.get(digest)
    if (signatures !== undefined) return file.number <= signatures.length ? 'needed' : 'former'
  }
  if (digest === undefined || needed.has(digest)) return 'needed'
  return former.has(digest) ? 'former' : 'unknown'
}
