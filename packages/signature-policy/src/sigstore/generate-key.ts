import { ImageError } from '@crossdock/core'

/** Both as PEM files. */
export interface SigstoreKeyPair {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

/** A new key pair on the curve P-256; the private key is encrypted with the passphrase, which may be empty. */
export async function generateSigstoreKey(options: { readonly passphrase: string }): Promise<SigstoreKeyPair> {
  throw new ImageError('UNSUPPORTED', String(options.passphrase.length))
}
