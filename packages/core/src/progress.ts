import type { Descriptor } from './descriptor.ts'
import type { Digest } from './digest.ts'
import type { ImageErrorCode, Side } from './errors.ts'

/** What happens during an operation. The union is closed; all sizes are bytes. */
export type ProgressEvent =
  | PlanEvent
  | BlobStartEvent
  | BlobBytesEvent
  | BlobDoneEvent
  | BlobReusedEvent
  | BlobMountedEvent
  | RetryEvent
  | ManifestEvent
  | SignaturesEvent
  | NoteEvent
  | DoneEvent

/** What is going to be done; may come again, with larger totals, when more of a graph becomes known. */
export interface PlanEvent {
  readonly type: 'plan'
  readonly manifests: number
  /** Distinct blobs that the destination shall have or name, whatever is done with them. */
  readonly blobs: number
  /** The sum of those blobs' sizes. */
  readonly bytes: number
}

/** A blob begins to move. */
export interface BlobStartEvent {
  readonly type: 'blob:start'
  readonly blob: Descriptor
  /** Bytes kept from an interrupted attempt: moving goes on from here. */
  readonly offset: number
}

/** A blob has moved further. Sent a few times a second at most. */
export interface BlobBytesEvent {
  readonly type: 'blob:bytes'
  readonly digest: Digest
  /** Bytes there so far, `offset` of the start event included. */
  readonly position: number
  readonly size: number
}

/** A blob has arrived and its digest held. */
export interface BlobDoneEvent {
  readonly type: 'blob:done'
  readonly digest: Digest
  readonly size: number
  /** Bytes that moved in this run: less than `size` after a resume. */
  readonly moved: number
}

/** A blob was already there. */
export interface BlobReusedEvent {
  readonly type: 'blob:reused'
  readonly digest: Digest
  readonly size: number
}

/** The destination took a blob from a neighbouring repository of its own. */
export interface BlobMountedEvent {
  readonly type: 'blob:mounted'
  readonly digest: Digest
  readonly size: number
  /** The repository it was mounted from. */
  readonly from: string
}

/** Something failed and is tried again after a pause. */
export interface RetryEvent {
  readonly type: 'retry'
  readonly side?: Side | undefined
  /** What is tried again, for people: `GET blob sha256:0123456789ab from example.com`. */
  readonly what: string
  readonly code: ImageErrorCode
  readonly reason: string
  /** The attempt that failed, from 1. */
  readonly attempt: number
  readonly attempts: number
  readonly delayMs: number
}

/** A manifest or index was written. */
export interface ManifestEvent {
  readonly type: 'manifest'
  readonly digest: Digest
  readonly mediaType: string
  readonly size: number
}

export interface SignaturesEvent {
  readonly type: 'signatures'
  readonly count: number
}

/** Something worth a line to people that is not a failure. */
export interface NoteEvent {
  readonly type: 'note'
  readonly level: 'info' | 'warning'
  readonly message: string
}

/** The image is at its destination, under its name. */
export interface DoneEvent {
  readonly type: 'done'
  readonly digest: Digest
  /** Blob bytes that moved in this run. */
  readonly bytes: number
}
