import type { Digest } from '@crossdock/core'
import { isMissing, isOffsetRefused, type Refusal } from '../../errors.ts'
import type { JournalEntry } from './journal-entry.ts'
import type { UploadSession, UploadWire } from './upload-session.ts'

export interface KnownBlob {
  readonly digest: Digest
  readonly size: number
}

/** One way of uploading, to be tried. */
export interface PutAttempt {
  readonly wire: UploadWire
  readonly entry: JournalEntry
  /** Where to go on. Default: a fresh upload. */
  readonly session: UploadSession | undefined
}

/** How one way of uploading ended: it is done, or another way is to be tried, in `session` if that is still open. */
export type PutOutcome =
  | { readonly kind: 'done' }
  | {
      readonly kind: 'retry'
      readonly refusal: Refusal
      readonly session?: UploadSession | undefined
      /** Whether the other way is one request for all (true) or chunks (false). Default: as before. */
      readonly whole?: boolean | undefined
    }

/** Whether an upload that was open before may be what is wrong: it is gone, out of step, or holds damaged bytes. */
export function isUploadAtFault(refusal: Refusal): boolean {
  const { codes, status } = refusal
  if (isMissing(refusal) || isOffsetRefused(refusal) || status === 400) return true
  return codes.some((code) => AT_FAULT.has(code))
}

const AT_FAULT: ReadonlySet<string> = new Set(['BLOB_UPLOAD_INVALID', 'DIGEST_INVALID', 'SIZE_INVALID'])
