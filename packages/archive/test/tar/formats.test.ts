import { digestOf } from '@crossdock/core'
import { describe, expect, test } from 'vitest'
import { bytesAccess, openEntry, type TarEntry } from '../../src/index.ts'
import { indexOf, readAll, streamed } from '../bodies.ts'
import { fixture } from '../fixtures.ts'

/** A line for each member: what programs must agree on, long names shortened. */
function line({ type, path, size, mode, uid, gid, uname, gname, linkName, mtime, device }: TarEntry): string {
  const fields = [type, path, size, mode.toString(8), `${uid}:${gid}`, `${uname}:${gname}`, mtime]
  const link = linkName === '' ? [] : [`-> ${linkName}`]
  const numbers = device === undefined ? [] : [`${device.major},${device.minor}`]
  return [...fields, ...link, ...numbers].join(' ').replaceAll(/(long-){16,}/g, 'LONG')
}

const gnuTree = (mtime: number): string[] => [
  `directory dir/ 0 755 3000000:7 owner:group ${mtime}`,
  `file dir/caf\udce9 5 644 3000000:7 owner:group ${mtime}`,
  `file dir/empty 0 644 3000000:7 owner:group ${mtime}`,
  `symlink dir/far 0 777 3000000:7 owner:group ${mtime} -> ../LONG/LONG`,
  `file dir/file.txt 6 644 3000000:7 owner:group ${mtime}`,
  `hardlink dir/hard 0 644 3000000:7 owner:group ${mtime} -> dir/file.txt`,
  `directory dir/LONG/ 0 755 3000000:7 owner:group ${mtime}`,
  `file dir/LONG/LONG 4 644 3000000:7 owner:group ${mtime}`,
  `fifo dir/pipe 0 644 3000000:7 owner:group ${mtime}`,
  `symlink dir/soft 0 777 3000000:7 owner:group ${mtime} -> file.txt`,
  `file dir/é.txt 1 644 3000000:7 owner:group ${mtime}`,
]

const pythonTree = [
  'directory dir/ 0 755 0:0 : 1700000000',
  'file dir/file.txt 6 644 3000000:0 owner: 1700000000',
  'hardlink dir/hard 0 644 0:0 : 1700000000 -> dir/file.txt',
  'symlink dir/soft 0 644 0:0 : 1700000000 -> file.txt',
  'file dir/é.txt 1 644 0:0 : 1700000000',
  'file dir/old 3 644 0:0 : -5',
  'file dir/LONG/LONG 4 644 0:0 : 1700000000',
  'symlink dir/far 0 644 0:0 : 1700000000 -> ../LONG/LONG',
  'character-device dev 0 644 0:0 : 1700000000 5,1',
]

const oldTree = (owner: string, long: readonly string[]): string[] => [
  `directory dir/ 0 755 1000:7 ${owner} 1700000000`,
  `file dir/empty 0 644 1000:7 ${owner} 1700000000`,
  `file dir/file.txt 6 644 1000:7 ${owner} 1700000000`,
  `hardlink dir/hard 0 644 1000:7 ${owner} 1700000000 -> dir/file.txt`,
  ...long,
  `symlink dir/soft 0 777 1000:7 ${owner} 1700000000 -> file.txt`,
]

const longOnes = [
  'directory dir/LONG/ 0 755 1000:7 owner:group 1700000000',
  'file dir/LONG/LONG 4 644 1000:7 owner:group 1700000000',
]

describe('archives of other programs', () => {
  test.each([
    ['gnu', gnuTree(1_700_000_000)],
    ['pax', gnuTree(1_700_000_000.5)],
    ['ustar', oldTree('owner:group', longOnes)],
    ['v7', oldTree(':', [])],
    ['python-gnu', pythonTree],
    ['python-pax', pythonTree],
  ])('%s', async (name, lines) => {
    const tar = fixture(`tar/${name}.tar`)
    const { entries } = await indexOf(tar)
    expect(entries.map(line)).toStrictEqual(lines)
    const members = await streamed(tar, 1000)
    expect(members.map(({ entry }) => line(entry))).toStrictEqual(lines)
    const contents = new Map(members.map(({ entry, content }) => [line(entry).split(' ')[1], content.toString()]))
    expect(contents.get('dir/file.txt')).toBe('hello\n')
    expect(contents.get('dir/LONG/LONG') ?? 'deep').toBe('deep')
  })

  test.each(['old-gnu', 'pax-0.0', 'pax-0.1', 'pax-1.0'])('sparse files in format %s', async (name) => {
    const tar = fixture(`tar/sparse-${name}.tar`)
    const { entries } = await indexOf(tar)
    expect(entries.map(({ path, size, storedSize }) => [path, size, storedSize])).toStrictEqual([
      ['sparse', 500_000, 12_288],
      ['holes', 1_966_080, 122_880],
    ])
    const members = await streamed(tar, 777)
    for (const [index, content] of [threePieces(), thirtyPieces()].entries()) {
      const entry = entries[index]
      if (entry === undefined) throw new Error('a member is missing')
      expect(digestOf(members[index]?.content ?? Buffer.alloc(0))).toBe(digestOf(content))
      expect(digestOf(await readAll(openEntry(bytesAccess(tar), entry)))).toBe(digestOf(content))
    }
  })
})

function threePieces(): Buffer {
  const bytes = Buffer.alloc(500_000)
  bytes.write('begin', 0)
  bytes.write('middle', 200_000)
  bytes.write('end', 400_000)
  return bytes
}

/** More than a header holds and more than one block behind it. */
function thirtyPieces(): Buffer {
  const bytes = Buffer.alloc(30 * 65_536)
  for (let index = 0; index < 30; index += 1) bytes.fill(65 + index, index * 65_536, index * 65_536 + 10)
  return bytes
}
