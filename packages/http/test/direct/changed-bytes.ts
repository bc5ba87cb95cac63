import * as fc from 'fast-check'

/** One thing that happens to bytes at a place (modulo their number). */
export interface Change {
  readonly place: number
  readonly kind: 'set' | 'insert' | 'drop' | 'repeat' | 'cut'
  readonly text: string
}

export const change: fc.Arbitrary<Change> = fc.record({
  place: fc.nat(),
  kind: fc.constantFrom('set', 'insert', 'drop', 'repeat', 'cut'),
  text: fc.oneof(
    fc.constantFrom('\r', '\n', '\r\n', '\0', ' ', '\t', ':', ',', ';', '0', '-', '+', 'f', '\x7f', '\xff', '\r\n\r\n'),
    fc.constantFrom('content-length: 7\r\n', 'transfer-encoding: chunked\r\n', 'HTTP/1.1 200 OK\r\n', '0\r\n\r\n'),
  ),
})

/** The bytes with some of them other than they should be. */
export function changed(bytes: Buffer, changes: readonly Change[]): Buffer {
  return changes.reduce((before, { place, kind, text }) => {
    const at = before.byteLength === 0 ? 0 : place % before.byteLength
    const [head, tail] = [before.subarray(0, at), before.subarray(at)]
    const added = Buffer.from(text, 'latin1')
    if (kind === 'set') return Buffer.concat([head, added, tail.subarray(added.byteLength)])
    if (kind === 'insert') return Buffer.concat([head, added, tail])
    if (kind === 'drop') return Buffer.concat([head, tail.subarray(1)])
    return kind === 'repeat' ? Buffer.concat([head, tail, tail]) : head
  }, bytes)
}
