import * as fc from 'fast-check'
import {
  base256,
  END,
  GNU,
  longText,
  padded,
  pax,
  POSIX,
  rawHeader,
  record,
  V7,
  withChecksum,
  type RawFields,
} from './raw-tar.ts'

/** Content that is an archive itself: whoever takes it for headers sees other members. */
const inner = Buffer.concat([rawHeader({ name: 'smuggled', size: 1 }), padded('x'), Buffer.alloc(1024)])

/** The first value three times out of four. */
function usually<Value>(usual: Value, ...odd: readonly Value[]): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...odd) })
}

const names = usually(
  'a',
  'a',
  'b/c',
  './d',
  'e/',
  'f//g',
  'h\0i',
  'é',
  'long/'.repeat(19) + 'name',
  'x'.repeat(100),
  '',
)
const magics = usually(POSIX, POSIX, POSIX, POSIX, GNU, GNU, V7, 'ustar\0  ', 'ustar 00', 'tar\0')
const flags = usually(
  '0',
  '0',
  '0',
  '0',
  '0',
  '\0',
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '7',
  'S',
  'V',
  'D',
  'N',
  'A',
  'Z',
  ' ',
)
const sizes = usually<NonNullable<RawFields['size']>>(
  5,
  0,
  5,
  600,
  '00000000005',
  '5          ',
  '      5 \0',
  '  5 \0junk',
  '5 6',
  '5\u00006',
  '-5',
  '0x5',
  '1_0',
  '8',
  base256(5, 12),
  base256(-5, 12),
  Buffer.from('81000000000000000000000500', 'hex').subarray(0, 12),
  '',
  ' ',
)
const numbers = usually<string | number>(0, 0, 0, 0, 0, 0o755, '644', '   644 \0', '     ', '+644', '9')

function headers(): fc.Arbitrary<RawFields> {
  return fc.record(
    {
      name: names,
      size: sizes,
      flag: flags,
      magic: magics,
      linkName: usually('target', '', 'b/c', '../out'),
      mode: numbers,
      uid: numbers,
      mtime: usually<string | number | Uint8Array>(0, 1_700_000_000, base256(-1, 12), '-1'),
      major: usually<string | number>(0, '', '       ', 'x'),
      prefix: usually('', 'pre', 'pre/fix', 'p\0q'),
    },
    { requiredKeys: ['name'] },
  )
}

const keys = fc.constantFrom(
  'path',
  'linkpath',
  'size',
  'mtime',
  'uid',
  'uname',
  'comment',
  'SCHILY.xattr.user.x',
  'GNU.sparse.name',
)
const values = fc.constantFrom(
  'a',
  'b/c',
  '5',
  '0',
  '600',
  '-1',
  '1.5',
  '',
  'é',
  'x'.repeat(120),
  'n\0ul',
  'e/',
  ' 5',
  '5 ',
  '1e3',
  '0x5',
)
const records = fc
  .array(fc.tuple(keys, values), { minLength: 1, maxLength: 3 })
  .map((all) => all.map(([k, v]) => record(k, v)).join(''))
const oddRecords = fc.constantFrom(
  '',
  '5 a=\n',
  '6 ab=\n',
  '06 a=b\n',
  '6 a=b\n\0\0',
  '7 a=bc\n6 a=b\n',
  ' 6 a=b\n',
  '6\ta=b\n',
  '99 a=b\n',
  '6 a=bx',
  '5 =b\n',
)

/** A header and something behind it that fits a size that it may have. */
function oddPart(): fc.Arbitrary<Buffer> {
  const member = fc
    .tuple(headers(), fc.constantFrom(0, 5, 600))
    .map(([fields, length]) => Buffer.concat([rawHeader(fields), padded(inner.subarray(0, length))]))
  const plain = fc
    .tuple(names, fc.constantFrom(0, 5, 600))
    .map(([name, size]) => Buffer.concat([rawHeader({ name, size }), padded(inner.subarray(0, size))]))
  return fc.oneof(
    member,
    member,
    plain,
    fc.tuple(records, fc.constantFrom('x', 'x', 'x', 'g', 'X')).map(([text, flag]) => pax(text, flag)),
    oddRecords.map((text) => pax(text)),
    fc.tuple(fc.constantFrom('L' as const, 'K' as const), values).map(([flag, value]) => longText(flag, value)),
    fc.constant(Buffer.alloc(512)),
  )
}

/** Archives of members whose headers are put together from what is usual and what is odd, every checksum right. */
export const oddArchives: fc.Arbitrary<Buffer> = fc.array(oddPart(), { minLength: 1, maxLength: 5 }).chain((parts) =>
  fc
    .tuple(
      fc.option(fc.tuple(fc.nat(511), fc.nat(255)), { freq: 3, nil: undefined }),
      fc.constantFrom(END, END, END, Buffer.alloc(512), Buffer.alloc(0), Buffer.alloc(10_240)),
    )
    .map(([change, end]) => {
      const archive = Buffer.concat([...parts, end])
      if (change === undefined) return archive
      // One byte of the first header is something else.
      const first = Buffer.from(archive.subarray(0, 512))
      first[change[0]] = change[1]
      withChecksum(first).copy(archive)
      return archive
    }),
)
