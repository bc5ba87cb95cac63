import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesInTar, END_OF_TAR_BYTES, writeTar, type TarInput } from '../../src/index.ts'
import { noise, pieces, readAll, rejection, streamed } from '../bodies.ts'
import { hasGnuTar, hasPython, listWithPython } from '../listers.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const long = 'long-'.repeat(30)

const tree: readonly TarInput[] = [
  { path: 'dir', type: 'directory', mtime: 1_700_000_000 },
  { path: 'dir/file', size: 5, content: Buffer.from('hello'), mtime: 1_700_000_000 },
  { path: 'dir/streamed', size: 3000, content: () => pieces(noise(3000), 700), mode: 0o600, mtime: 1_700_000_000 },
  { path: 'dir/empty', mtime: 5 },
  { path: 'dir/hard', type: 'hardlink', linkName: 'dir/file', mtime: 1_700_000_000 },
  { path: 'dir/soft', type: 'symlink', linkName: '../dir/file', mtime: 1_700_000_000 },
  { path: 'dir/é', size: 1, content: Buffer.from('x'), mtime: 1_700_000_000 },
  { path: `dir/${long}`, type: 'directory', mtime: 1_700_000_000 },
  { path: `dir/${long}/${long}`, size: 4, content: Buffer.from('deep'), mtime: 1_700_000_000 },
  { path: 'dir/far', type: 'symlink', linkName: `${long}/${long}`, mtime: 1_700_000_000 },
]

describe('writeTar', () => {
  test('the same members give the same bytes, however their content comes', async () => {
    const one = await readAll(writeTar(tree))
    async function* later(): AsyncGenerator<TarInput> {
      for (const input of tree)
        yield input.path === 'dir/file' ? { ...input, content: () => pieces(Buffer.from('hello'), 1) } : input
    }
    expect(digestOf(await readAll(writeTar(later())))).toBe(digestOf(one))
    expect(digestOf(one)).toBe('sha256:884460dd49f6d5cc1068a0cca2f8c3c4765b0cf74a1926c40ece0808d9be141b')
  })

  test('its size is known beforehand', async () => {
    const sizes = tree.map((input) => bytesInTar(input))
    expect((await readAll(writeTar(tree))).byteLength).toBe(
      sizes.reduce((total, size) => total + size, END_OF_TAR_BYTES),
    )
  })

  test('nothing is an end', async () => {
    expect(await readAll(writeTar([]))).toStrictEqual(Buffer.alloc(1024))
  })

  test.each([
    ['too few', 4, 'has only 3'],
    ['too many', 2, 'has more'],
    ['none', 4, 'has only 0'],
  ])('%s bytes are an error', async (name, size, says) => {
    const bytes = name === 'none' ? Buffer.alloc(0) : Buffer.from('abc')
    for (const content of [bytes, () => pieces(bytes, 1)]) {
      const error = await rejection(readAll(writeTar([{ path: 'a', size, content }])))
      expect(error).toMatchObject({ code: 'INVALID_DATA' })
      expect(String(error)).toContain(says)
    }
  })

  test('a content without end is left at the first byte too many', async () => {
    let asked = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        asked += 1
        yield Buffer.alloc(100)
      }
    }
    expect(await rejection(readAll(writeTar([{ path: 'a', size: 250, content: endless }])))).toMatchObject({
      code: 'INVALID_DATA',
    })
    expect(asked).toBe(3)
  })

  test('content is asked for when its turn comes, and is closed when the reader leaves', async () => {
    const log: string[] = []
    const large = (name: string): TarInput => ({
      path: name,
      size: 2_000_000,
      async *content() {
        log.push(`open ${name}`)
        try {
          for (let at = 0; at < 4; at += 1) yield Buffer.alloc(500_000)
        } finally {
          log.push(`close ${name}`)
        }
      },
    })
    const writing = writeTar([large('a'), large('b')])
    for (let at = 0; at < 3; at += 1) await writing.next()
    expect(log).toStrictEqual(['open a'])
    await writing.return(undefined)
    expect(log).toStrictEqual(['open a', 'close a'])
  })

  test('small members come in large chunks', async () => {
    const many = Array.from({ length: 2000 }, (_, at): TarInput => ({
      path: `n${at}`,
      size: 10,
      content: Buffer.alloc(10),
    }))
    let chunks = 0
    for await (const chunk of writeTar(many)) {
      expect(chunk.byteLength).toBeGreaterThan(0)
      chunks += 1
    }
    expect(chunks).toBeLessThan(10)
  })

  test('what is written is read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(member(), { maxLength: 12 }),
        fc.integer({ min: 1, max: 3000 }),
        async (inputs, cut) => {
          const read = await streamed(await readAll(writeTar(inputs)), cut)
          expect(read).toHaveLength(inputs.length)
          for (const [at, input] of inputs.entries()) {
            const { content, path, pax, ...fields } = input
            expect(read[at]?.entry).toMatchObject(fields)
            expect(read[at]?.entry.path.replace(/\/$/, '')).toBe(path)
            for (const [key, value] of pax ?? []) expect(read[at]?.entry.pax.get(key)).toBe(value)
            const bytes = content instanceof Uint8Array ? content : Buffer.alloc(0)
            expect(Buffer.compare(read[at]?.content ?? Buffer.of(0), bytes)).toBe(0)
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  test.runIf(hasGnuTar)('GNU tar reads it, and finds no difference to what it unpacks', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'tree.tar')
    await writeFile(path, await readAll(writeTar(tree)))
    const target = join(folder, 'target')
    await mkdir(target)
    const tar = (...options: readonly string[]): string =>
      execFileSync('tar', [...options, '-f', path, '-C', target], {
        env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' },
      }).toString()
    tar('-x', '--no-same-owner')
    // The owner is who runs the test; all else must be equal.
    let differences = ''
    try {
      differences = tar('--compare')
    } catch (error) {
      differences = String((error as { readonly stdout: Buffer }).stdout)
    }
    expect(differences.split('\n').filter((line) => line !== '' && !/[UG]id differs$/.test(line))).toStrictEqual([])
    expect(execFileSync('cat', [join(target, 'dir', long, long)]).toString()).toBe('deep')
  })

  test.runIf(hasPython)('Python reads it', async () => {
    const path = join(await temporaryFolder(), 'tree.tar')
    await writeFile(path, await readAll(writeTar(tree)))
    const [listed] = listWithPython([path])
    expect(listed?.map(({ name, type, size }) => [name, type, size])).toStrictEqual(
      tree.map(({ path: name, type = 'file', size = 0 }) => [name, type, size]),
    )
  })
})

/** All of Unicode; half of a character is none. */
const anyCharacter = fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point).toWellFormed())

function member(): fc.Arbitrary<TarInput> {
  const character = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'c', ' ', '.', '\\', ':', '-') },
    anyCharacter,
  )
  const name = fc
    .tuple(fc.array(character, { minLength: 1, maxLength: 5 }), fc.constantFrom(1, 1, 1, 1, 30))
    .map(([all, times]) => all.join('').repeat(times).replaceAll(/[\0/]/g, '_').replace(/^\.+$/, '_'))
  const path = fc.array(name, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/'))
  const common = {
    path,
    mode: fc.nat(0o7777),
    uid: fc.oneof(fc.nat(5000), fc.nat(2 ** 31)),
    gid: fc.oneof(fc.nat(5000), fc.nat(2 ** 31)),
    uname: fc.constantFrom('', 'root', 'é', 'u'.repeat(31), 'u'.repeat(40)),
    mtime: fc.oneof(
      fc.nat(2 ** 31),
      fc.integer(),
      fc.integer().map((value) => value / 8),
    ),
    pax: fc
      .dictionary(
        fc.constantFrom('SCHILY.xattr.user.a', 'SCHILY.xattr.user.bc'),
        fc.array(anyCharacter).map((all) => all.join('')),
        {
          maxKeys: 3,
        },
      )
      .map((all) => new Map(Object.entries(all))),
  }
  const content = fc.uint8Array({ maxLength: 1500 })
  return fc.oneof(
    fc
      .tuple(fc.record(common), content)
      .map(([fields, bytes]) => ({ ...fields, type: 'file' as const, size: bytes.byteLength, content: bytes })),
    fc.record({ ...common, type: fc.constantFrom('directory' as const, 'fifo' as const) }),
    fc.record({ ...common, type: fc.constantFrom('symlink' as const, 'hardlink' as const), linkName: path }),
    fc.record({
      ...common,
      type: fc.constant('character-device' as const),
      device: fc.record({ major: fc.nat(999), minor: fc.nat(99_999) }),
    }),
  )
}
