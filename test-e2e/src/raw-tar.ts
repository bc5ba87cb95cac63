/** A member as it is to stand in a tar, whatever it is: nothing is checked. */
export interface RawMember {
  readonly path: string
  readonly content?: string
  /** The letter of its kind (POSIX.1-1988, ustar). Default: `0`, a file. */
  readonly kind?: string
  readonly link?: string
  /** Default: 0o644. */
  readonly mode?: number
  /** Default: 0. */
  readonly uid?: number
  /** Default: 0. */
  readonly mtime?: number
}

/** A tar archive of these members. */
export function rawTar(members: readonly RawMember[]): Buffer {
  return Buffer.concat([...members.map(encode), Buffer.alloc(1024)])
}

function encode({ path, content = '', kind = '0', link = '', mode = 0o644, uid = 0, mtime = 0 }: RawMember): Buffer {
  const bytes = Buffer.from(content)
  const block = Buffer.alloc(512)
  block.write(path, 0, 100)
  block.write(number(mode, 7) + number(uid, 7) + number(0, 7), 100)
  block.write(number(bytes.byteLength, 11) + number(mtime, 11), 124)
  block.write(' '.repeat(8), 148)
  block.write(kind, 156)
  block.write(link, 157, 100)
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${number(sum, 6)} `, 148)
  return Buffer.concat([block, bytes, Buffer.alloc(-bytes.byteLength & 511)])
}

/** As the fields of a header have numbers. */
function number(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, '0')}\0`
}
