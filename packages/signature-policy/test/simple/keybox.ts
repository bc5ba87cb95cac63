export interface KeyboxOptions {
  /** How many certificates of X.509 are in it, too. */
  readonly certificates?: number
  /** Where the keys say that they are. Default: where they are. */
  readonly keyOffset?: number
}

/** A file as GnuPG keeps public keys in it since version 2.1 (kbx/keybox-blob.c). */
export function keybox(keys: readonly Uint8Array[], { certificates = 0, keyOffset = 20 }: KeyboxOptions = {}): Buffer {
  const head = Buffer.alloc(32)
  head.writeUInt32BE(32, 0)
  head.writeUInt8(1, 4)
  head.writeUInt8(1, 5)
  head.write('KBXf', 8, 'latin1')
  const x509 = Array.from({ length: certificates }, () => blob(3, Buffer.from('certificate'), keyOffset))
  return Buffer.concat([head, ...x509, ...keys.map((key) => blob(2, key, keyOffset))])
}

function blob(type: number, content: Uint8Array, offset: number): Buffer {
  const head = Buffer.alloc(20)
  head.writeUInt32BE(20 + content.byteLength, 0)
  head.writeUInt8(type, 4)
  head.writeUInt8(1, 5)
  head.writeUInt32BE(offset, 8)
  head.writeUInt32BE(content.byteLength, 12)
  return Buffer.concat([head, content])
}
