import type { Descriptor, Digest, ManifestBytes } from '@crossdock/core'
import type { LayerEdit } from './layer-edits.ts'

/** A blob that has come into being, or that the new manifest needs besides the image's layers. */
export interface NewBlob {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

export interface ConvertedImage {
  readonly manifest: ManifestBytes
  /** To be written before the manifest: a new config, the empty layer of schema 1. */
  readonly blobs: readonly NewBlob[]
  /** What the new form has no place for, a sentence each. Empty if nothing is lost. */
  readonly lost: readonly string[]
}

export interface ConvertImageOptions {
  /**
   * The media type of the manifest to make: `OCI_MANIFEST`, `DOCKER_MANIFEST`, `DOCKER_SCHEMA1_SIGNED`, or `DOCKER_SCHEMA1`, which is the
   * same without a signature and which no registry takes.
   */
  readonly to: string
  /** The bytes of the image's config, for the conversions that `needsConfig` names; verified. */
  readonly config?: Uint8Array | undefined
  /**
   * What has become of the layers, one for each of the source manifest from the base up; of schema 1 for its empty steps
   * too. Default: they are as they were. From schema 1 they are needed, since it does not know sizes.
   */
  readonly layers?: readonly LayerEdit[] | undefined
  /** Digests of the uncompressed layers, one for each of `layers`; for the conversions that `needsDiffIds` names. */
  readonly diffIds?: readonly Digest[] | undefined
  /** What schema 1 says of where it is kept: a repository without host. Default: what it said, or nothing. */
  readonly name?: string | undefined
  readonly tag?: string | undefined
}
