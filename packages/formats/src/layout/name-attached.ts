import type { Descriptor } from '@crossdock/core'
import { isListTag } from '../signatures/attachment-tag.ts'
import { mergeAttachments } from '../signatures/attachments.ts'
import { descriptorNamed, layoutEntry, type LayoutIndex, putLayoutEntry } from './layout-index.ts'
import type { LayoutStaging } from './layout-staging.ts'

export interface AttachedManifest {
  /** One of cosign's tags. */
  readonly tag: string
  /** It is in the layout. */
  readonly descriptor: Descriptor
}

/** Names a manifest by the tag that ties it to its subject. Signatures and attestations that are there under it stay. */
export async function nameAttached(
  staging: LayoutStaging,
  index: LayoutIndex,
  { tag, descriptor }: AttachedManifest,
): Promise<LayoutIndex> {
  const present = isListTag(tag) ? descriptorNamed(index, tag) : undefined
  if (present === undefined || present.digest === descriptor.digest) {
    return putLayoutEntry(index, layoutEntry(descriptor, tag))
  }
  const merged = await mergeAttachments(await staging.read(descriptor), await staging.read(present), staging.readBlob)
  if (merged === undefined) return index
  const { manifest, blobs } = merged
  const { mediaType, digest, bytes } = manifest
  const list = { mediaType, digest, size: bytes.byteLength }
  for (const blob of blobs) staging.add(blob)
  staging.addListed({ descriptor: list, bytes })
  return putLayoutEntry(index, layoutEntry(list, tag))
}
