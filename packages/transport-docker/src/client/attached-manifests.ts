import type { Digest, OperationOptions, Referrer } from '@crossdock/core'
import { ATTACHMENT_KINDS, attachmentTag, isIndexType, isManifestType } from '@crossdock/formats'
import { headManifest } from './manifest-head.ts'
import { findManifest } from './manifest-read.ts'
import type { Repository } from './repository.ts'

/** What cosign's tags tie to a manifest: one HEAD for each, sent at once. */
export async function attachedManifests(
  repository: Repository,
  subject: Digest,
  operation?: OperationOptions,
): Promise<readonly Referrer[]> {
  const tags = ATTACHMENT_KINDS.map((kind) => attachmentTag(subject, kind))
  const found = await Promise.all(tags.map((tag) => describeTagged(repository, tag, operation)))
  // Some registries take such a tag for the digest and answer with the subject.
  return found.filter((referrer) => referrer !== undefined).filter(({ digest }) => digest !== subject)
}

async function describeTagged(
  repository: Repository,
  tag: string,
  operation: OperationOptions | undefined,
): Promise<Referrer | undefined> {
  const head = await headManifest(repository, tag, operation)
  if (head === 'missing') return undefined
  if (
    head !== 'unclear' &&
    head.size !== undefined &&
    (isManifestType(head.mediaType) || isIndexType(head.mediaType))
  ) {
    const { mediaType, digest, size } = head
    return { mediaType, digest, size, tag }
  }
  const manifest = await findManifest(repository, tag, operation)
  if (manifest === undefined) return undefined
  const { mediaType, digest, bytes } = manifest
  return { mediaType, digest, size: bytes.byteLength, tag }
}
