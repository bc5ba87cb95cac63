/** Fields of a header: a text is written as it is, a number in octal. */
export interface RawFields {
  readonly name?: string | Uint8Array
  readonly mode?: string | number
  readonly uid?: string | number | Uint8Array
  readonly gid?: string | number
  readonly size?: string | number | Uint8Array
  readonly mtime?: string | number | Uint8Array
  readonly flag?: string
  readonly linkName?: string
  readonly magic?: string
  readonly uname?: string
  readonly gname?: string
  readonly major?: string | number
  readonly minor?: string | number
  readonly prefix?: string
  /** More bytes, by position. */
  readonly bytes?: Readonly<Record<number, string | Uint8Array>>
  /** What the checksum field holds instead of the checksum. */
  readonly checksum?: string
}

export const POSIX = 'ustar\u000000'
export const GNU = 'ustar  \0'
export const V7 = ''

const PLACES = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  flag: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  uname: [265, 32],
  gname: [297, 32],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const

/** A header block; its checksum is right unless it is given. */
export function rawHeader(fields: RawFields): Buffer {
  const block = Buffer.alloc(512)
  const all = { mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 0, flag: '0', magic: POSIX, ...fields }
  for (const [key, [begin, length]] of Object.entries(PLACES)) {
    const value = all[key as keyof typeof PLACES]
    if (value === undefined) continue
    const text = typeof value === 'number' ? `${value.toString(8).padStart(length - 1, '0')}\0` : value
    put(block, text, begin)
  }
  for (const [begin, value] of Object.entries(fields.bytes ?? {})) put(block, value, Number(begin))
  if (fields.checksum === undefined) return withChecksum(block)
  block.write(fields.checksum, 148, 'latin1')
  return block
}

function put(block: Buffer, value: string | Uint8Array, begin: number): void {
  block.set(typeof value === 'string' ? Buffer.from(value) : value, begin)
}

/** The block with the checksum that its bytes have. */
export function withChecksum(block: Buffer): Buffer {
  block.fill(0x20, 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

export function padded(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.byteLength % 512)) % 512)])
}

/** A member with its content; the size is that of the content unless it is given. */
export function rawMember(fields: RawFields, content: string | Uint8Array = ''): Buffer {
  return Buffer.concat([rawHeader({ size: Buffer.from(content).byteLength, ...fields }), padded(content)])
}

/** A PAX record with the length that it has. */
export function record(key: string, value: string): string {
  const rest = Buffer.byteLength(`${key}=${value}\n`) + 1
  let length = rest + String(rest).length
  length = rest + String(length).length
  return `${length} ${key}=${value}\n`
}

/** A PAX header with records, or with a text that should be some. */
export function pax(records: Readonly<Record<string, string>> | string, flag = 'x'): Buffer {
  const text =
    typeof records === 'string'
      ? records
      : Object.entries(records)
          .map(([key, value]) => record(key, value))
          .join('')
  return rawMember({ name: 'PaxHeaders/x', flag }, text)
}

/** GNU tar's long name (`L`) or long link target (`K`). */
export function longText(flag: 'L' | 'K', text: string): Buffer {
  return rawMember({ name: '././@LongLink', flag, magic: GNU }, `${text}\0`)
}

export const END: Buffer = Buffer.alloc(1024)

export function rawTar(...members: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...members, END])
}

/** A number as GNU's base-256 form with so many bytes. */
export function base256(value: number | bigint, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let rest = BigInt.asUintN(length * 8, BigInt(value))
  for (let at = length - 1; at >= 0; at -= 1) {
    bytes[at] = Number(rest & 0xffn)
    rest >>= 8n
  }
  bytes[0] = value < 0 ? 0xff : 0x80
  return bytes
}
