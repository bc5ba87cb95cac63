import type { BlobReader } from './blob.ts'
import type { Descriptor } from './descriptor.ts'
import type { Digest } from './digest.ts'
import type { OperationOptions } from './operation.ts'
import type { ImageReference } from './reference.ts'
import type { Signature } from './signature.ts'

/** A manifest or index exactly as it is stored. The bytes are never re-serialised. */
export interface ManifestBytes {
  readonly bytes: Uint8Array
  /**
   * What the bytes are, parameters removed; checked against the document's own `mediaType` when it is parsed. Empty if the place does not
   * keep it.
   */
  readonly mediaType: string
  /** Computed from `bytes` as `manifestDigest` does; never taken from what the other side says. */
  readonly digest: Digest
}

/** Facts about a source. */
export interface SourceTraits {
  /** How many blobs may be read at once. Default: 6. */
  readonly parallelBlobs?: number | undefined
  /**
   * Whether `getBlob` with `offset` and `end` moves only the bytes in between, and several ranges of one blob may be read at
   * once. Default: false, the head is read and dropped.
   */
  readonly rangeReads?: boolean | undefined
  /**
   * Whether reading several ranges of one blob at once may be faster than reading it in one go, as over connections that are
   * slow one by one. Default: false.
   */
  readonly parallelRanges?: boolean | undefined
  /**
   * Whether the source makes its manifest itself, as an archive does that holds none, so that nothing else knows it by its digest.
   * Default: false.
   */
  readonly makesManifest?: boolean | undefined
}

/** A manifest that refers to another one. */
export interface Referrer extends Descriptor {
  /**
   * The tag that ties it to its subject where it names none itself, as `sha256-….sig` of cosign does. Default: none, its `subject`
   * does.
   */
  readonly tag?: string | undefined
}

export interface GetBlobOptions extends OperationOptions {
  /** Where to begin, in bytes. Default: 0. */
  readonly offset?: number | undefined
  /** Where to stop, in bytes from the blob's beginning; nothing from there on is given. Default: the blob's end. */
  readonly end?: number | undefined
}

/** An open handle on an image, to read from. The contract is `docs/contract.md`. */
export interface ImageSource extends AsyncDisposable {
  readonly reference: ImageReference
  readonly traits: SourceTraits
  /** The document that the reference names, or the instance with this digest. Throws `NOT_FOUND`, `LIMIT_EXCEEDED`. */
  getManifest(instance?: Digest, options?: OperationOptions): Promise<ManifestBytes>
  /**
   * The bytes as they come: consumers verify them (`verifyBlob` in `@crossdock/streams`), destinations do so in `putBlob`.
   * Throws `NOT_FOUND`.
   */
  getBlob(blob: Descriptor, options?: GetBlobOptions): Promise<BlobReader>
  /**
   * How large a blob is, in bytes, without reading it; for the layers of Docker schema 1 manifests, which say nothing of it. Without this
   * method such an image can be read as a document alone. Throws `NOT_FOUND`.
   */
  blobSize?(digest: Digest, options?: OperationOptions): Promise<number>
  /**
   * Told that the bytes that it gave of a blob were not those of its digest. True if reading the blob again may give others, as from
   * another mirror: who gave the wrong ones is not asked for it any more. Without this method reading again gives the same.
   */
  distrustBlob?(digest: Digest): boolean
  /** Empty if there are none or the transport has no place for them. */
  getSignatures(instance?: Digest, options?: OperationOptions): Promise<readonly Signature[]>
  /** The manifests whose `subject` is `subject` (distribution-spec, "Listing Referrers"), and those that a tag ties to it. */
  referrers?(subject: Digest, options?: OperationOptions): AsyncIterable<Referrer>
}
