import type { Digest } from '@crossdock/core'
import type { Repository } from '../repository.ts'
import { keyText, type OpenUpload, type UploadKey } from './journal.ts'
import type { KnownBlob } from './put-outcome.ts'
import { cancelUpload, type UploadSession, type UploadWire } from './upload-session.ts'

/** What the journal says of one blob's upload while that is under way. */
export interface JournalEntry {
  /** What an earlier attempt noted, from now on this one's. */
  claim(): Promise<OpenUpload | undefined>
  /** Notes where the upload stands. It is written while the upload goes on, so that nothing waits for it. */
  note(session: UploadSession): void
  /** There is nothing to go on with any more. */
  forget(): Promise<void>
  /** Forgets the upload that was noted last, and tells the registry that it will not be ended. */
  cancel(): Promise<void>
  /** Waits for what is being written. What is noted now stays for the next attempt. */
  close(): Promise<void>
}

/** Smaller blobs leave in one piece and are mostly over before they could be noted: that is left to the slow ones of them. */
const NOTED_AT_ONCE_BYTES = 64 * 1024
const SLOW_MS = 25
/** A note that is not renewed for long is taken to be a dead process's. */
const RENEW_MS = 2 * 60 * 1000

/** Which uploads this process has under way, whatever transport began them: an open one is not to be claimed. */
const underWay = new Set<string>()

export function uploadKey({ host, name }: Repository, digest: Digest): UploadKey {
  return { host, repository: name, digest }
}

/** If this process sends the blob to this place already, an entry that finds and notes nothing. */
export function openJournalEntry(wire: UploadWire, { digest, size }: KnownBlob): JournalEntry {
  const key = uploadKey(wire.repository, digest)
  const text = keyText(key)
  const isSecond = underWay.has(text)
  underWay.add(text)
  const writer = isSecond ? undefined : createNoteWriter(wire, key)
  let latest: UploadSession | undefined
  let slow: ReturnType<typeof setTimeout> | undefined

  const forget = async (): Promise<void> => {
    latest = undefined
    clearTimeout(slow)
    await writer?.forget()
  }
  return {
    claim: async () => await writer?.claim(),
    note: (session) => {
      latest = session
      clearTimeout(slow)
      if (size >= NOTED_AT_ONCE_BYTES) writer?.write(session)
      else slow = setTimeout(() => writer?.write(session), SLOW_MS)
    },
    forget,
    cancel: async () => {
      if (latest !== undefined) await cancelUpload(wire, latest)
      await forget()
    },
    close: async () => {
      clearTimeout(slow)
      if (!isSecond) underWay.delete(text)
      await writer?.close()
    },
  }
}

interface NoteWriter {
  claim(): Promise<OpenUpload | undefined>
  write(session: UploadSession): void
  forget(): Promise<void>
  close(): Promise<void>
}

/** Writes one note after the other, in the background. */
function createNoteWriter({ repository }: UploadWire, key: UploadKey): NoteWriter {
  const { journal } = repository.session
  let isNoted = false
  let written = Promise.resolve()
  let renewal: ReturnType<typeof setInterval> | undefined

  const write = ({ url, offset }: UploadSession): void => {
    isNoted = true
    written = written.then(() => journal.note(key, { url: url.href, offset }))
    written.catch(() => undefined) // thrown where it is waited for
  }
  return {
    claim: async () => {
      const claimed = await journal.claim(key)
      isNoted = claimed !== undefined
      return claimed
    },
    write: (session) => {
      clearInterval(renewal)
      renewal = setInterval(() => write(session), RENEW_MS)
      renewal.unref()
      write(session)
    },
    forget: async () => {
      clearInterval(renewal)
      await written
      if (isNoted) await journal.forget(key)
      isNoted = false
    },
    close: async () => {
      clearInterval(renewal)
      await written
    },
  }
}
