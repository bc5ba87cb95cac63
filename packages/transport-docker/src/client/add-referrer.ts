import { type Descriptor, type Digest, ImageError, type ManifestBytes, type OperationOptions } from '@crossdock/core'
import { buildIndex, referrersTag } from '@crossdock/formats'
import { createLimiter, delay } from '@crossdock/streams'
import { findManifest } from './manifest-read.ts'
import { putManifest } from './manifest-write.ts'
import { readDocument, readReferrersTag } from './referrers.ts'
import type { Repository } from './repository.ts'

export interface AddReferrerOptions {
  readonly subject: Digest
  readonly operation?: OperationOptions | undefined
}

/** Others write to the list, too: whoever comes last puts back what he did not see. */
const MAX_ROUNDS = 6
const PAUSE_MS = 100

/**
 * Adds a manifest to the index of referrers that clients keep under a tag, where the registry keeps none (distribution-spec,
 * "Referrers Tag Schema"). The list is read, changed and written without a lock: within the process updates wait for each
 * other, between processes `If-Match` guards where the registry has ETags, and the list is read again to see that nobody
 * overwrote it.
 */
export async function addReferrer(
  repository: Repository,
  manifest: ManifestBytes,
  { subject, operation }: AddReferrerOptions,
): Promise<void> {
  const { listUpdates } = repository.session
  const key = `${repository.host}/${repository.name}@${subject}`
  const turns = listUpdates.get(key) ?? createLimiter(1)
  listUpdates.set(key, turns)
  const entry = describe(manifest)
  try {
    await turns.run(() => update(repository, entry, { subject, operation }), { signal: operation?.signal })
  } finally {
    if (turns.active + turns.waiting === 0) listUpdates.delete(key)
  }
}

async function update(
  repository: Repository,
  entry: Descriptor,
  { subject, operation }: AddReferrerOptions,
): Promise<void> {
  const name = referrersTag(subject)
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    if (round > 1) await delay(PAUSE_MS * round * (0.5 + Math.random()), operation?.signal)
    const list = await readReferrersTag(repository, subject, operation)
    if (list?.manifests.some(({ digest }) => digest === entry.digest) === true) return
    if (list === undefined) await refuseOtherContent(repository, { subject, operation })
    const annotations = list?.annotations ?? {}
    const index = buildIndex({
      manifests: [...(list?.manifests ?? []), entry],
      ...(Object.keys(annotations).length > 0 && { annotations }),
    })
    try {
      await putManifest(repository, index, { name, ifMatch: list?.etag, operation })
    } catch (error) {
      // Somebody else was faster; read again.
      if (!(error instanceof ImageError) || error.code !== 'CONFLICT' || error.missing !== undefined) throw error
      continue
    }
    const written = await readReferrersTag(repository, subject, operation)
    if (written?.manifests.some(({ digest }) => digest === entry.digest) === true) return
  }
  throw new ImageError(
    'CONFLICT',
    `the list of referrers of ${subject} at docker://${repository.host}/${repository.name}:${name} kept being overwritten by others; push again`,
    { side: repository.side, retryable: true },
  )
}

/** A registry that answers the tag with the image itself has no list yet; any other content under the tag is not overwritten. */
async function refuseOtherContent(repository: Repository, { subject, operation }: AddReferrerOptions): Promise<void> {
  const name = referrersTag(subject)
  const present = await findManifest(repository, name, operation)
  if (present === undefined || present.digest === subject) return
  throw new ImageError(
    'CONFLICT',
    `the tag ${name} of docker://${repository.host}/${repository.name}, where referrers are listed, holds something else (${present.mediaType}); remove it first`,
    { side: repository.side },
  )
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
