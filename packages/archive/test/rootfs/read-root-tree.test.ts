import { gunzipSync } from 'node:zlib'
import { digestOf, ImageError } from '@crossdock/core'
import { describe, expect, test } from 'vitest'
import {
  bytesAccess,
  findFile,
  findRootNode,
  isImplied,
  openEntry,
  readRootTree,
  type RootLayer,
} from '../../src/index.ts'
import { indexOf, readAll, rejection } from '../bodies.ts'
import { fixture } from '../fixtures.ts'
import { rawHeader, rawMember, rawTar } from '../raw-tar.ts'
import { layer, layerOf, linesOf } from './layers.ts'

describe('readRootTree', () => {
  test.each([
    ['upper files win', [['a=1', 'b=1'], ['a=22']], ['0 /', '1 a 2', '0 b 1']],
    [
      'folders are merged',
      [
        ['d/', 'd/a=1'],
        ['d/', 'd/b=1'],
      ],
      ['0 /', '1 d/', '0 d/a 1', '1 d/b 1'],
    ],
    ['a whiteout removes', [['a=1', 'b=1'], ['.wh.a']], ['0 /', '0 b 1']],
    ['a whiteout removes a folder', [['d/', 'd/a=1', 'd/e/', 'd/e/f=1', 'dd=1'], ['.wh.d']], ['0 /', '0 dd 1']],
    ['a whiteout in a folder', [['d/a=1', 'd/b=1'], ['d/.wh.a']], ['0 /', '0 d/', '0 d/b 1']],
    ['a whiteout of nothing', [['a=1'], ['.wh.b', 'x/.wh.y']], ['0 /', '0 a 1']],
    ['a whiteout and a new file', [['a=1'], ['.wh.a', 'a=22']], ['0 /', '1 a 2']],
    ['a new file and a whiteout', [['a=1'], ['a=22', '.wh.a']], ['0 /', '1 a 2']],
    [
      'a whiteout and a new file below it',
      [
        ['d/', 'd/a=1'],
        ['d/b=1', '.wh.d'],
      ],
      ['0 /', '1 d/', '1 d/b 1'],
    ],
    ['a whiteout in the lowest layer', [['.wh.a', 'a=1']], ['0 /', '0 a 1']],
    [
      'an opaque folder',
      [
        ['d/', 'd/a=1', 'd/e/f=1'],
        ['d/', 'd/.wh..wh..opq', 'd/b=1'],
      ],
      ['0 /', '1 d/', '1 d/b 1'],
    ],
    ['an opaque folder, its mark last', [['d/a=1'], ['d/b=1', 'd/.wh..wh..opq']], ['0 /', '0 d/', '1 d/b 1']],
    [
      'an opaque root',
      [
        ['a=1', 'd/b=1'],
        ['.wh..wh..opq', 'c=1'],
      ],
      ['0 /', '1 c 1'],
    ],
    ['an opaque mark of no folder', [['a=1'], ['x/.wh..wh..opq']], ['0 /', '0 a 1']],
    ['notes of AUFS', [['a=1'], ['.wh..wh.plnk/', '.wh..wh.plnk/12.34=x', '.wh..wh.aufs=x']], ['0 /', '0 a 1']],
    ['a name with ".wh." inside', [['a.wh.b=1', 'x.wh.'], ['c=1']], ['0 /', '0 a.wh.b 1', '1 c 1', '0 x.wh. 0']],
    ['a file becomes a folder', [['a=1'], ['a/', 'a/b=1']], ['0 /', '1 a/', '1 a/b 1']],
    ['a file becomes a folder by what is in it', [['a=1'], ['a/b=1']], ['0 /', '1 a/', '1 a/b 1']],
    ['a folder becomes a file', [['a/', 'a/b=1'], ['a=1']], ['0 /', '1 a 1']],
    [
      'a link makes way for a folder',
      [['usr/bin/', 'bin -> usr/bin'], ['bin/sh=1']],
      ['0 /', '1 bin/', '1 bin/sh 1', '0 usr/', '0 usr/bin/'],
    ],
    [
      'a link stays when its target changes',
      [['usr/a=1', 'u -> usr'], ['usr/a=22']],
      ['0 /', '0 u -> usr', '0 usr/', '1 usr/a 2'],
    ],
    ['the last of two members', [['a=1', 'a=22', 'd/', 'd/b=1', 'd=1']], ['0 /', '0 a 2', '0 d 1']],
    ['a hard link within a layer', [['a=1', 'b => a']], ['0 /', '0 a 1', '0 b 1']],
    ['a hard link to a lower layer', [['a=1'], ['b => a']], ['0 /', '0 a 1', '1(0) b 1']],
    ['a hard link outlives its target', [['a=1'], ['b => a'], ['.wh.a']], ['0 /', '1(0) b 1']],
    ['a hard link keeps what was replaced', [['a=1'], ['b => a'], ['a=22']], ['0 /', '2 a 2', '1(0) b 1']],
    ['a hard link before its target', [['d/b => d/c', 'd/c=1']], ['0 /', '0 d/', '0 d/b 1', '0 d/c 1']],
    ['a hard link to a link', [['a=1', 's -> a', 'h => s']], ['0 /', '0 a 1', '0 h -> a', '0 s -> a']],
    ['a hard link in the place of its target', [['d=1'], ['d/x => d']], ['0 /', '1 d/', '1(0) d/x 1']],
    ['no layers', [], ['0 /']],
    ['an empty layer', [['a=1'], []], ['0 /', '0 a 1']],
    [
      'names like those of objects',
      [['__proto__=1', 'constructor/x=1']],
      ['0 /', '0 __proto__ 1', '0 constructor/', '0 constructor/x 1'],
    ],
  ] as readonly (readonly [string, readonly (readonly string[])[], readonly string[]])[])(
    '%s',
    async (_name, layers, lines) => {
      const tree = await readRootTree(await Promise.all(layers.map((members) => layer(...members))))
      expect(linesOf(tree)).toStrictEqual(lines)
    },
  )

  test.each([
    ['a path that leads out', rawTar(rawMember({ name: 'a/../../b' })), '".."'],
    ['a whiteout that leads out', rawTar(rawMember({ name: '../.wh.a' })), '".."'],
    ['a whiteout of ".."', rawTar(rawMember({ name: 'a/.wh...' })), 'names nothing'],
    ['a whiteout of "."', rawTar(rawMember({ name: 'a/.wh..' })), 'names nothing'],
    ['a whiteout of nothing', rawTar(rawMember({ name: 'a/.wh.' })), 'names nothing'],
    ['a member in a whiteout', rawTar(rawMember({ name: '.wh.a/b' })), 'lies in a whiteout'],
    [
      'a write through a link of the same layer',
      rawTar(rawHeader({ name: 'a', flag: '2', linkName: '/etc' }), rawMember({ name: 'a/b' })),
      'is no folder',
    ],
    [
      'a member below a file of the same layer',
      rawTar(rawMember({ name: 'a' }), rawMember({ name: 'a/b/c' })),
      'is no folder',
    ],
    ['a hard link to nothing', rawTar(rawHeader({ name: 'a', flag: '1', linkName: 'b' })), 'hard link to nothing'],
    ['a hard link that leads out', rawTar(rawHeader({ name: 'a', flag: '1', linkName: '../b' })), '".."'],
    [
      'a hard link to a folder',
      rawTar(rawHeader({ name: 'd/', flag: '5' }), rawHeader({ name: 'a', flag: '1', linkName: 'd' })),
      'to a folder',
    ],
    ['a hard link to the root', rawTar(rawHeader({ name: 'a', flag: '1', linkName: './' })), 'to a folder'],
    [
      'a hard link through a link',
      rawTar(
        rawHeader({ name: 'd/x', flag: '2', linkName: 'y' }),
        rawHeader({ name: 'e', flag: '2', linkName: 'd' }),
        rawHeader({ name: 'a', flag: '1', linkName: 'e/x' }),
      ),
      'hard link to nothing',
    ],
    [
      'two hard links to each other',
      rawTar(rawHeader({ name: 'a', flag: '1', linkName: 'b' }), rawHeader({ name: 'b', flag: '1', linkName: 'a' })),
      'hard link to nothing',
    ],
    ['a root that is no folder', rawTar(rawMember({ name: '.' })), 'the root'],
  ])('%s is refused', async (_name, tar, says) => {
    const error = await rejection(readRootTree([await layer('lower=1'), layerOf(tar)]))
    expect(error).toBeInstanceOf(ImageError)
    expect(error).toMatchObject({ code: 'INVALID_DATA' })
    expect(String(error)).toContain('layer 1: ')
    expect(String(error)).toContain(says)
  })

  test('absolute paths count from the root of the image', async () => {
    const tar = rawTar(
      rawMember({ name: '/ko-app/app' }, 'x'),
      rawMember({ name: '/etc/.wh.a' }),
      rawHeader({ name: '/h', flag: '1', linkName: '/ko-app/app' }),
    )
    const tree = await readRootTree([await layer('etc/a=1'), layerOf(tar)])
    expect(linesOf(tree)).toStrictEqual(['0 /', '0 etc/', '1 h 1', '1 ko-app/', '1 ko-app/app 1'])
  })

  test('folders that are no members are implied, and take what a later member says', async () => {
    const lower = rawTar(rawMember({ name: 'a/b/c' }))
    const upper = rawTar(
      rawHeader({ name: 'a/', flag: '5', mode: 0o700, uid: 7 }),
      rawHeader({ name: './', flag: '5', mode: 0o711 }),
    )
    const tree = await readRootTree([layerOf(lower), layerOf(upper)])
    const nodes = ['/', 'a', 'a/b'].map((path) => findRootNode(tree, path))
    expect(nodes.map((node) => node && [isImplied(node.inode), node.inode.entry.mode])).toStrictEqual([
      [false, 0o711],
      [false, 0o700],
      [true, 0o755],
    ])
    expect(findRootNode(tree, 'a/b/c')?.inode.entry.type).toBe('file')
    expect(findRootNode(tree, 'a/b/c/d')).toBeUndefined()
    expect(findRootNode(tree, 'constructor')).toBeUndefined()
  })

  test('contents are hashed if that is wanted', async () => {
    const layers = [await layer('a=hello', 'b=')]
    const tree = await readRootTree(layers, { digests: true })
    expect(findRootNode(tree, 'a')?.inode.digest).toBe(digestOf(Buffer.from('hello')))
    expect(findRootNode(await readRootTree(layers), 'a')?.inode.digest).toBeUndefined()
  })

  test('layers of other builders', async () => {
    const members = await layersIn('whiteout_dir.tar')
    expect(linesOf(await readRootTree(members))).toStrictEqual(['0 /', '3 a/', '3 a/baz 0', '1 b/', '1 b/bar 0'])
    expect(linesOf(await readRootTree([layerOf(fixture('images/layer.tar'))]))).toHaveLength(4)
  })

  test('the number of names is limited over all layers, implied folders included', async () => {
    const layers = [await layer('a/b/c=1'), await layer('d=1', 'e=1')]
    const error = await rejection(readRootTree(layers, { maxEntries: 4 }))
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect((await readRootTree(layers, { maxEntries: 5 })).layers).toHaveLength(2)
  })

  test('an abort ends it, with its reason', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    expect(await rejection(readRootTree([await layer('a=1')], { signal }))).toBe(signal.reason)
  })
})

/** The layers of a docker archive whose manifest lists them, lowest first. */
async function layersIn(name: string): Promise<readonly RootLayer[]> {
  const tar = fixture(`images/${name}`)
  const index = await indexOf(tar)
  const read = async (path: string): Promise<Buffer> =>
    await readAll(openEntry(bytesAccess(tar), findFile(index, path)))
  const [{ Layers }] = JSON.parse((await read('manifest.json')).toString()) as [{ Layers: string[] }]
  return await Promise.all(Layers.map(async (path) => layerOf(gunzipSync(await read(path)))))
}
