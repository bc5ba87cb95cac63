import { type BlobBody, ImageError, type OperationOptions } from '@crossdock/core'
import { verifyBlob } from '@crossdock/streams'
import { isTooLarge, type Refusal } from '../../errors.ts'
import type { Repository } from '../repository.ts'
import type { HostLore } from '../session.ts'
import { createBodyCursor } from './body-cursor.ts'
import { openJournalEntry } from './journal-entry.ts'
import { putChunks } from './put-chunks.ts'
import { isUploadAtFault, type KnownBlob, type PutAttempt, type PutOutcome } from './put-outcome.ts'
import { claimUpload } from './resume-upload.ts'
import {
  cancelUpload,
  finishUpload,
  freshUpload,
  uploadError,
  type UploadSession,
  type UploadWire,
  uploadWire,
} from './upload-session.ts'

export interface PutKnownOptions {
  readonly repository: Repository
  /** An upload that is open already, from a mount that did not come about. */
  readonly parked?: UploadSession | undefined
  readonly operation?: OperationOptions | undefined
}

/** Enough for every fall-back after one another: resumed, fresh, smaller chunks, whole. */
const MAX_ROUNDS = 6

/**
 * Uploads a blob whose digest and size are known: small ones whole in one request, large ones in chunks. A later process can go
 * on with either. What the registry refuses of one way is tried in another, and remembered for the registry.
 */
export async function putKnownBlob(body: BlobBody, blob: KnownBlob, options: PutKnownOptions): Promise<void> {
  const { repository, operation, parked } = options
  const wire = uploadWire(repository, blob.digest, operation)
  const entry = openJournalEntry(wire, blob)
  try {
    await putInRounds(body, blob, { wire, entry, session: parked })
    await entry.forget()
  } catch (error) {
    const aborted = operation?.signal?.aborted === true
    // Bytes that are wrong are nothing to go on with. What aborted this may be another blob's failure.
    if (aborted ? !repository.session.options.resume : isWrongContent(error)) await entry.cancel()
    if (!(error instanceof ImageError)) operation?.signal?.throwIfAborted()
    throw error
  } finally {
    await entry.close()
  }
}

function isWrongContent(error: unknown): boolean {
  return error instanceof ImageError && error.code === 'DIGEST_MISMATCH'
}

async function putInRounds(
  body: BlobBody,
  blob: KnownBlob,
  { wire, entry, session: parked }: PutAttempt,
): Promise<void> {
  const { lore } = wire.repository
  const claimed = await claimUpload(wire, blob, entry)
  if (claimed !== undefined && parked !== undefined) await cancelUpload(wire, parked)
  if (claimed === 'present') return
  let session = claimed ?? parked
  let whole = goesWhole(blob, lore)
  if (session !== undefined && session.offset > 0) {
    if (lore.monolithicOnly) session = await dropped(wire, session)
    else whole = false
  }
  let refusal: Refusal | undefined
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const put = whole ? putWhole : putChunks
    const outcome = await put(body, blob, { wire, entry, session })
    if (outcome.kind === 'done') return
    ;({ refusal, session } = outcome)
    if (session === undefined) await entry.forget()
    whole = outcome.whole ?? goesWhole(blob, lore)
  }
  if (refusal !== undefined) throw uploadError(wire, refusal)
}

function goesWhole({ size }: KnownBlob, { chunkFromBytes, monolithicOnly }: HostLore): boolean {
  return size < chunkFromBytes || monolithicOnly
}

async function dropped(wire: UploadWire, session: UploadSession): Promise<undefined> {
  await cancelUpload(wire, session)
}

/** POST and one PUT. Verified on the way: the last bytes of a wrong body are never sent. */
async function putWhole(
  body: BlobBody,
  blob: KnownBlob,
  { wire, entry, session: given }: PutAttempt,
): Promise<PutOutcome> {
  const session = given ?? (await freshUpload(wire, blob.digest))
  entry.note(session)
  if (blob.size === 0) await checkEmpty(body, blob)
  const sent = { size: blob.size, open: () => verifyBlob(body.open(), blob) }
  const refusal = await finishUpload(wire, session, { digest: blob.digest, body: sent })
  if (refusal === undefined) return { kind: 'done' }
  const { lore } = wire.repository
  if (isTooLarge(refusal) && !lore.monolithicOnly) {
    lore.chunkFromBytes = Math.min(lore.chunkFromBytes, blob.size)
    return { kind: 'retry', refusal, session, whole: false }
  }
  if (given !== undefined && isUploadAtFault(refusal)) return { kind: 'retry', refusal }
  await entry.cancel()
  throw uploadError(wire, refusal)
}

async function checkEmpty(body: BlobBody, blob: KnownBlob): Promise<void> {
  // Nothing is sent of it, so that nothing would read it.
  const cursor = createBodyCursor(body, { ...blob, from: 0 })
  try {
    for await (const _ of cursor.section(0, 0).open()) break
    await cursor.finish()
  } finally {
    cursor.close()
  }
}
