import type { Digest } from './digest.ts'
import type { DockerReference } from './docker-reference.ts'
import type { OperationOptions } from './operation.ts'
import type { Signature, SignatureFormat } from './signature.ts'
import type { ManifestBytes } from './source.ts'

/** Makes signatures with one key. Whoever writes images is handed signers as values. */
export interface ImageSigner {
  readonly format: SignatureFormat
  /** `identity` is the name that the signature vouches for; it has a tag or a digest. Throws `INVALID_DATA` and `IO`. */
  sign(manifest: ManifestBytes, identity: DockerReference, options?: OperationOptions): Promise<Signature>
}

/** Where signatures lie that are kept apart from the images of a registry (containers-registries.d(5), "lookaside"). */
export interface SignatureStorage {
  /** Empty if there are none, or no place is known for those of this image. Any other failure than "not there" is thrown. */
  read(image: DockerReference, manifest: Digest, options?: OperationOptions): Promise<readonly Signature[]>
  /** All signatures of the manifest, in place of those that are there. Throws `UNSUPPORTED` if no place is known. */
  write?(
    image: DockerReference,
    manifest: Digest,
    signatures: readonly Signature[],
    options?: OperationOptions,
  ): Promise<void>
  /** Removes every signature of the manifest. */
  delete?(image: DockerReference, manifest: Digest, options?: OperationOptions): Promise<void>
}
