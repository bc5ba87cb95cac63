import { createPrivateKey, type KeyObject } from 'node:crypto'
import { ImageError, quoteForeign } from '@crossdock/core'
import { readPem, writePem } from '../pem.ts'
import { decryptKey, encryptKey } from './encrypted-key.ts'

const READ: ReadonlySet<string> = new Set(['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'])
/** What every version of cosign and skopeo reads. */
const WRITTEN = 'ENCRYPTED COSIGN PRIVATE KEY'

/**
 * A PEM file of cosign's or skopeo's; without a passphrase, one whose passphrase is empty. Throws `INVALID_DATA` and `LIMIT_EXCEEDED`; no message
 * holds anything of the key.
 */
export async function readPrivateKey(pem: Uint8Array, passphrase: string | undefined): Promise<KeyObject> {
  const [block] = readPem(pem, 'the private key')
  if (block === undefined) throw new ImageError('INVALID_DATA', 'the private key is not a PEM file')
  if (!READ.has(block.label)) {
    throw new ImageError(
      'INVALID_DATA',
      `the private key has the label "${quoteForeign(block.label)}"; "${WRITTEN}" is read: make one by crossdock generate-sigstore-key, or by cosign import-key-pair`,
    )
  }
  const content = await decryptKey(block.bytes, passphrase)
  try {
    return createPrivateKey({ key: Buffer.from(content), format: 'der', type: 'pkcs8' })
  } catch {
    throw new ImageError('INVALID_DATA', 'the private key is not in PKCS #8')
  }
}

export async function writePrivateKey(key: KeyObject, passphrase: string): Promise<Uint8Array> {
  const content = key.export({ format: 'der', type: 'pkcs8' })
  return Buffer.from(writePem({ label: WRITTEN, bytes: await encryptKey(content, passphrase) }))
}
