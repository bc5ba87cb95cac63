import { digestOf } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  flattenRootTree,
  readRootTree,
  walkRootTree,
  writeTar,
  type RootLayer,
  type TarInput,
} from '../../src/index.ts'
import { readAll, rejection, streamed } from '../bodies.ts'
import { base256, pax, rawHeader, rawMember, rawTar } from '../raw-tar.ts'
import { fixture } from '../fixtures.ts'
import { layer, layerOf, linesInTar, linesOf } from './layers.ts'
import { applyModel, modelLayer, modelLayers, type ModelFile } from './model.ts'

async function flatten(layers: readonly RootLayer[]): Promise<Buffer> {
  return await readAll(flattenRootTree(await readRootTree(layers), layers))
}

async function pathsOf(layers: readonly RootLayer[]): Promise<string[]> {
  return [...walkRootTree(await readRootTree(layers))].map(({ path }) => path)
}

describe('flattenRootTree', () => {
  test('folders first, then contents layer by layer, then the rest', async () => {
    const layers = [
      await layer('z=1', 'e/f/g=1', 'b=1', 'soft -> z', 'gone=1', 'empty='),
      await layer('b=22', 'a=2', 'hard => e/f/g', '.wh.gone', 'also => soft'),
    ]
    expect(await linesInTar(await flatten(layers))).toStrictEqual([
      'e/',
      'e/f/',
      'z=1',
      'e/f/g=1',
      'b=22',
      'a=2',
      'also -> z',
      'empty=',
      'hard => e/f/g',
      'soft => also',
    ])
  })

  test('the result is a layer that makes the same tree, and flattening it again changes nothing', async () => {
    const layers = [await layer('d/a=1', 'b=2'), await layer('d/.wh.a', 'd/c=3', 'e => b')]
    const flat = await flatten(layers)
    const again = await flatten([layerOf(flat)])
    expect(digestOf(again)).toBe(digestOf(flat))
    expect(await pathsOf([layerOf(flat)])).toStrictEqual(await pathsOf(layers))
  })

  test('what a file is beside its content is kept', async () => {
    const tar = rawTar(
      rawHeader({ name: './', flag: '5', mode: 0o711, uid: 5 }),
      pax({ 'SCHILY.xattr.security.capability': 'a\0b', mtime: '1.5', comment: 'c', path: 'f' }),
      rawMember({ name: 'x', mode: 0o4755, uid: base256(3_000_000, 8), uname: 'u', gname: 'g' }, 'hello'),
      rawHeader({ name: 'dev', flag: '3', major: 5, minor: 1 }),
      rawHeader({ name: 'pipe', flag: '6' }),
    )
    const members = await streamed(await flatten([layerOf(tar)]))
    expect(members.map(({ entry }) => entry)).toMatchObject([
      { path: './', type: 'directory', mode: 0o711, uid: 5 },
      { path: 'f', mode: 0o4755, uid: 3_000_000, uname: 'u', gname: 'g', mtime: 1.5 },
      { path: 'dev', type: 'character-device', device: { major: 5, minor: 1 } },
      { path: 'pipe', type: 'fifo' },
    ])
    const { pax: records } = members[1]?.entry ?? {}
    expect(records?.get('SCHILY.xattr.security.capability')).toBe('a\0b')
    expect(records?.has('comment')).toBe(false)
  })

  test('sparse files are written out', async () => {
    const lines = await streamed(await flatten([layerOf(fixture('tar/sparse-pax-1.0.tar'))]))
    expect(lines.map(({ entry, content }) => [entry.path, entry.sparse, content.byteLength])).toStrictEqual([
      ['sparse', undefined, 500_000],
      ['holes', undefined, 1_966_080],
    ])
  })

  test('every layer is read to its end, one with nothing left not at all', async () => {
    const log: string[] = []
    const logged = (name: string, body: RootLayer): RootLayer => ({
      async *open() {
        log.push(`open ${name}`)
        yield* body.open()
        log.push(`end ${name}`)
      },
    })
    const layers = [
      logged('0', await layer('a=1')),
      logged('1', await layer('b=1', 'c=1')),
      logged('2', await layer('a=2', '.wh.c')),
    ]
    const tree = await readRootTree(layers)
    expect(log.splice(0)).toStrictEqual(['open 0', 'end 0', 'open 1', 'end 1', 'open 2', 'end 2'])
    await readAll(flattenRootTree(tree, layers))
    expect(log).toStrictEqual(['open 1', 'end 1', 'open 2', 'end 2'])
  })

  test('a layer that changed meanwhile is noticed', async () => {
    const tree = await readRootTree([await layer('a=1')])
    for (const other of [['a=22'], ['b=1'], []]) {
      expect(await rejection(readAll(flattenRootTree(tree, [await layer(...other)])))).toMatchObject({
        code: 'CONFLICT',
      })
    }
  })

  test('all layers are needed', async () => {
    const layers = [await layer('a=1'), await layer('b=1')]
    const tree = await readRootTree(layers)
    expect(await rejection(readAll(flattenRootTree(tree, layers.slice(0, 1))))).toMatchObject({ code: 'CONFLICT' })
  })

  test('memory stays flat', async () => {
    const mebi = Buffer.alloc(1024 * 1024, 'x')
    const size = 200 * mebi.byteLength
    const large: TarInput = {
      path: 'large',
      size,
      async *content() {
        for (let at = 0; at < 200; at += 1) yield mebi
      },
    }
    const layers: RootLayer[] = [{ open: () => writeTar([large]) }, await layer('small=1')]
    const tree = await readRootTree(layers)
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    let bytes = 0
    for await (const chunk of flattenRootTree(tree, layers)) {
      bytes += chunk.byteLength
      most = Math.max(most, process.memoryUsage().arrayBuffers)
    }
    expect(bytes).toBeGreaterThan(size)
    expect(most - before).toBeLessThan(64 * 1024 * 1024)
  })

  test('it is what a simple model says', async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(modelLayers, async (steps) => {
        const expected = applyModel(steps)
        const layers = await Promise.all(steps.map((all) => modelLayer(all)))
        const flat = await flatten(layers).catch((error: unknown) => error)
        const seen = flat instanceof Buffer ? readFlat(await streamed(flat)) : flat
        expect(seen).toMatchObject(expected === undefined ? { code: 'INVALID_DATA' } : shapeOf(expected))
        accepted += expected === undefined ? 0 : 1
      }),
      { numRuns: 400 },
    )
    expect(accepted).toBeGreaterThan(100)
  })
})

interface Shape {
  /** Every path with what it is. */
  readonly files: readonly string[]
  /** The paths of each file that has several. */
  readonly links: readonly string[]
  /** What no archive may have. */
  readonly problems: readonly string[]
}

function byText(one: string, other: string): number {
  return one < other ? -1 : 1
}

function shapeOf(all: ReadonlyMap<string, ModelFile>, problems: readonly string[] = []): Shape {
  const names = new Map<ModelFile, string[]>()
  for (const [path, file] of all) names.set(file, [...(names.get(file) ?? []), path])
  return {
    files: [...all].map(([path, { kind, content }]) => `${kind} ${path} ${content}`).toSorted(byText),
    links: [...names.values()]
      .filter((paths) => paths.length > 1)
      .map((paths) => paths.toSorted(byText).join(' '))
      .toSorted(byText),
    problems,
  }
}

/** Each path once, folders before what is in them, hard links behind what they stand for, no whiteouts. */
function readFlat(members: Awaited<ReturnType<typeof streamed>>): Shape {
  const found = new Map<string, ModelFile>()
  const problems: string[] = []
  for (const { entry, content } of members) {
    const path = entry.path.replace(/\/$/, '')
    if (found.has(path)) problems.push(`${path} is there twice`)
    if (path.includes('.wh.')) problems.push(`${path} is a whiteout`)
    const parent = path.split('/').slice(0, -1).join('/')
    if (parent !== '' && found.get(parent)?.kind !== 'folder') problems.push(`${path} is before its folder`)
    if (entry.type === 'hardlink' && !found.has(entry.linkName)) problems.push(`${path} is before its target`)
    const kind = entry.type === 'directory' ? 'folder' : entry.type === 'symlink' ? 'soft' : 'file'
    const file = { kind, content: kind === 'soft' ? entry.linkName : content.toString() } as const
    found.set(path, (entry.type === 'hardlink' ? found.get(entry.linkName) : undefined) ?? file)
  }
  return shapeOf(found, problems)
}

test('the lines of a tree are those of its layers', async () => {
  expect(linesOf(await readRootTree([await layer('a=1')]))).toStrictEqual(['0 /', '0 a 1'])
})
