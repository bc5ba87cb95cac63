import { createPublicKey, sign } from 'node:crypto'
import { formatDockerReference, ImageError, type ImageSigner, type SigstoreSignature } from '@crossdock/core'
import { SIGNATURE_ANNOTATION } from './annotations.ts'
import { readPrivateKey } from './keys/private-key.ts'
import { usableKey } from './keys/public-key.ts'
import { SIGSTORE_PAYLOAD_TYPE, writeSigstorePayload } from './payload.ts'

export interface SigstoreSignerOptions {
  /** A PEM file `ENCRYPTED SIGSTORE PRIVATE KEY` or `ENCRYPTED COSIGN PRIVATE KEY`. */
  readonly privateKey: Uint8Array
  /** Default: empty. */
  readonly passphrase?: string | undefined
  /** What made the signature, for people. Default: `crossdock`. */
  readonly creator?: string | undefined
  /** Default: the system's clock. */
  readonly now?: (() => Date) | undefined
}

/**
 * Signs as cosign and skopeo do with a key: a payload that names the manifest and the image, and its signature in an annotation.
 * Throws `INVALID_DATA` for a key that cannot be read, is too weak, or that the passphrase does not open.
 */
export async function sigstoreSigner(options: SigstoreSignerOptions): Promise<ImageSigner> {
  const { privateKey, passphrase, creator = 'crossdock', now = () => new Date() } = options
  const key = await readPrivateKey(privateKey, passphrase)
  usableKey(createPublicKey(key), 'the private key')
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  return {
    format: 'sigstore',
    sign: async (manifest, identity, operation) => {
      operation?.signal?.throwIfAborted()
      if (identity.tag === undefined && identity.digest === undefined) {
        throw new ImageError('INVALID_DATA', 'a signature needs a name with a tag or a digest')
      }
      const payload = writeSigstorePayload({
        digest: manifest.digest,
        dockerReference: formatDockerReference(identity),
        creator,
        timestamp: Math.floor(now().getTime() / 1000),
      })
      return sigstoreSignature(payload, sign(hash, payload, key))
    },
  }
}

function sigstoreSignature(payload: Uint8Array, signature: Buffer): SigstoreSignature {
  return {
    format: 'sigstore',
    mediaType: SIGSTORE_PAYLOAD_TYPE,
    bytes: payload,
    annotations: { [SIGNATURE_ANNOTATION]: signature.toString('base64') },
  }
}
