import { type BlobBody, ImageError, type OperationOptions } from '@crossdock/core'
import { verifyBlob } from '@crossdock/streams'
import { isMissing, isTooLarge, type Refusal } from '../../errors.ts'
import type { Repository } from '../repository.ts'
import { createBodyCursor } from './body-cursor.ts'
import { putChunks } from './put-chunks.ts'
import type { KnownBlob, PutOutcome } from './put-outcome.ts'
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
 * Uploads a blob whose digest and size are known: small ones whole in one request, large ones in chunks that a later process can
 * go on with. What the registry refuses of one way is tried in another, and remembered for the registry.
 */
export async function putKnownBlob(body: BlobBody, blob: KnownBlob, options: PutKnownOptions): Promise<void> {
  const wire = uploadWire(options.repository, blob.digest, options.operation)
  const { lore } = options.repository
  let session = options.parked
  let whole = blob.size < lore.chunkFromBytes || lore.monolithicOnly
  if (!whole) {
    const claimed = await claimUpload(wire, blob)
    if (claimed !== undefined && session !== undefined) await cancelUpload(wire, session)
    if (claimed === 'present') return
    session = claimed ?? session
  }
  let refusal: Refusal | undefined
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const outcome = whole
      ? await putWhole(body, blob, { wire, session })
      : await putChunks(body, blob, { wire, session })
    if (outcome.kind === 'done') return
    ;({ refusal, session } = outcome)
    whole = outcome.whole ?? whole
  }
  if (refusal !== undefined) throw uploadError(wire, refusal)
}

interface Attempt {
  readonly wire: UploadWire
  readonly session: UploadSession | undefined
}

/** POST and one PUT. Verified on the way: the last bytes of a wrong body are never sent. */
async function putWhole(body: BlobBody, blob: KnownBlob, { wire, session: given }: Attempt): Promise<PutOutcome> {
  const session = given ?? (await freshUpload(wire, blob.digest))
  try {
    const sent = { size: blob.size, open: () => verifyBlob(body.open(), blob) }
    if (blob.size === 0) await checkEmpty(body, blob)
    const refusal = await finishUpload(wire, session, { digest: blob.digest, body: sent })
    if (refusal === undefined) return { kind: 'done' }
    if (isTooLarge(refusal) && !wire.repository.lore.monolithicOnly) {
      const { lore } = wire.repository
      lore.chunkFromBytes = Math.min(lore.chunkFromBytes, blob.size)
      return { kind: 'retry', refusal, session, whole: false }
    }
    if (given !== undefined && isMissing(refusal)) return { kind: 'retry', refusal }
    throw uploadError(wire, refusal)
  } catch (error) {
    const passing = error instanceof ImageError && error.retryable
    if (!passing) await cancelUpload(wire, session)
    throw error
  }
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
