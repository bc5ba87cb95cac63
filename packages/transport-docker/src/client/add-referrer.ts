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
import { createLimiter, delay } from '@crossdock/streams'
import { putManifest } from './manifest-put.ts'
import { readDocument, readReferrersTag, type ReferrersIndex } from './referrers.ts'
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
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    if (round > 1) await delay(PAUSE_MS * round * (0.5 + Math.random()), operation?.signal)
    const list = await readList(repository, { subject, operation })
    if (lists(list, entry)) return
    if (!(await write(repository, withEntry(list, entry), { name: referrersTag(subject), list, operation }))) continue
    if (lists(await readList(repository, { subject, operation }), entry)) return
  }
  throw new ImageError(
    'CONFLICT',
    `${placeOf(repository, subject)}: the list kept being overwritten by others; push again`,
    { side: repository.side, retryable: true },
  )
}

function lists(list: ReferrersIndex | undefined, { digest }: Descriptor): boolean {
  return list?.manifests.some((entry) => entry.digest === digest) === true
}

/** Content of another kind under the tag is nobody's list, and is not overwritten. */
async function readList(
  repository: Repository,
  { subject, operation }: AddReferrerOptions,
): Promise<ReferrersIndex | undefined> {
  const list = await readReferrersTag(repository, subject, operation)
  if (list === undefined || !('strange' in list)) return list
  throw new ImageError(
    'CONFLICT',
    `${placeOf(repository, subject)}: the tag holds something else (${quoteForeign(list.strange, 100)}); remove it first`,
    { side: repository.side },
  )
}

function placeOf({ host, name }: Repository, subject: Digest): string {
  return `referrers of ${shortDigest(subject)}, listed at docker://${host}/${name}:${referrersTag(subject)}`
}

function withEntry(list: ReferrersIndex | undefined, entry: Descriptor): ManifestBytes {
  const annotations = list?.annotations ?? {}
  return buildIndex({
    manifests: [...(list?.manifests ?? []), entry],
    ...(Object.keys(annotations).length > 0 && { annotations }),
  })
}

interface WriteList {
  readonly name: string
  /** What is replaced. */
  readonly list: ReferrersIndex | undefined
  readonly operation: OperationOptions | undefined
}

/** False if somebody else was faster. */
async function write(
  repository: Repository,
  index: ManifestBytes,
  { name, list, operation }: WriteList,
): Promise<boolean> {
  try {
    await putManifest(repository, index, { name, ifMatch: list?.etag, operation })
    return true
  } catch (error) {
    if (error instanceof ImageError && error.code === 'CONFLICT' && error.missing === undefined) return false
    throw error
  }
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
