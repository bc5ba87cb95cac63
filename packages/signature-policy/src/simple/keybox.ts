import { ImageError } from '@crossdock/core'

const MAGIC = 'KBXf'
const HEADER_BLOB = 1
const OPENPGP_BLOB = 2
/** Length, type, version, flags, place and length of the keys. */
const BLOB_HEAD_BYTES = 16

export function isKeybox(bytes: Uint8Array): boolean {
  return bytes[4] === HEADER_BLOB && Buffer.from(bytes.subarray(8, 12)).toString('latin1') === MAGIC
}

/**
 * The OpenPGP keys in a keybox, GnuPG's file of public keys since 2.1, each as binary OpenPGP data; certificates of other kinds are passed
 * over. Throws `INVALID_DATA`.
 *
 * Format: GnuPG, kbx/keybox-blob.c.
 */
export function readKeybox(bytes: Uint8Array, what: string): readonly Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const keys: Uint8Array[] = []
  for (let at = 0; at < bytes.byteLength;) {
    const left = bytes.byteLength - at
    const size = left < BLOB_HEAD_BYTES ? 0 : view.getUint32(at)
    if (size < BLOB_HEAD_BYTES || size > left) {
      throw new ImageError('INVALID_DATA', `${what} is damaged before byte ${at}: a keybox does not go on like this`)
    }
    if (view.getUint8(at + 4) === OPENPGP_BLOB) {
      const start = view.getUint32(at + 8)
      const end = start + view.getUint32(at + 12)
      if (end > size) throw new ImageError('INVALID_DATA', `${what} has a key that lies outside of its place`)
      keys.push(bytes.subarray(at + start, at + end))
    }
    at += size
  }
  return keys
}
