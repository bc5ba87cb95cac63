import type { BlobBody } from './blob.ts'
import type { Descriptor } from './descriptor.ts'
import type { Digest } from './digest.ts'
import type { OperationOptions } from './operation.ts'
import type { ImageReference } from './reference.ts'
import type { Signature, SignatureFormat } from './signature.ts'
import type { ManifestBytes } from './source.ts'

/** Facts about a destination. */
export interface DestinationTraits {
  /** The manifest media types it takes, best first. Default: every one. */
  readonly manifestTypes?: readonly string[] | undefined
  /** Whether it keeps manifests, so that an image has its digest there, too. Default: true. */
  readonly keepsManifests?: boolean | undefined
  /**
   * What it wants plain layers to be: packed (`compress`) where the image's manifest is not one that was kept, but one that its source
   * makes. Default: `preserve`.
   */
  readonly layerCompression?: 'preserve' | 'compress' | undefined
  /** How the layers that it takes may be packed; those that are packed otherwise are unpacked for it. Default: in every way. */
  readonly layerFormats?: readonly ('none' | 'gzip' | 'zstd')[] | undefined
  /** Whether the layers of one image are packed in one way; where they are not, all are unpacked. Default: false. */
  readonly sameLayerFormat?: boolean | undefined
  /** The operating systems whose images it takes, as configurations name them. Default: every one. */
  readonly systems?: readonly string[] | undefined
  /** Whether a manifest may name layers by URL without the blobs being there. Default: true. */
  readonly foreignLayers?: boolean | undefined
  /** Whether an index may name instances that are not there. Default: true. */
  readonly sparseIndexes?: boolean | undefined
  /** The signature formats that it keeps. Default: none. */
  readonly signatures?: readonly SignatureFormat[] | undefined
  /** How many blobs may be written at once. Default: 6. */
  readonly parallelBlobs?: number | undefined
}

/** What is known of a blob before it is written. Without a digest the destination computes a sha256 one. */
export interface BlobHint {
  readonly mediaType?: string | undefined
  readonly digest?: Digest | undefined
  readonly size?: number | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** Where the blob comes from: a destination on the same service may take it from there without moving it. */
  readonly from?: ImageReference | undefined
}

/** A blob that need not move. */
export interface ReusedBlob {
  readonly blob: Descriptor
  /** The repository that it was mounted from; undefined if it was there already. */
  readonly mountedFrom?: string | undefined
}

export interface PutManifestOptions extends OperationOptions {
  /** Set for everything but the document that the reference itself shall name. */
  readonly instance?: Digest | undefined
  /** With `instance`: a name beside the reference's own by which it is found as well, see `Referrer`. */
  readonly tag?: string | undefined
}

/** An open handle on a reference, to write an image to. The contract is `docs/contract.md`. */
export interface ImageDestination extends AsyncDisposable {
  readonly reference: ImageReference
  readonly traits: DestinationTraits
  /**
   * Writes a blob and verifies it: it is visible under its digest only after digest and size held. What an interrupted
   * call leaves is kept where the transport can resume; the next call opens the body from there. Throws `DIGEST_MISMATCH`.
   */
  putBlob(body: BlobBody, blob: BlobHint, options?: OperationOptions): Promise<Descriptor>
  /** Finds the blob here, or takes it over from a neighbour, without moving bytes; undefined if it has to be put. */
  reuseBlob?(blob: Descriptor & Pick<BlobHint, 'from'>, options?: OperationOptions): Promise<ReusedBlob | undefined>
  /** Looks for the blob as `reuseBlob` does, but changes nothing: for plans. */
  findBlob?(
    blob: Descriptor & Pick<BlobHint, 'from'>,
    options?: OperationOptions,
  ): Promise<'present' | 'mountable' | undefined>
  /** Bytes kept from an interrupted put of this blob: `putBlob` will open the body there. */
  partialBlob?(blob: Descriptor, options?: OperationOptions): Promise<number>
  /**
   * True if the reference (or `instance`) already names exactly this document and all that it reaches is there, so that
   * nothing is left to do for it.
   */
  hasManifest?(manifest: Descriptor, options?: PutManifestOptions): Promise<boolean>
  /**
   * Writes a manifest byte for byte; its blobs and children are there. The name itself changes in `commit` at the earliest
   * if the transport can keep it back. Throws `UNSUPPORTED` if it does not take this type.
   */
  putManifest(manifest: ManifestBytes, options?: PutManifestOptions): Promise<void>
  putSignatures?(signatures: readonly Signature[], instance?: Digest, options?: OperationOptions): Promise<void>
  /** Makes the image visible under its name. Without it, disposing leaves the name as it was. */
  commit(options?: OperationOptions): Promise<void>
}
