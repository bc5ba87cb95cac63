import { describe, expect, test } from 'vitest'
import { diffRootTrees, layerReports, readRootTree, type RootTree } from '../../src/index.ts'
import { pax, rawHeader, rawMember, rawTar } from '../raw-tar.ts'
import { layer, layerOf } from './layers.ts'

async function tree(...layers: readonly (readonly string[])[]): Promise<RootTree> {
  return await readRootTree(await Promise.all(layers.map((lines) => layer(...lines))), { digests: true })
}

const differences = (before: RootTree, after: RootTree): readonly string[] =>
  [...diffRootTrees(before, after)].map(({ path, kind, fields }) => [kind, path, ...fields].join(' '))

const folder = (fields: object): Buffer => rawHeader({ name: 'd/', flag: '5', mode: 0o755, ...fields })
const file = (fields: object): Buffer => rawMember({ name: 'a', ...fields }, 'x')
const device = (minor: number): Buffer => rawHeader({ name: 'dev', flag: '4', major: 1, minor })

async function treeOf(...members: readonly Buffer[]): Promise<RootTree> {
  return await readRootTree([layerOf(rawTar(...members))])
}

async function hashed(content: string, mtime: number): Promise<RootTree> {
  return await readRootTree([layerOf(rawTar(rawMember({ name: 'a', mtime }, content)))], { digests: true })
}

describe('what layers contribute', () => {
  test('changes by path', async () => {
    const { layers } = await tree(
      ['d/', 'd/a=1', 'd/b=1', 'e/', 'e/f=1', 'g=1', 'h=1'],
      ['d/', 'd/a=22', 'd/c=1', '.wh.e', '.wh.none', 'h => g', 'i/j=1', '.wh.g', 'g=3'],
      ['i/.wh..wh..opq', 'd=1'],
    )
    expect(layers.map(({ changes }) => Object.fromEntries(changes))).toStrictEqual([
      { d: 'added', 'd/a': 'added', 'd/b': 'added', e: 'added', 'e/f': 'added', g: 'added', h: 'added' },
      { 'd/a': 'changed', 'd/c': 'added', e: 'removed', g: 'changed', h: 'changed', i: 'added', 'i/j': 'added' },
      { 'i/j': 'removed', d: 'changed' },
    ])
  })

  test('a folder with another mode, owner or attribute is a change', async () => {
    const uppers = [
      [folder({ mtime: 99 }), {}],
      [folder({ mode: 0o700 }), { d: 'changed' }],
      [folder({ uid: 1 }), { d: 'changed' }],
      [Buffer.concat([pax({ 'SCHILY.xattr.user.x': '1' }), folder({})]), { d: 'changed' }],
      [Buffer.concat([pax({ atime: '1' }), folder({})]), {}],
    ] as const
    for (const [upper, changes] of uppers) {
      const { layers } = await readRootTree([layerOf(rawTar(folder({}))), layerOf(rawTar(upper))])
      expect(Object.fromEntries(layers[1]?.changes ?? [])).toStrictEqual(changes)
    }
  })

  test('bytes, and those that are wasted', async () => {
    const all = await tree(['a=333', 'b=1', 'hard => a'], ['a=22', 'a=4444', 'b=1'], ['.wh.b', 'c=22', 'hard2 => c'])
    expect(layerReports(all)).toStrictEqual([
      // `a` is still there as `hard`.
      { added: 3, changed: 0, removed: 0, bytes: 4, wastedBytes: 1 },
      { added: 0, changed: 2, removed: 0, bytes: 7, wastedBytes: 3 },
      { added: 2, changed: 0, removed: 1, bytes: 2, wastedBytes: 0 },
    ])
  })
})

describe('diffRootTrees', () => {
  test('names what was added, removed and changed, in order', async () => {
    const before = await tree(['a=1', 'b=1', 'd/', 'd/e=1', 'd/f/', 'd/f/g=1', 's -> a', 'same=1'])
    const after = await tree(['a=2', 'c=1', 'd=1', 's -> b', 'same=1', 'x/y/z=1'])
    expect(differences(before, after)).toStrictEqual([
      'changed a content',
      'removed b',
      'added c',
      'changed d type',
      'removed d/e',
      'removed d/f',
      'removed d/f/g',
      'changed s link',
      'added x',
      'added x/y',
      'added x/y/z',
    ])
    expect(differences(before, before)).toStrictEqual([])
  })

  test('it does not matter how a tree came about', async () => {
    const one = await tree(['a=1', 'b=1'], ['.wh.b', 'c=1'])
    const other = await tree(['a=1', 'c=1'])
    expect(differences(one, other)).toStrictEqual([])
  })

  test('says in what files differ', async () => {
    const before = await treeOf(file({}), device(1))
    const cases = [
      [[file({ mode: 0o600 }), device(1)], ['changed a mode']],
      [[file({ uid: 1 }), device(1)], ['changed a owner']],
      [
        [file({ gid: 1 }), device(2)],
        ['changed a owner', 'changed dev device'],
      ],
      [[pax({ 'SCHILY.xattr.user.x': '1' }), file({}), device(1)], ['changed a attributes']],
      // Without digests another time may be another content.
      [[file({ mtime: 7 }), device(1)], ['changed a content mtime']],
      [[pax({ comment: 'c' }), file({}), device(1)], []],
    ] as const
    for (const [members, lines] of cases) expect(differences(before, await treeOf(...members))).toStrictEqual(lines)
  })

  test('contents are compared by digest where there are digests', async () => {
    expect(differences(await hashed('x', 1), await hashed('x', 2))).toStrictEqual(['changed a mtime'])
    expect(differences(await hashed('x', 1), await hashed('y', 1))).toStrictEqual(['changed a content'])
  })
})
