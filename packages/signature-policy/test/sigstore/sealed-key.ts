import { type KeyObject, randomBytes, scryptSync } from 'node:crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import { pemOf } from './authority.ts'

/** Scrypt with little to do: what tests wait for is not what keeps secrets. */
const PARAMETERS = { N: 2, r: 8, p: 1 }

/** A private key as cosign keeps it; `label` and `content` are what is different. */
export function sealedKey(
  passphrase: string,
  { key, content, label = 'ENCRYPTED SIGSTORE PRIVATE KEY' }: { key?: KeyObject; content?: Uint8Array; label?: string },
): Uint8Array {
  return Buffer.from(pemOf(label, Buffer.from(JSON.stringify(sealedBox(passphrase, content ?? pkcs8(key))))))
}

export interface SealedBox {
  readonly kdf: { readonly name: string; readonly params: object; readonly salt: string }
  readonly cipher: { readonly name: string; readonly nonce: string }
  readonly ciphertext: string
}

export function sealedBox(passphrase: string, content: Uint8Array): SealedBox {
  const [salt, nonce] = [randomBytes(32), randomBytes(24)]
  const sealed = xsalsa20poly1305(scryptSync(passphrase, salt, 32, PARAMETERS), nonce).encrypt(content)
  return {
    kdf: { name: 'scrypt', params: PARAMETERS, salt: salt.toString('base64') },
    cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
    ciphertext: Buffer.from(sealed).toString('base64'),
  }
}

export function pkcs8(key: KeyObject | undefined): Uint8Array {
  return key?.export({ type: 'pkcs8', format: 'der' }) ?? new Uint8Array()
}
