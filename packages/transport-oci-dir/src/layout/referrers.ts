import { ImageError, type Descriptor, type Digest, type ManifestBytes, type OperationOptions } from '@crossdock/core'
import { isIndexType, isManifestType, parseManifest, referrersTag } from '@crossdock/formats'
import { readManifestBlob } from './blobs.ts'
import { readDocument } from './graph.ts'
import { usableDescriptor, type LayoutIndex } from './index-file.ts'
import type { BlobPaths } from './paths.ts'

/** Manifests of `index.json` that are looked into for a `subject`; in a larger layout only the list of referrers counts. */
const MAX_LOOKED_INTO = 1000

/**
 * The manifests whose subject is `subject`: those that the entry with its referrers tag lists (distribution-spec, "Referrers
 * Tag Schema"), then entries of `index.json` itself that name it.
 */
export async function* findReferrers(
  blobs: BlobPaths,
  index: LayoutIndex,
  subject: { readonly digest: Digest; readonly options?: OperationOptions | undefined },
): AsyncGenerator<Descriptor> {
  const seen = new Set<Digest>()
  for (const descriptor of await listedReferrers(blobs, index, subject.digest)) {
    if (!seen.has(descriptor.digest)) yield descriptor
    seen.add(descriptor.digest)
  }
  for (const entry of index.entries.slice(0, MAX_LOOKED_INTO)) {
    subject.options?.signal?.throwIfAborted()
    const descriptor = usableDescriptor(index, entry)
    if (descriptor === undefined || seen.has(descriptor.digest)) continue
    seen.add(descriptor.digest)
    const found = await asReferrer(blobs, descriptor, subject.digest)
    if (found !== undefined) yield found
  }
}

/** What the referrers tag lists; nothing if it is not there or names something else than an index. */
export async function listedReferrers(blobs: BlobPaths, index: LayoutIndex, subject: Digest): Promise<readonly Descriptor[]> {
  const tag = referrersTag(subject)
  const entry = index.entries.find((candidate) => candidate.name === tag)
  const descriptor = entry === undefined ? undefined : usableDescriptor(index, entry)
  if (descriptor === undefined || !isIndexType(descriptor.mediaType)) return []
  const document = await readDocument(blobs, descriptor)
  return document?.kind === 'index' ? document.manifests : []
}

/** A manifest with a subject. */
export interface Referrer {
  readonly subject: Digest
  readonly descriptor: Descriptor
}

/** The descriptor by which a manifest is listed as a referrer, if it has a subject (distribution-spec, "Listing Referrers"). */
export function referrerOf(manifest: ManifestBytes): Referrer | undefined {
  const parsed = parseManifest(manifest)
  if (parsed.subject === undefined) return undefined
  const config = parsed.kind === 'image' ? parsed.config.mediaType : undefined
  const artifactType = parsed.artifactType ?? config
  const annotated = Object.keys(parsed.annotations).length > 0
  return {
    subject: parsed.subject.digest,
    descriptor: {
      mediaType: manifest.mediaType,
      digest: manifest.digest,
      size: manifest.bytes.byteLength,
      ...(artifactType !== undefined && { artifactType }),
      ...(annotated && { annotations: parsed.annotations }),
    },
  }
}

async function asReferrer(blobs: BlobPaths, descriptor: Descriptor, subject: Digest): Promise<Descriptor | undefined> {
  if (!isManifestType(descriptor.mediaType) && !isIndexType(descriptor.mediaType)) return undefined
  try {
    const referrer = referrerOf(await readManifestBlob(blobs, descriptor))
    return referrer?.subject === subject ? referrer.descriptor : undefined
  } catch (reason) {
    // Another image of the layout that is damaged or missing says nothing about this subject.
    if (reason instanceof ImageError && reason.code !== 'IO') return undefined
    throw reason
  }
}
