import { ImageError } from '@crossdock/core'
import { describe, expect, test } from 'vitest'
import { readTar } from '../../src/index.ts'
import { indexOf, pieces, readAll, rejection } from '../bodies.ts'
import { base256, END, GNU, longText, padded, pax, rawHeader, rawMember, rawTar, record, V7 } from '../raw-tar.ts'

/** An archive as content: whoever loses step with the headers finds `smuggled`. */
const inner = rawTar(rawMember({ name: 'smuggled' }, 'x'))

const sparsePax = (records: Readonly<Record<string, string>>, content = ''): Buffer =>
  rawTar(pax(records), rawMember({ name: 'sparse' }, content))

const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`

/** The fields of an old GNU sparse header. */
function sparseHeader(pieces_: readonly (readonly [number, number])[], size: number, extended = 0): Buffer {
  const map = pieces_.map(([offset, bytes]) => octal(offset) + octal(bytes)).join('')
  const stored = pieces_.reduce((total, [, bytes]) => total + bytes, 0)
  const bytes = { 386: map, 482: Uint8Array.of(extended), 483: octal(size) }
  return rawHeader({ name: 'sparse', flag: 'S', magic: GNU, size: stored, bytes })
}

const refused: readonly (readonly [name: string, archive: Buffer, code: string, says: string])[] = [
  // Damage
  ['text', Buffer.from('hello'), 'INVALID_DATA', 'no tar archive'],
  ['a page of text', Buffer.alloc(2000, 'a'), 'INVALID_DATA', 'checksum'],
  ['a wrong checksum', rawTar(rawHeader({ name: 'a', checksum: '000001\0 ' })), 'INVALID_DATA', 'checksum'],
  ['a checksum that is no number', rawTar(rawHeader({ name: 'a', checksum: 'x' })), 'INVALID_DATA', 'checksum'],
  ['cut within a header', rawMember({ name: 'a' }, 'x').subarray(0, 400), 'INVALID_DATA', 'no tar archive'],
  ['cut within a later header', rawTar(rawMember({ name: 'a' }, 'x')).subarray(0, 1100), 'INVALID_DATA', 'cut off'],
  ['cut within content', rawMember({ name: 'a' }, 'x'.repeat(600)).subarray(0, 700), 'INVALID_DATA', 'cut off'],
  ['cut within padding', rawMember({ name: 'a' }, 'x').subarray(0, 600), 'INVALID_DATA', 'cut off'],
  ['a size beyond the file', rawTar(rawHeader({ name: 'a', size: 1e9 })), 'INVALID_DATA', 'cut off'],
  [
    'a member behind one zero block',
    Buffer.concat([rawMember({ name: 'a' }), Buffer.alloc(512), rawMember({ name: 'b' }), END]),
    'INVALID_DATA',
    'single block',
  ],
  // Numbers
  ['a negative size', rawTar(rawHeader({ name: 'a', size: base256(-512, 12) })), 'INVALID_DATA', 'size is negative'],
  [
    'a negative size in text',
    rawTar(rawHeader({ name: 'a', size: '-0000000512' })),
    'INVALID_DATA',
    'size is not a number',
  ],
  [
    'a size of 2^62',
    rawTar(rawHeader({ name: 'a', size: base256(2n ** 62n, 12) })),
    'INVALID_DATA',
    'size is not a number',
  ],
  [
    'a size that is not octal',
    rawTar(rawHeader({ name: 'a', size: '00000000009' })),
    'INVALID_DATA',
    'size is not a number',
  ],
  [
    'a size with something behind it',
    rawTar(rawHeader({ name: 'a', size: '5 6' })),
    'INVALID_DATA',
    'size is not a number',
  ],
  ['a size behind a NUL', rawTar(rawHeader({ name: 'a', size: '\u00005' })), 'INVALID_DATA', 'size is not a number'],
  [
    'base 256 in another form',
    rawTar(rawHeader({ name: 'a', size: Buffer.from('810000000000000000000005', 'hex') })),
    'INVALID_DATA',
    'size is not a number',
  ],
  ['a negative owner', rawTar(rawHeader({ name: 'a', uid: base256(-2, 8) })), 'INVALID_DATA', 'user ID is negative'],
  [
    'a mode that is no number',
    rawTar(rawHeader({ name: 'a', mode: 'rw-r--r' })),
    'INVALID_DATA',
    'mode is not a number',
  ],
  // Names
  ['no name', rawTar(rawHeader({ name: '' })), 'INVALID_DATA', 'no name'],
  ['a link to nothing', rawTar(rawHeader({ name: 'a', flag: '2' })), 'INVALID_DATA', 'link to nothing'],
  [
    'a prefix in a GNU header',
    rawTar(rawHeader({ name: 'a', magic: GNU, prefix: 'b' })),
    'INVALID_DATA',
    'no POSIX header',
  ],
  [
    'a prefix in an old header',
    rawTar(rawHeader({ name: 'a', magic: V7, prefix: 'b' })),
    'INVALID_DATA',
    'no POSIX header',
  ],
  ['a file whose name ends in "/"', rawTar(rawMember({ name: 'a/' }, 'x')), 'INVALID_DATA', 'ends in "/"'],
  [
    'a path too long',
    rawTar(longText('L', 'a'.repeat(4097)), rawMember({ name: 'a' })),
    'LIMIT_EXCEEDED',
    'at most 4096',
  ],
  [
    'a link target too long',
    rawTar(pax({ linkpath: 'é'.repeat(2049) }), rawHeader({ name: 'a', flag: '2' })),
    'LIMIT_EXCEEDED',
    'at most 4096',
  ],
  // Types
  ['an unknown type', rawTar(rawMember({ name: 'a', flag: 'V' }, 'x')), 'UNSUPPORTED', 'type "V"'],
  ['a type that is no text', rawTar(rawMember({ name: 'a', flag: ' ' }, 'x')), 'UNSUPPORTED', 'type " "'],
  ...['2', '3', '4', '5', '6'].map(
    (flag) =>
      [
        `content of type ${flag}`,
        rawTar(rawMember({ name: 'a', flag, linkName: 'b' }, inner)),
        'INVALID_DATA',
        'with content',
      ] as const,
  ),
  [
    'a hard link with a PAX size',
    rawTar(pax({ size: '2048' }), rawMember({ name: 'a', flag: '1', linkName: 'b' }, inner)),
    'INVALID_DATA',
    'with content',
  ],
  // PAX
  ['PAX for nothing', rawTar(pax({ path: 'a' })), 'INVALID_DATA', 'ends before the member'],
  ['PAX at the end of the file', pax({ path: 'a' }), 'INVALID_DATA', 'cut off'],
  [
    'PAX twice',
    rawTar(pax({ path: 'a' }), pax({ path: 'b' }), rawMember({ name: 'c' })),
    'INVALID_DATA',
    'several headers',
  ],
  [
    'PAX, then a long name',
    rawTar(pax({ size: '9' }), longText('L', 'b'), rawMember({ name: 'c' })),
    'INVALID_DATA',
    'several headers',
  ],
  [
    'a long name, then PAX',
    rawTar(longText('L', 'b'), pax({ path: 'a' }), rawMember({ name: 'c' })),
    'INVALID_DATA',
    'several headers',
  ],
  [
    'PAX, then global PAX',
    rawTar(pax({ path: 'a' }), pax({ comment: 'x' }, 'g'), rawMember({ name: 'c' })),
    'INVALID_DATA',
    'several headers',
  ],
  [
    'a long name twice',
    rawTar(longText('L', 'b'), longText('L', 'a'), rawMember({ name: 'c' })),
    'INVALID_DATA',
    'several headers',
  ],
  ['an empty long name', rawTar(longText('L', ''), rawMember({ name: 'c' })), 'INVALID_DATA', 'long name is empty'],
  ...['path', 'linkpath', 'size', 'GNU.sparse.size'].map(
    (key) =>
      [
        `a global ${key}`,
        rawTar(pax({ [key]: '1' }, 'g'), rawMember({ name: 'a' })),
        'INVALID_DATA',
        'hold for all members',
      ] as const,
  ),
  [
    'many global records',
    rawTar(pax(Array.from({ length: 65 }, (_, index) => record(`k${index}`, 'v')).join(''), 'g')),
    'LIMIT_EXCEEDED',
    'global PAX records',
  ],
  ...['-1', '0x10', '1e3', '99999999999999999999', ' 5', '5 ', '9007199254740993'].map(
    (size) =>
      [
        `a PAX size of "${size}"`,
        rawTar(pax({ size }), rawMember({ name: 'a' }, 'x')),
        'INVALID_DATA',
        '"size" is not a number',
      ] as const,
  ),
  ['a PAX time', rawTar(pax({ mtime: 'now' }), rawMember({ name: 'a' })), 'INVALID_DATA', 'not a time'],
  ['an empty PAX path', rawTar(pax({ path: '' }), rawMember({ name: 'a' })), 'INVALID_DATA', 'is empty'],
  ['a NUL in a PAX path', rawTar(pax({ path: 'a\0b' }), rawMember({ name: 'a' })), 'INVALID_DATA', 'has a NUL'],
  ...[
    ['no length', 'path=a\n'],
    ['a length too large', '99 path=a\n'],
    ['a length too small', '5 path=a\n'],
    ['a length with a zero in front', '011 path=a\n'],
    ['a length that is huge', '99999999999999999999 path=a\n'],
    ['no blank', '9\tpath=a\n'],
    ['no newline', '9 path=a '],
    ['zeros behind', `${record('path', 'a')}\0\0\0`],
  ].map(
    ([name, text = '']) =>
      [
        `a PAX record with ${name}`,
        rawTar(pax(text), rawMember({ name: 'b' })),
        'INVALID_DATA',
        'wrong length',
      ] as const,
  ),
  ['a PAX record without a key', rawTar(pax('5 =b\n'), rawMember({ name: 'b' })), 'INVALID_DATA', 'no key'],
  [
    'PAX records of more than 1 MiB',
    rawTar(rawMember({ name: 'x', flag: 'x' }, record('k', 'v'.repeat(1024 * 1024)))),
    'LIMIT_EXCEEDED',
    'at most 1048576',
  ],
  [
    'PAX records of a size that is announced',
    rawTar(rawHeader({ name: 'x', flag: 'x', size: base256(2n ** 50n, 12) })),
    'LIMIT_EXCEEDED',
    'at most 1048576',
  ],
  ['PAX records cut off', rawHeader({ name: 'x', flag: 'x', size: 1000 }), 'INVALID_DATA', 'cut off'],
  // Sparse files
  ['a hole of 4 GiB', rawTar(sparseHeader([[2 ** 32, 0]], 2 ** 32)), 'LIMIT_EXCEEDED', 'holes of'],
  [
    'pieces that do not reach the end',
    rawTar(sparseHeader([[0, 1]], 9), padded('x')),
    'INVALID_DATA',
    'do not reach its end',
  ],
  [
    'a PAX hole of 1 TiB',
    sparsePax({ 'GNU.sparse.size': String(2 ** 40), 'GNU.sparse.map': `${2 ** 40},0` }),
    'LIMIT_EXCEEDED',
    'holes of',
  ],
  [
    '99,999,999 sparse pieces',
    sparsePax(
      { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9' },
      '99999999\n'.padEnd(512, '\0'),
    ),
    'LIMIT_EXCEEDED',
    'pieces',
  ],
  [
    'a sparse map that does not end',
    sparsePax(
      { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9' },
      '999\n'.padEnd(512, '1\n'),
    ),
    'INVALID_DATA',
    'does not end',
  ],
  [
    'a sparse map of text',
    sparsePax({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '9' }, 'x'.repeat(512)),
    'INVALID_DATA',
    'no number',
  ],
  [
    'an unknown sparse format',
    sparsePax({ 'GNU.sparse.major': '2', 'GNU.sparse.minor': '0' }),
    'UNSUPPORTED',
    'sparse format',
  ],
  ['a sparse name without a map', sparsePax({ 'GNU.sparse.name': 'a' }), 'INVALID_DATA', 'not complete'],
  [
    'a sparse map of an odd length',
    sparsePax({ 'GNU.sparse.size': '9', 'GNU.sparse.map': '0,1,2' }, 'a'),
    'INVALID_DATA',
    'as many pieces',
  ],
  [
    'a sparse map with another number of pieces',
    sparsePax({ 'GNU.sparse.size': '9', 'GNU.sparse.numblocks': '2', 'GNU.sparse.map': '0,1' }, 'a'),
    'INVALID_DATA',
    'as many pieces',
  ],
  [
    'sparse pieces that overlap',
    sparsePax({ 'GNU.sparse.size': '9', 'GNU.sparse.map': '0,2,1,2' }, 'abcd'),
    'INVALID_DATA',
    'overlap',
  ],
  ['sparse pieces outside of the file', rawTar(sparseHeader([[8, 4]], 9), padded('abcd')), 'INVALID_DATA', 'overlap'],
  [
    'sparse pieces that are not stored',
    sparsePax({ 'GNU.sparse.size': '9', 'GNU.sparse.map': '0,2,9,0' }, 'abcd'),
    'INVALID_DATA',
    'but 4 are stored',
  ],
  [
    'sparse pieces in disorder',
    rawTar(pax(record('GNU.sparse.numbytes', '1') + record('GNU.sparse.offset', '0')), rawMember({ name: 'a' }, 'x')),
    'INVALID_DATA',
    'in pairs',
  ],
  [
    'two sparse maps',
    rawTar(pax(record('GNU.sparse.offset', '0') + record('GNU.sparse.map', '0,1')), rawMember({ name: 'a' }, 'x')),
    'INVALID_DATA',
    'two sparse maps',
  ],
  ['sparse in two formats', rawTar(pax({ path: 'a' }), sparseHeader([], 9)), 'INVALID_DATA', 'contradictory'],
  [
    'a sparse folder',
    rawTar(pax({ 'GNU.sparse.size': '9', 'GNU.sparse.numblocks': '0' }), rawMember({ name: 'a', flag: '5' })),
    'INVALID_DATA',
    'contradictory',
  ],
  [
    'sparse pieces that are not whole blocks',
    sparsePax({ 'GNU.sparse.size': '9', 'GNU.sparse.map': '0,2,4,2' }, 'abcd'),
    'INVALID_DATA',
    'not whole blocks',
  ],
  [
    'a sparse map with a gap',
    rawTar(rawHeader({ name: 'a', flag: 'S', magic: GNU, bytes: { 410: octal(1) + octal(0), 483: octal(9) } })),
    'INVALID_DATA',
    'has a gap',
  ],
  [
    'a sparse map that goes on behind an empty piece',
    rawTar(sparseHeader([[0, 1]], 9, 1), padded('x')),
    'INVALID_DATA',
    'has a gap',
  ],
  [
    'a sparse map cut off',
    sparseHeader(
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [1, 1],
      ],
      9,
      1,
    ),
    'INVALID_DATA',
    'cut off',
  ],
]

describe('hostile archives are refused', () => {
  test.each(refused)('%s', async (_name, archive, code, says) => {
    for (const read of [() => indexOf(archive), () => consume(archive, 100), () => consume(archive, 1_000_000)]) {
      const error = await rejection(read())
      expect(error).toBeInstanceOf(ImageError)
      expect(error).toMatchObject({ code })
      expect(String(error)).toContain(says)
    }
  })

  test.each([
    ['absolute', '/etc/passwd'],
    ['with ".."', 'a/../../b'],
    ['with ".." that stays inside', 'a/../b'],
  ])('a path that is %s', async (_name, name) => {
    for (const tar of [rawTar(rawMember({ name })), rawTar(pax({ path: name }), rawMember({ name: 'a' }))]) {
      expect(await rejection(indexOf(tar))).toMatchObject({ code: 'INVALID_DATA' })
    }
  })

  test('headers without end: a bomb of a million members is stopped by their number', async () => {
    const header = pax({ comment: 'x' }, 'g')
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield header
    }
    async function read(): Promise<void> {
      for await (const member of readTar(endless(), { maxEntries: 10_000 })) expect(member).toBeUndefined()
    }
    expect(await rejection(read())).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  test('what is announced takes no memory', async () => {
    const before = process.memoryUsage().arrayBuffers
    const header = rawHeader({ name: 'x', flag: 'x', size: 1024 * 1024 })
    for (let round = 0; round < 50; round += 1) expect(await rejection(indexOf(header))).toBeInstanceOf(ImageError)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 1024 * 1024)
  })
})

describe('odd archives are read as GNU tar and Python read them', () => {
  const accepted: readonly (readonly [
    name: string,
    archive: Buffer,
    members: readonly (readonly [string, string])[],
  ])[] = [
    ['nothing', Buffer.alloc(0), []],
    ['only an end', END, []],
    ['no end', rawMember({ name: 'a' }, 'x'), [['a', 'x']]],
    ['one zero block as the end', Buffer.concat([rawMember({ name: 'a' }, 'x'), Buffer.alloc(512)]), [['a', 'x']]],
    [
      'something behind the end',
      Buffer.concat([rawTar(rawMember({ name: 'a' }, 'x')), inner, Buffer.from('junk')]),
      [['a', 'x']],
    ],
    ['an archive as content', rawTar(rawMember({ name: 'a' }, inner)), [['a', inner.toString()]]],
    [
      'a size from PAX',
      rawTar(pax({ size: String(inner.byteLength) }), rawHeader({ name: 'a' }), inner),
      [['a', inner.toString()]],
    ],
    [
      'a size from PAX instead of another',
      rawTar(pax({ size: '1' }), rawHeader({ name: 'a', size: 9 }), padded('x'), rawMember({ name: 'b' }, 'y')),
      [
        ['a', 'x'],
        ['b', 'y'],
      ],
    ],
    [
      'PAX for one member only',
      rawTar(pax({ path: 'p' }), rawMember({ name: 'a' }, 'x'), rawMember({ name: 'b' }, 'y')),
      [
        ['p', 'x'],
        ['b', 'y'],
      ],
    ],
    [
      'a long name for one member only',
      rawTar(longText('L', 'p'), rawMember({ name: 'a' }, 'x'), rawMember({ name: 'b' }, 'y')),
      [
        ['p', 'x'],
        ['b', 'y'],
      ],
    ],
    [
      'both long texts',
      rawTar(longText('K', 't'), longText('L', 'p'), rawHeader({ name: 'a', flag: '2', linkName: 'u' })),
      [['p', '']],
    ],
    [
      'a hard link with a size',
      rawTar(rawHeader({ name: 'a', flag: '1', linkName: 'b', size: 9 }), rawMember({ name: 'b' }, 'y')),
      [
        ['a', ''],
        ['b', 'y'],
      ],
    ],
    [
      'the last of two records',
      rawTar(pax(record('path', 'p') + record('path', 'q')), rawMember({ name: 'a' }, 'x')),
      [['q', 'x']],
    ],
    ['a contiguous file', rawTar(rawMember({ name: 'a', flag: '7' }, 'x')), [['a', 'x']]],
    ['an old folder', rawTar(rawMember({ name: 'a/', flag: '\0', magic: V7 })), [['a/', '']]],
    ['an old file', rawTar(rawMember({ name: 'a', flag: '\0', magic: V7 }, 'x')), [['a', 'x']]],
    ['a POSIX prefix', rawTar(rawMember({ name: 'a', prefix: 'b/c' }, 'x')), [['b/c/a', 'x']]],
    [
      'blanks around numbers',
      rawTar(rawMember({ name: 'a', mode: '   644 ', size: '          1 ', major: '       ' }, 'x')),
      [['a', 'x']],
    ],
    ['a sum of signed bytes', rawTar(signed(rawHeader({ name: 'é', size: 1 })), padded('x')), [['é', 'x']]],
    ['a large size in base 256', rawTar(rawHeader({ name: 'a', size: base256(1, 12) }), padded('x')), [['a', 'x']]],
    ['records of Solaris', rawTar(pax({ path: 'p' }, 'X'), rawMember({ name: 'a' }, 'x')), [['p', 'x']]],
    ['a global comment', rawTar(pax({ comment: 'c' }, 'g'), rawMember({ name: 'a' }, 'x')), [['a', 'x']]],
    [
      'a name that is not UTF-8',
      rawTar(rawMember({ name: Buffer.from('caf\xe9', 'latin1') }, 'x')),
      [['caf\udce9', 'x']],
    ],
  ]

  test.each(accepted)('%s', async (_name, archive, members) => {
    const index = await indexOf(archive)
    expect(index.entries.map(({ path }) => path)).toStrictEqual(members.map(([path]) => path))
    for (const cut of [100, 512, 1_000_000]) {
      const read: [string, string][] = []
      for await (const { entry, content } of readTar(pieces(archive, cut))) {
        read.push([entry.path, (await readAll(content)).toString()])
      }
      expect(read).toStrictEqual(members)
    }
  })

  test('global records hold for all members behind them, own ones win', async () => {
    const tar = rawTar(
      rawMember({ name: 'a' }),
      pax({ uname: 'all', mtime: '7.5', 'SCHILY.xattr.user.x': '1' }, 'g'),
      rawMember({ name: 'b' }),
      pax({ uname: 'one' }),
      rawMember({ name: 'c' }),
    )
    const { entries } = await indexOf(tar)
    expect(
      entries.map(({ path, uname, mtime, pax: all }) => [path, uname, mtime, all.get('SCHILY.xattr.user.x')]),
    ).toStrictEqual([
      ['a', '', 0, undefined],
      ['b', 'all', 7.5, '1'],
      ['c', 'one', 7.5, '1'],
    ])
  })
})

async function consume(archive: Buffer, cut: number): Promise<void> {
  for await (const { content } of readTar(pieces(archive, cut))) await readAll(content)
}

/** The header with the checksum that old programs gave it. */
function signed(header: Buffer): Buffer {
  header.fill(0x20, 148, 156)
  const sum = header.reduce((total, byte) => total + (byte > 0x7f ? byte - 256 : byte), 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}
