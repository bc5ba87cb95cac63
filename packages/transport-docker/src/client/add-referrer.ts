import {
  type Descriptor,
  type Digest,
  ImageError,
  type ManifestBytes,
  type OperationOptions,
  quoteForeign,
  shortDigest,
} from '@crossdock/core'
import { buildIndex, referrersTag } from '@crossdock/formats'
import type { ReadManifest } from './manifest-read.ts'
import { readDocument, type ReferrersIndex, referrersIndex } from './referrers.ts'
import type { Repository } from './repository.ts'
import { updateTag } from './tag-update.ts'

export interface AddReferrerOptions {
  readonly subject: Digest
  readonly operation?: OperationOptions | undefined
}

/**
 * Adds a manifest to the index of referrers that clients keep under a tag, where the registry keeps none (distribution-spec,
 * "Referrers Tag Schema").
 */
export async function addReferrer(
  repository: Repository,
  manifest: ManifestBytes,
  { subject, operation }: AddReferrerOptions,
): Promise<void> {
  const { host, name, side } = repository
  const tag = referrersTag(subject)
  const place = `referrers of ${shortDigest(subject)}, listed at docker://${host}/${name}:${tag}`
  const entry = describe(manifest)
  const change = async (current: ReadManifest | undefined): Promise<ManifestBytes | undefined> => {
    const list = referrersIndex(current, subject)
    if (list !== undefined && 'strange' in list) {
      // Content of another kind under the tag is nobody's list, and is not overwritten.
      const strange = quoteForeign(list.strange, 100)
      throw new ImageError('CONFLICT', `${place}: the tag holds something else (${strange}); remove it first`, { side })
    }
    const isListed = list?.manifests.some(({ digest }) => digest === entry.digest) === true
    return isListed ? undefined : withEntry(list, entry)
  }
  await updateTag(repository, { tag, change, place, operation })
}

function withEntry(list: ReferrersIndex | undefined, entry: Descriptor): ManifestBytes {
  const annotations = list?.annotations ?? {}
  return buildIndex({
    manifests: [...(list?.manifests ?? []), entry],
    ...(Object.keys(annotations).length > 0 && { annotations }),
  })
}

function describe(manifest: ManifestBytes): Descriptor {
  const { mediaType, digest, bytes } = manifest
  const document = readDocument(manifest)
  const artifactType = document?.artifactType ?? (document?.kind === 'image' ? document.config.mediaType : undefined)
  const annotations = document?.annotations ?? {}
  return {
    mediaType,
    digest,
    size: bytes.byteLength,
    ...(artifactType !== undefined && { artifactType }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  }
}
