import * as fc from 'fast-check'
import { END, GNU, padded, pax, rawHeader, rawMember, record } from './raw-tar.ts'

type PieceList = readonly (readonly [offset: number, bytes: number])[]

/** One sparse file `s`, in each of GNU tar's formats, with a map that may be wrong, and a file `next` behind it. */
export const sparseArchives: fc.Arbitrary<Buffer> = fc
  .record({
    steps: fc.array(fc.tuple(fc.nat(2000), fc.constantFrom(0, 512, 512, 1024)), { maxLength: 30 }),
    last: fc.constantFrom(0, 5, 600),
    end: fc.constantFrom(0, 0, 1000),
    wrong: fc.option(fc.tuple(fc.nat(30), fc.nat(1), fc.nat(3000)), { freq: 5 }),
    reaches: fc.boolean(),
    format: fc.constantFrom('old', '0.0', '0.1', '1.0'),
  })
  .map(({ steps, last, end, wrong, reaches, format }) => {
    const map: [number, number][] = []
    let at = 0
    for (const [gap, bytes] of [...steps, [100, last] as const]) {
      map.push([at + gap, bytes])
      at += gap + bytes
    }
    const size = at + end
    if (reaches) map.push([size, 0])
    const changed = wrong === null ? undefined : map[wrong[0]]
    if (changed !== undefined && wrong !== null) changed[wrong[1]] = wrong[2]
    const stored = map.reduce((total, [, bytes]) => total + bytes, 0)
    const data = Buffer.alloc(stored, 'abcdefghijklmnopqrstuvwxyz')
    return Buffer.concat([sparseMember({ format, map, size, data }), rawMember({ name: 'next' }, 'tail'), END])
  })

interface SparseMember {
  readonly format: string
  readonly map: PieceList
  readonly size: number
  readonly data: Buffer
}

function sparseMember({ format, map, size, data }: SparseMember): Buffer {
  const counted = record('GNU.sparse.size', `${size}`) + record('GNU.sparse.numblocks', `${map.length}`)
  const named = record('GNU.sparse.name', 's')
  if (format === '0.0') {
    const pairs = map.map(
      ([at, bytes]) => record('GNU.sparse.offset', `${at}`) + record('GNU.sparse.numbytes', `${bytes}`),
    )
    return Buffer.concat([pax(counted + pairs.join('')), rawMember({ name: 's' }, data)])
  }
  if (format === '0.1') {
    return Buffer.concat([
      pax(counted + named + record('GNU.sparse.map', map.flat().join(','))),
      rawMember({ name: 'x' }, data),
    ])
  }
  if (format === '1.0') {
    const version = record('GNU.sparse.major', '1') + record('GNU.sparse.minor', '0')
    const lines = padded([map.length, ...map.flat()].map((number) => `${number}\n`).join(''))
    const records = pax(version + named + record('GNU.sparse.realsize', `${size}`))
    return Buffer.concat([records, rawMember({ name: 'x' }, Buffer.concat([lines, data]))])
  }
  return oldMember(map, size, data)
}

function oldMember(map: PieceList, size: number, data: Buffer): Buffer {
  const cells = map.map((piece) => piece.map((number) => `${number.toString(8).padStart(11, '0')}\0`).join(''))
  const tables: Buffer[] = []
  for (let at = 4; at < cells.length; at += 21) {
    const table = Buffer.alloc(512)
    table.write(cells.slice(at, at + 21).join(''), 'latin1')
    table[504] = at + 21 < cells.length ? 1 : 0
    tables.push(table)
  }
  const bytes = {
    386: cells.slice(0, 4).join(''),
    482: Uint8Array.of(tables.length === 0 ? 0 : 1),
    483: `${size.toString(8).padStart(11, '0')}\0`,
  }
  const header = rawHeader({ name: 's', flag: 'S', magic: GNU, size: data.byteLength, bytes })
  return Buffer.concat([header, ...tables, padded(data)])
}
