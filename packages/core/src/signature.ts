/** A signature over an image. `format` says how to read `bytes`. */
export type Signature = SimpleSignature | SigstoreSignature

/** OpenPGP "simple signing": a binary OpenPGP signed message (containers-signature(5)). */
export interface SimpleSignature {
  readonly format: 'simple'
  readonly bytes: Uint8Array
  /**
   * True for one that is for the archive that the image was made of and not for its manifest, as those of App Container Images are: no other place can
   * keep it. Default: false.
   */
  readonly detached?: boolean | undefined
}

/** A sigstore payload with its signature and certificates in annotations, or a bundle. */
export interface SigstoreSignature {
  readonly format: 'sigstore'
  readonly mediaType: string
  readonly bytes: Uint8Array
  readonly annotations: Readonly<Record<string, string>>
}

export type SignatureFormat = Signature['format']
