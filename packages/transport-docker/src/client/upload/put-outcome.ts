import type { Digest } from '@crossdock/core'
import type { Refusal } from '../../errors.ts'
import type { UploadSession } from './upload-session.ts'

export interface KnownBlob {
  readonly digest: Digest
  readonly size: number
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
