import { delay } from '@crossdock/streams'
import { hasBlob } from '../blob-head.ts'
import { type JournalEntry, uploadKey } from './journal-entry.ts'
import type { OpenUpload } from './journal.ts'
import type { KnownBlob } from './put-outcome.ts'
import { triedStatus, type UploadSession, type UploadWire } from './upload-session.ts'

/**
 * The upload of this blob that an earlier attempt, maybe of an earlier process, left open; `present` if it turns out to have come
 * to its end. Undefined if there is none to go on with.
 */
export async function claimUpload(
  wire: UploadWire,
  blob: KnownBlob,
  entry: JournalEntry,
): Promise<UploadSession | 'present' | undefined> {
  const { repository, operation } = wire
  const noted = await entry.claim()
  if (noted === undefined) return undefined
  const session = await askFor(wire, noted, blob, settledStatus)
  if (session === 'untold') return undefined
  if (session !== undefined) return session
  await entry.forget()
  // The answer to the last request may have been all that was lost.
  return (await hasBlob(repository, blob, operation)) ? 'present' : undefined
}

/** The same, to look at only: bytes that would not be sent again. */
export async function peekUpload(wire: UploadWire, blob: KnownBlob): Promise<number> {
  const noted = await wire.repository.session.journal.peek(uploadKey(wire.repository, blob.digest))
  const session = noted === undefined ? undefined : await askFor(wire, noted, blob, triedStatus)
  return session === undefined || session === 'untold' ? 0 : session.offset
}

/** `untold` if the registry cannot say at the moment. */
async function askFor(
  wire: UploadWire,
  noted: OpenUpload,
  blob: KnownBlob,
  ask: typeof triedStatus,
): Promise<UploadSession | 'untold' | undefined> {
  const url = URL.parse(noted.url)
  if (url === null || noted.offset > blob.size) return undefined
  const status = await ask(wire, url)
  if (status === 'untold') return status
  if (status === 'gone') return undefined
  if (status === 'unknown') {
    // What has come of a first request nobody knows then.
    return noted.offset === 0 ? undefined : { url, offset: noted.offset, minChunkBytes: 0 }
  }
  // Some registries are behind with what they tell; that they have more than was acknowledged is the normal case after a kill.
  const offset = Math.max(status.offset, noted.offset)
  return offset > blob.size ? undefined : { ...status, offset }
}

/** Between one question for the status and the next. */
const SETTLE_MS = [100, 200, 400, 800]

/**
 * What a process sent last may still be on its way into the registry when it is dead: a chunk that follows an earlier count would
 * be refused, and its bytes sent again. So the count is taken once it stands still.
 */
async function settledStatus(wire: UploadWire, url: URL): ReturnType<typeof triedStatus> {
  let status = await triedStatus(wire, url)
  for (const ms of SETTLE_MS) {
    if (typeof status === 'string') break
    const { offset } = status
    await delay(ms, wire.operation?.signal)
    status = await triedStatus(wire, status.url)
    if (typeof status !== 'string' && status.offset === offset) break
  }
  return status
}
