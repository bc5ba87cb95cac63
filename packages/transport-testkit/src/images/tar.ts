const BLOCK = 512

/** A ustar archive of regular files, owned by root, dated 1970: the same bytes for the same files. */
export function tarOf(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const parts = Object.entries(files).flatMap(([name, content]) => [
    header(name, content.byteLength),
    content,
    new Uint8Array(-content.byteLength & (BLOCK - 1)),
  ])
  return concatBytes([...parts, new Uint8Array(2 * BLOCK)])
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((total, part) => total + part.byteLength, 0))
  let position = 0
  for (const part of parts) {
    all.set(part, position)
    position += part.byteLength
  }
  return all
}

/** POSIX.1-1988, "ustar Interchange Format". */
function header(name: string, size: number): Uint8Array {
  const block = new Uint8Array(BLOCK)
  const write = (offset: number, text: string): void => block.set(new TextEncoder().encode(text), offset)
  write(0, name)
  write(100, '0000644\0')
  write(108, '0000000\0')
  write(116, '0000000\0')
  write(124, `${size.toString(8).padStart(11, '0')}\0`)
  write(136, '00000000000\0')
  write(148, ' '.repeat(8))
  write(156, '0')
  write(257, 'ustar\x0000')
  const sum = block.reduce((total, byte) => total + byte, 0)
  write(148, `${sum.toString(8).padStart(6, '0')}\0 `)
  return block
}
