import { ImageError, type ManifestBytes, type OperationOptions } from '@crossdock/core'
import { createLimiter, delay } from '@crossdock/streams'
import { putManifest } from './manifest-put.ts'
import { findManifest, type ReadManifest } from './manifest-read.ts'
import type { Repository } from './repository.ts'

/** A document under a tag that several writers add to. */
export interface TagUpdate {
  readonly tag: string
  /** What shall be there instead; undefined if what is there has all of it. May write what that names. */
  change(current: ReadManifest | undefined): Promise<ManifestBytes | undefined>
  /** What the document is, for the failure: `referrers of sha256:0123456789ab, listed at docker://example.com/app:sha256-…`. */
  readonly place: string
  readonly operation?: OperationOptions | undefined
}

/** Whoever comes last puts back what he did not see. */
const MAX_ROUNDS = 6
const PAUSE_MS = 100

/**
 * Reads, changes and writes what is under a tag, without a lock: within the process updates of one tag wait for each other, between processes
 * `If-Match` guards where the registry has ETags, and the tag is read again to see that nobody overwrote it. Throws `CONFLICT` if others
 * kept doing so.
 */
export async function updateTag(repository: Repository, update: TagUpdate): Promise<void> {
  const { tagUpdates } = repository.session
  const key = `${repository.host}/${repository.name}:${update.tag}`
  const turns = tagUpdates.get(key) ?? createLimiter(1)
  tagUpdates.set(key, turns)
  try {
    await turns.run(() => inRounds(repository, update), { signal: update.operation?.signal })
  } finally {
    if (turns.active + turns.waiting === 0) tagUpdates.delete(key)
  }
}

async function inRounds(repository: Repository, update: TagUpdate): Promise<void> {
  const { tag, place, operation } = update
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    if (round > 1) await delay(PAUSE_MS * round * (0.5 + Math.random()), operation?.signal)
    const current = await findManifest(repository, tag, operation)
    const changed = await update.change(current)
    if (changed === undefined) return
    if (!(await write(repository, changed, { update, current }))) continue
    if ((await update.change(await findManifest(repository, tag, operation))) === undefined) return
  }
  throw new ImageError('CONFLICT', `${place}: it kept being overwritten by others; push again`, {
    side: repository.side,
    retryable: true,
  })
}

interface Writing {
  readonly update: TagUpdate
  /** What is replaced. */
  readonly current: ReadManifest | undefined
}

/** False if somebody else was faster. */
async function write(
  repository: Repository,
  manifest: ManifestBytes,
  { update: { tag, operation }, current }: Writing,
): Promise<boolean> {
  try {
    await putManifest(repository, manifest, { name: tag, ifMatch: current?.etag, operation })
    return true
  } catch (error) {
    if (error instanceof ImageError && error.code === 'CONFLICT' && error.missing === undefined) return false
    throw error
  }
}
