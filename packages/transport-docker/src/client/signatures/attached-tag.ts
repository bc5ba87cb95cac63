import { type Digest, type ManifestBytes, MAX_MANIFEST_BYTES, type OperationOptions } from '@crossdock/core'
import { attachmentTag, isListTag, mergeAttachments } from '@crossdock/formats'
import type { BlobWriter } from '../blob-writer.ts'
import { findManifest } from '../manifest-read.ts'
import type { Repository } from '../repository.ts'
import { updateTag } from '../tag-update.ts'
import { putBlobs, readWhole } from './attachments.ts'

export interface AttachedTag {
  readonly tag: string
  readonly blobs: BlobWriter
  readonly operation?: OperationOptions | undefined
}

/**
 * Adds what a manifest lists to the signatures or attestations that are under one of cosign's tags. False if there is nothing, or no such list is
 * kept there: the manifest may be written under the tag as it is.
 */
export async function addToAttached(
  repository: Repository,
  manifest: ManifestBytes,
  { tag, blobs, operation }: AttachedTag,
): Promise<boolean> {
  if (!isListTag(tag)) return false
  const there = await findManifest(repository, tag, operation)
  if (there === undefined || there.digest === manifest.digest || isSubject(there.digest, tag)) return false
  const change = async (current: ManifestBytes | undefined): Promise<ManifestBytes | undefined> => {
    if (current === undefined) return manifest
    const update = await mergeAttachments(manifest, current, (blob) =>
      readWhole(repository, blob, operation, MAX_MANIFEST_BYTES),
    )
    if (update === undefined) return undefined
    await putBlobs(blobs, update.blobs, operation)
    return update.manifest
  }
  const place = `what is tied to an image at docker://${repository.host}/${repository.name}:${tag}`
  await updateTag(repository, { tag, change, place, operation })
  return true
}

/** Some registries take such a tag for the digest and answer with the subject. */
function isSubject(digest: Digest, tag: string): boolean {
  return tag === attachmentTag(digest, 'sig') || tag === attachmentTag(digest, 'att')
}
