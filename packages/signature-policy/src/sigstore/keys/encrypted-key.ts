import { randomBytes, scrypt } from 'node:crypto'
import { ImageError } from '@crossdock/core'
import { readStrictJson, type StrictJson } from '@crossdock/config'
import { exactObjectAt, integerAt, textAt } from '../../documents/json-object.ts'
import { requireBase64 } from '../strict-base64.ts'

/** Scrypt takes 128·N·r bytes of memory: 256 MiB at most. */
const MAX_MEMORY = 256 * 1024 * 1024
const MAX_PARALLEL = 4
/** What cosign writes: go-securesystemslib, `encrypted`. */
const PARAMETERS: ScryptParameters = { N: 65_536, r: 8, p: 1 }
const KEY_BYTES = 32
const NONCE_BYTES = 24
const SALT_BYTES = 32
const MAX_BYTES = 64 * 1024

interface ScryptParameters {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** Encrypts with a key made of the passphrase: scrypt, then NaCl's secretbox (XSalsa20 and Poly1305), as JSON. */
export async function encryptKey(content: Uint8Array, passphrase: string): Promise<Uint8Array> {
  const salt = randomBytes(SALT_BYTES)
  const nonce = randomBytes(NONCE_BYTES)
  const box = await secretbox(await deriveKey(passphrase, salt, PARAMETERS), nonce)
  return Buffer.from(
    JSON.stringify({
      kdf: { name: 'scrypt', params: PARAMETERS, salt: salt.toString('base64') },
      cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
      ciphertext: Buffer.from(box.encrypt(content)).toString('base64'),
    }),
  )
}

/** Without a passphrase an empty one is tried. Throws `INVALID_DATA`, also for a wrong passphrase, and `LIMIT_EXCEEDED` for parameters that would take too much memory. */
export async function decryptKey(json: Uint8Array, passphrase: string | undefined): Promise<Uint8Array> {
  const { salt, parameters, nonce, ciphertext } = readBox(
    readStrictJson(json, { what: 'the private key', maxBytes: MAX_BYTES }),
  )
  const box = await secretbox(await deriveKey(passphrase ?? '', salt, parameters), nonce)
  try {
    return box.decrypt(ciphertext)
  } catch {
    const why =
      passphrase === undefined
        ? 'the private key is protected, and no passphrase is given'
        : 'the passphrase does not open the private key, or the key file is damaged'
    throw new ImageError('INVALID_DATA', why)
  }
}

function readBox(document: StrictJson): {
  readonly salt: Uint8Array
  readonly parameters: ScryptParameters
  readonly nonce: Uint8Array
  readonly ciphertext: Uint8Array
} {
  exactObjectAt(document, [], ['kdf', 'cipher', 'ciphertext'])
  exactObjectAt(document, ['kdf'], ['name', 'params', 'salt'])
  exactObjectAt(document, ['cipher'], ['name', 'nonce'])
  if (textAt(document, ['kdf', 'name']) !== 'scrypt') throw document.error(['kdf', 'name'], 'it must be "scrypt"')
  if (textAt(document, ['cipher', 'name']) !== 'nacl/secretbox') {
    throw document.error(['cipher', 'name'], 'it must be "nacl/secretbox"')
  }
  const nonce = requireBase64(textAt(document, ['cipher', 'nonce']), 'the nonce of the private key')
  if (nonce.byteLength !== NONCE_BYTES) throw document.error(['cipher', 'nonce'], `it must have ${NONCE_BYTES} bytes`)
  return {
    salt: requireBase64(textAt(document, ['kdf', 'salt']), 'the salt of the private key'),
    parameters: readParameters(document),
    nonce,
    ciphertext: requireBase64(textAt(document, ['ciphertext']), 'the private key'),
  }
}

function readParameters(document: StrictJson): ScryptParameters {
  const path = ['kdf', 'params']
  exactObjectAt(document, path, ['N', 'r', 'p'])
  const N = integerAt(document, [...path, 'N'])
  const r = integerAt(document, [...path, 'r'])
  const p = integerAt(document, [...path, 'p'])
  if (N < 2 || (N & (N - 1)) !== 0 || r < 1 || p < 1) throw document.error(path, 'these are no parameters of scrypt')
  if (128 * N * r > MAX_MEMORY || p > MAX_PARALLEL) {
    throw new ImageError('LIMIT_EXCEEDED', 'the private key asks for more memory or time to open it than is given')
  }
  return { N, r, p }
}

function deriveKey(passphrase: string, salt: Uint8Array, { N, r, p }: ScryptParameters): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // OpenSSL wants a little more than the 128·N·r bytes.
    scrypt(passphrase, salt, KEY_BYTES, { N, r, p, maxmem: 2 * MAX_MEMORY }, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

async function secretbox(
  key: Uint8Array,
  nonce: Uint8Array,
): Promise<{
  encrypt(plain: Uint8Array): Uint8Array
  decrypt(sealed: Uint8Array): Uint8Array
}> {
  const { xsalsa20poly1305 } = await import('@noble/ciphers/salsa.js')
  return xsalsa20poly1305(key, nonce)
}
