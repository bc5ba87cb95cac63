import { digestOf } from '@crossdock/core'
import { describe, expect, test } from 'vitest'
import { bytesInTar, encodeTarHeader, type TarHeaderInput } from '../../src/index.ts'
import { indexOf } from '../bodies.ts'
import { END } from '../raw-tar.ts'

async function readBack(input: TarHeaderInput) {
  const header = encodeTarHeader(input)
  const content = Buffer.alloc(Math.ceil(Math.min(input.size ?? 0, 1e6) / 512) * 512)
  const { entries } = await indexOf(Buffer.concat([header, content, END]))
  return { blocks: header.byteLength / 512, entry: entries[0] }
}

const long = (length: number): string => 'x'.repeat(length)

describe('encodeTarHeader', () => {
  test('a plain header has the bytes that Python gives it', () => {
    const header = Buffer.from(encodeTarHeader({ path: 'dir/file', size: 5, mtime: 1_700_000_000, uid: 1, uname: 'u' }))
    expect(header.byteLength).toBe(512)
    expect(header.toString('latin1', 100, 157)).toBe(
      '0000644\x000000001\x000000000\x0000000000005\x0014524770400\x00007610\x00 0',
    )
    expect(header.toString('latin1', 257, 270)).toBe('ustar\x0000u\0\0\0\0')
    // The path, however it is spelt, and the order of fields make no difference.
    expect(digestOf(header)).toBe(
      digestOf(encodeTarHeader({ uname: 'u', uid: 1, mtime: 1_700_000_000, size: 5, path: './dir//file' })),
    )
  })

  test.each([
    ['100 characters', { path: long(100) }, 1],
    ['101 characters without a "/"', { path: long(101) }, 3],
    ['155 + 100 characters', { path: `${long(155)}/${long(100)}` }, 1],
    ['156 + 100 characters', { path: `${long(156)}/${long(100)}` }, 3],
    ['155 + 101 characters', { path: `${long(155)}/${long(101)}` }, 3],
    ['a folder of 100 characters', { path: long(100), type: 'directory' }, 3],
    ['a folder of 99 characters', { path: long(99), type: 'directory' }, 1],
    ['a folder in a folder', { path: `${long(90)}/${long(90)}`, type: 'directory' }, 1],
    ['another letter', { path: 'é' }, 3],
    ['bytes that are no text', { path: 'caf\udce9' }, 3],
    ['a link target of 100 characters', { path: 'a', type: 'symlink', linkName: long(100) }, 1],
    ['a link target of 101 characters', { path: 'a', type: 'symlink', linkName: long(101) }, 3],
    ['a link target with another letter', { path: 'a', type: 'hardlink', linkName: 'é' }, 3],
    ['the largest owner', { path: 'a', uid: 2_097_151, gid: 2_097_151 }, 1],
    ['a larger user', { path: 'a', uid: 2_097_152 }, 3],
    ['a larger group', { path: 'a', gid: 4_294_967_294 }, 3],
    ['a long owner name', { path: 'a', uname: long(31) }, 1],
    ['a longer owner name', { path: 'a', uname: long(32) }, 3],
    ['a group name with another letter', { path: 'a', gname: 'é' }, 3],
    ['a time after 2038', { path: 'a', mtime: 4_294_967_296 }, 1],
    ['a time before 1970', { path: 'a', mtime: -5 }, 3],
    ['a fraction of a second', { path: 'a', mtime: 1_700_000_000.125 }, 3],
    ['a time before 1970 with a fraction', { path: 'a', mtime: -5.25 }, 3],
    ['a time beyond eleven octal digits', { path: 'a', mtime: 8_589_934_592 }, 3],
    ['an extended attribute', { path: 'a', pax: new Map([['SCHILY.xattr.user.x', 'a\0\udcff\n=b']]) }, 3],
    ['a device', { path: 'a', type: 'block-device', device: { major: 2_097_151, minor: 7 } }, 1],
    ['the root', { path: './', type: 'directory' }, 1],
    ['all bits of the mode', { path: 'a', mode: 0o7777 }, 1],
  ] as readonly (readonly [string, TarHeaderInput, number])[])('%s comes back', async (_name, input, blocks) => {
    const { entry, blocks: written } = await readBack(input)
    expect(written).toBe(blocks)
    const { path, pax, ...fields } = input
    expect(entry).toMatchObject(fields)
    expect(entry?.path.replace(/\/$/, '')).toBe(path.replace(/\/$/, ''))
    for (const [key, value] of pax ?? []) expect(entry?.pax.get(key)).toBe(value)
  })

  test('the order of PAX records makes no difference', () => {
    const records = [
      ['SCHILY.xattr.user.b', '1'],
      ['SCHILY.xattr.user.a', '2'],
    ] as const
    const one = encodeTarHeader({ path: 'é', pax: new Map(records) })
    expect(encodeTarHeader({ path: 'é', pax: new Map(records.toReversed()) })).toStrictEqual(one)
  })

  test('a size beyond eleven octal digits is a PAX record', () => {
    const size = 8_589_934_592
    expect(encodeTarHeader({ path: 'a', size: size - 1 }).byteLength).toBe(512)
    const header = Buffer.from(encodeTarHeader({ path: 'a', size }))
    expect(header.toString('latin1', 512, 530)).toBe('19 size=8589934592')
    expect(bytesInTar({ path: 'a', size: size + 1 })).toBe(3 * 512 + size + 512)
  })

  test.each([
    ['an absolute path', { path: '/a' }, 'absolute'],
    ['a path that leads out', { path: '../a' }, '".."'],
    ['no path', { path: '' }, 'empty'],
    ['a NUL', { path: 'a\0' }, 'NUL'],
    ['half of a character', { path: 'a\ud800' }, 'half of a character'],
    ['a file with a "/"', { path: 'a/' }, 'only a folder'],
    ['a file that is the root', { path: '.' }, 'only a folder'],
    ['content of a folder', { path: 'a', type: 'directory', size: 1 }, 'has no content'],
    ['a negative size', { path: 'a', size: -1 }, 'whole numbers'],
    ['half a byte', { path: 'a', size: 0.5 }, 'whole numbers'],
    ['a huge size', { path: 'a', size: 2 ** 53 }, 'whole numbers'],
    ['a negative owner', { path: 'a', uid: -1 }, 'whole numbers'],
    ['no time', { path: 'a', mtime: Number.NaN }, 'time'],
    ['a link to nothing', { path: 'a', type: 'symlink' }, 'leads somewhere'],
    ['a file that leads somewhere', { path: 'a', linkName: 'b' }, 'leads somewhere'],
    ['a hard link that leads out', { path: 'a', type: 'hardlink', linkName: '../b' }, '".."'],
    ['a target with a NUL', { path: 'a', type: 'symlink', linkName: 'b\0' }, 'NUL'],
    ['a device without numbers', { path: 'a', type: 'fifo', device: { major: 1, minor: 1 } }, 'device numbers'],
    ['numbers without a device', { path: 'a', type: 'block-device' }, 'device numbers'],
    [
      'device numbers too large',
      { path: 'a', type: 'block-device', device: { major: 2_097_152, minor: 0 } },
      'do not fit',
    ],
    ['a record that is a field', { path: 'a', pax: new Map([['size', '1']]) }, 'field of its own'],
    ['a sparse record', { path: 'a', pax: new Map([['GNU.sparse.map', '0,1']]) }, 'field of its own'],
    ['a key that cannot be written', { path: 'a', pax: new Map([['a=b', '1']]) }, 'cannot be written'],
  ] as readonly (readonly [string, TarHeaderInput, string])[])('%s is refused', (_name, input, says) => {
    expect(() => encodeTarHeader(input)).toThrow(says)
  })
})
