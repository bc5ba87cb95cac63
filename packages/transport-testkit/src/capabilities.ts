/**
 * What a transport can do, as its author states it. The cases that need nothing more than what is stated are run; a method
 * that exists although its capability is not stated is an error, and so is a stated one whose method is missing.
 */
export type Capability = MethodCapability | ContentCapability

/** Each stands for a method of the contract. */
export type MethodCapability =
  /** `ImageReference.openSource` */
  | 'readable'
  /** `ImageReference.openDestination` */
  | 'writable'
  /** `ImageReference.delete` */
  | 'deletable'
  /** `ImageReference.tags` */
  | 'taggable'
  /** `ImageSource.blobSize` */
  | 'blobSize'
  /** `ImageSource.referrers` */
  | 'referrers'
  /** `ImageDestination.partialBlob` */
  | 'resumable'
  /** `ImageDestination.reuseBlob` */
  | 'reuse'
  /** `ImageDestination.findBlob` */
  | 'findBlob'
  /** `ImageDestination.hasManifest` */
  | 'hasManifest'
  /** `ImageDestination.putSignatures` */
  | 'signatures'

/** Each stands for something that a location can hold. */
export type ContentCapability =
  /** What is read back is the manifest that was written, byte for byte; without it, one of the same meaning. */
  | 'exactManifests'
  /** Indexes with their instances. */
  | 'indexes'
  /** OCI manifests that are no images, with media types and fields of their own. */
  | 'artifacts'
  /** Docker schema 1 manifests, which are named by what their signatures cover. */
  | 'schema1'
  /** Blobs that are named by a sha512 digest. */
  | 'sha512'
  /** A name that stands for an image can be made to stand for another one. */
  | 'replaceable'
