/** A signature over an image. `format` says how to read `bytes`. */
export type Signature = SimpleSignature | SigstoreSignature

/** OpenPGP "simple signing": a binary OpenPGP signed message (containers-signature(5)). */
export interface SimpleSignature {
  readonly format: 'simple'
  readonly bytes: Uint8Array
}

/** A sigstore payload with its signature and certificates in annotations, or a bundle. */
export interface SigstoreSignature {
  readonly format: 'sigstore'
  readonly mediaType: string
  readonly bytes: Uint8Array
  readonly annotations: Readonly<Record<string, string>>
}

export type SignatureFormat = Signature['format']
