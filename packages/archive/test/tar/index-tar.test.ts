import { describe, expect, test } from 'vitest'
import { bytesAccess, indexTar, type RandomAccess } from '../../src/index.ts'
import { indexOf, rejection } from '../bodies.ts'
import { pax, rawMember, rawTar } from '../raw-tar.ts'

/** An access that records how much of it was read. */
function counted(tar: Buffer): RandomAccess & { bytes: number; reads: number } {
  const access = bytesAccess(tar)
  return {
    name: 'the test',
    size: access.size,
    bytes: 0,
    reads: 0,
    async read(room, position) {
      this.reads += 1
      const length = await access.read(room, position)
      this.bytes += length
      return length
    },
    [Symbol.asyncDispose]: () => access[Symbol.asyncDispose](),
  }
}

describe('indexTar', () => {
  test('jumps over large contents', async () => {
    const large = Buffer.alloc(4 * 1024 * 1024)
    const tar = rawTar(...['a', 'b', 'c', 'd'].map((name) => rawMember({ name }, large)))
    const access = counted(tar)
    const { entries } = await indexTar(access)
    expect(entries.map(({ offset }) => offset)).toStrictEqual(
      [0, 1, 2, 3].map((at) => 512 + at * (512 + large.byteLength)),
    )
    expect(access.bytes).toBeLessThan(200_000)
  })

  test('walks small members in few reads', async () => {
    const tar = rawTar(...Array.from({ length: 2000 }, (_, at) => rawMember({ name: `n${at}` }, 'x'.repeat(700))))
    const access = counted(tar)
    expect((await indexTar(access)).entries).toHaveLength(2000)
    expect(access.reads).toBeLessThan(30)
  })

  test('finds members by clean path, the last of several', async () => {
    const tar = rawTar(
      rawMember({ name: './a' }, '1'),
      rawMember({ name: 'b/', flag: '5' }),
      rawMember({ name: 'b//c' }, '2'),
      rawMember({ name: 'a' }, '33'),
      rawMember({ name: '__proto__' }, '4'),
    )
    const index = await indexOf(tar)
    expect([...index.byPath.keys()]).toStrictEqual(['a', 'b', 'b/c', '__proto__'])
    expect(index.byPath.get('a')?.size).toBe(2)
    expect([...index.duplicates]).toStrictEqual(['a'])
    expect(index.byPath.get('constructor')).toBeUndefined()
  })

  test('absolute paths count from the root if that is wanted', async () => {
    const tar = rawTar(rawMember({ name: '/etc/passwd' }, 'x'))
    expect(await rejection(indexOf(tar))).toMatchObject({ code: 'INVALID_DATA' })
    const { byPath } = await indexOf(tar, { absolutePaths: 'strip' })
    expect([...byPath.keys()]).toStrictEqual(['etc/passwd'])
  })

  test.each([
    ['members', { maxEntries: 2 }],
    ['path', { maxPathBytes: 4 }],
    ['PAX records', { maxHeaderBytes: 10 }],
  ])('the limit of %s can be set', async (says, limits) => {
    const tar = rawTar(
      rawMember({ name: 'a' }),
      pax({ comment: 'hello' }),
      rawMember({ name: 'abcde' }),
      rawMember({ name: 'c' }),
    )
    const error = await rejection(indexOf(tar, limits))
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect(String(error)).toContain(says)
    expect((await indexOf(tar)).entries).toHaveLength(3)
  })

  test('messages name the archive', async () => {
    const error = await rejection(indexOf(Buffer.from('junk'), { what: 'layer sha256:0123' }))
    expect(String(error)).toContain('layer sha256:0123: ')
  })

  test('an abort ends it', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    expect(await rejection(indexOf(rawTar(), { signal }))).toBe(signal.reason)
    const stop = new AbortController()
    const access: RandomAccess = { ...bytesAccess(rawTar()), read: () => new Promise(() => undefined) }
    setImmediate(() => stop.abort(new Error('enough')))
    expect(await rejection(indexTar(access, { signal: stop.signal }))).toBe(stop.signal.reason)
  })
})
