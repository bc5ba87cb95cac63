import { type Descriptor, type Digest, ImageError, type ManifestBytes, type OperationOptions } from '@crossdock/core'
import {
  type AnyManifest,
  blobsOf,
  childrenOf,
  isForeignLayer,
  isIndexType,
  isManifestType,
  type Manifest,
  parseAnyManifest,
} from '@crossdock/formats'
import { ifUsable, readInstance } from './manifests.ts'
import type { FolderPaths } from './paths.ts'

/** An index of indexes of indexes … deeper than this is no image. */
const MAX_DEPTH = 16
const MAX_MANIFESTS = 100_000

/** A manifest of the image, and what it says; undefined if it is not there or cannot be read. */
export interface WalkedManifest {
  readonly digest: Digest
  readonly manifest: AnyManifest | undefined
}

/**
 * The document and every manifest that it reaches in the folder, each once, nearest first. Throws `LIMIT_EXCEEDED` for a graph
 * that is no image's, and `IO`.
 */
export async function* walkImage(
  paths: FolderPaths,
  top: ManifestBytes,
  { signal }: OperationOptions = {},
): AsyncGenerator<WalkedManifest> {
  const first = await ifUsable(parse(top))
  yield { digest: top.digest, manifest: first }
  const seen = new Set<Digest>([top.digest])
  for (let level = documentsIn(first), depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw new ImageError('LIMIT_EXCEEDED', `indexes are nested more than ${MAX_DEPTH} deep`)
    const next: Descriptor[] = []
    for (const descriptor of level) {
      signal?.throwIfAborted()
      if (seen.has(descriptor.digest)) continue
      seen.add(descriptor.digest)
      if (seen.size > MAX_MANIFESTS)
        throw new ImageError('LIMIT_EXCEEDED', `there are more than ${MAX_MANIFESTS} manifests`)
      const manifest = await ifUsable(readDocument(paths, descriptor))
      yield { digest: descriptor.digest, manifest }
      next.push(...documentsIn(manifest))
    }
    level = next
  }
}

async function parse(bytes: ManifestBytes): Promise<AnyManifest> {
  return parseAnyManifest(bytes)
}

async function readDocument(paths: FolderPaths, descriptor: Descriptor): Promise<AnyManifest> {
  return parseAnyManifest(await readInstance(paths, descriptor.digest), { descriptor })
}

function documentsIn(manifest: AnyManifest | undefined): readonly Descriptor[] {
  return manifest?.kind === 'index' ? childrenOf(manifest).filter(isDocument) : []
}

/** Content that a manifest needs as blobs; an index may list any. Foreign layers lie elsewhere. */
export function blobsIn(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === 'index'
    ? childrenOf(manifest).filter((child) => !isDocument(child))
    : blobsOf(manifest).filter((blob) => !isForeignLayer(blob))
}

function isDocument({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType)
}
