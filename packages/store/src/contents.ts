import type { BlobReader, Descriptor, Digest, OperationOptions } from '@crossdock/core'
import type { Labels } from './labels.ts'

/** What is known of a blob besides its bytes. */
export interface ContentInfo {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly labels: Labels
}

/** A blob that is being brought in. */
export interface IngestStatus {
  /** The name that whoever brings it in gave it; it is found again by this. */
  readonly ref: string
  /** Bytes that are there. */
  readonly offset: number
  /** Bytes of the whole; undefined if nobody said. */
  readonly total?: number | undefined
  /** What the whole must have; undefined if nobody said. */
  readonly expected?: Digest | undefined
  readonly startedAt: Date
  readonly updatedAt: Date
}

export interface OpenIngestOptions extends OperationOptions {
  /** Not empty; up to 4096 characters. */
  readonly ref: string
  readonly size?: number | undefined
  readonly digest?: Digest | undefined
  /** Whether to wait while another one has the same `ref` open. Default: false, `UNAVAILABLE` is thrown. */
  readonly wait?: boolean | undefined
}

export interface CommitIngestOptions extends OperationOptions {
  /** Bytes that there must be. Default: what was said when it was opened. */
  readonly size?: number | undefined
  /** What they must have. Default: what was said when it was opened; without it, what they turn out to have. */
  readonly digest?: Digest | undefined
  /** Added to those of a blob that is there already. */
  readonly labels?: Labels | undefined
}

/** An open ingest. Disposing keeps what is there, for a later one with the same `ref` to go on from. */
export interface Ingest extends AsyncDisposable {
  readonly ref: string
  status(): IngestStatus
  /** Of the bytes so far, with the algorithm of the expected digest, or sha256. */
  digest(): Digest
  /** The chunk is the caller's again when this is over. Writes that are not waited for are done one after the other. */
  write(chunk: Uint8Array): Promise<void>
  /** Begins again with nothing. */
  truncate(): Promise<void>
  /**
   * Makes the blob visible under its digest, and closes the ingest, whatever comes of it. Throws `DIGEST_MISMATCH` and `INVALID_DATA` for other
   * bytes or another size (what is there stays for a later one), `CONFLICT` on one that is closed.
   */
  commit(options?: CommitIngestOptions): Promise<CommittedContent>
}

export interface CommittedContent {
  readonly info: ContentInfo
  /** It was there already, and was not written again. */
  readonly existed: boolean
}

/** An open blob. */
export interface ContentHandle extends AsyncDisposable {
  readonly size: number
  /** Fills `buffer` from `position` on; how many bytes were read, fewer only at the end. */
  readAt(buffer: Uint8Array, position: number): Promise<number>
}

/**
 * Blobs by digest, and those that are on their way (containerd's content store). All that is visible was verified. Errors: `NOT_FOUND`,
 * `CONFLICT` (exists, or not in the state that was asked for), `UNAVAILABLE` (another one has it open; retryable), `INVALID_DATA`.
 */
export interface ContentStore {
  info(digest: Digest, options?: OperationOptions): Promise<ContentInfo>
  has(digest: Digest, options?: OperationOptions): Promise<boolean>
  /** Replaces the labels, or those that `paths` name (`labels`, `labels.KEY`); an empty value removes one. */
  update(digest: Digest, labels: Labels, paths?: readonly string[]): Promise<ContentInfo>
  /** Those that match one of the filters, or all. */
  list(filters?: readonly string[], options?: OperationOptions): AsyncIterable<ContentInfo>
  /** Forgets it in this namespace; its file goes with the next collection. Throws `NOT_FOUND`. */
  delete(digest: Digest, options?: OperationOptions): Promise<void>
  open(digest: Digest, options?: OperationOptions): Promise<ContentHandle>
  /** The bytes from `offset` to before `end`. */
  read(
    blob: Descriptor,
    options?: OperationOptions & { readonly offset?: number; readonly end?: number },
  ): Promise<BlobReader>
  /**
   * Begins to bring a blob in, or goes on with what was left under this ref, unless that is of another size or digest. It is open once, among
   * all processes. With the digest of a blob that another namespace has it begins with all of its bytes. Throws `CONFLICT` if this namespace
   * has the expected digest, which has then joined the lease; `UNAVAILABLE` if somebody else has the ref open.
   */
  ingest(options: OpenIngestOptions): Promise<Ingest>
  status(ref: string, options?: OperationOptions): Promise<IngestStatus>
  /** One that cannot be read is left out, and does not hide the others. */
  ingests(filters?: readonly string[], options?: OperationOptions): AsyncIterable<IngestStatus>
  abort(ref: string, options?: OperationOptions): Promise<void>
}
