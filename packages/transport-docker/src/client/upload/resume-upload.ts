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
  const session = await askFor(wire, noted, blob)
  if (session === 'untold') return undefined
  if (session !== undefined) return session
  await entry.forget()
  // The answer to the last request may have been all that was lost.
  return (await hasBlob(repository, blob, operation)) ? 'present' : undefined
}

/** The same, to look at only: bytes that would not be sent again. */
export async function peekUpload(wire: UploadWire, blob: KnownBlob): Promise<number> {
  const noted = await wire.repository.session.journal.peek(uploadKey(wire.repository, blob.digest))
  const session = noted === undefined ? undefined : await askFor(wire, noted, blob)
  return session === undefined || session === 'untold' ? 0 : session.offset
}

/** `untold` if the registry cannot say at the moment. */
async function askFor(
  wire: UploadWire,
  noted: OpenUpload,
  blob: KnownBlob,
): Promise<UploadSession | 'untold' | undefined> {
  const url = URL.parse(noted.url)
  if (url === null || noted.offset > blob.size) return undefined
  const status = await triedStatus(wire, url)
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
