import { generateKeyPair, type KeyPairKeyObjectResult } from 'node:crypto'
import { writePrivateKey } from './keys/private-key.ts'

/** Both as PEM files. */
export interface SigstoreKeyPair {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

/** A new key pair on the curve P-256; the private key is encrypted with the passphrase, which may be empty. */
export async function generateSigstoreKey(options: { readonly passphrase: string }): Promise<SigstoreKeyPair> {
  const { privateKey, publicKey } = await newKeyPair()
  return {
    privateKey: await writePrivateKey(privateKey, options.passphrase),
    publicKey: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })),
  }
}

function newKeyPair(): Promise<KeyPairKeyObjectResult> {
  return new Promise((resolve, reject) => {
    generateKeyPair('ec', { namedCurve: 'prime256v1' }, (error, publicKey, privateKey) => {
      if (error === null) resolve({ publicKey, privateKey })
      else reject(error)
    })
  })
}
