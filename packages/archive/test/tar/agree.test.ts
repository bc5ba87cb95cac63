import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, ImageError } from '@crossdock/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesAccess, openEntry, type TarEntry } from '../../src/index.ts'
import { indexOf, readAll, streamed } from '../bodies.ts'
import { fixture } from '../fixtures.ts'
import {
  hasGnuTar,
  hashWithGnuTar,
  hashWithPython,
  hasPython,
  listWithGnuTar,
  listWithPython,
  type Listed,
} from '../listers.ts'
import { oddArchives } from '../odd-archives.ts'
import { sparseArchives } from '../sparse-archives.ts'
import { temporaryFolder } from '../temporary-folder.ts'

/** What an archive is for one of the readers: its members with their contents, or the code of the error. */
type Seen = readonly (readonly [TarEntry, string])[] | string

async function seenByIndex(tar: Buffer): Promise<Seen> {
  return await seen(async () => {
    const { entries } = await indexOf(tar, { absolutePaths: 'strip' })
    const members: [TarEntry, string][] = []
    for (const entry of entries) {
      const isFile = entry.type === 'file'
      members.push([entry, isFile ? (await readAll(openEntry(bytesAccess(tar), entry))).toString('hex') : ''])
    }
    return members
  })
}

async function seenByStream(tar: Buffer, cut: number): Promise<Seen> {
  return await seen(async () =>
    (await streamed(tar, cut)).map(({ entry, content }) => [entry, content.toString('hex')]),
  )
}

async function seen(read: () => Promise<Seen>): Promise<Seen> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    return error.code
  }
}

describe('the two readers agree', () => {
  const cuts = fc.constantFrom(1, 100, 511, 512, 1000, 100_000)

  test('on odd archives', async () => {
    let accepted = 0
    await fc.assert(
      fc.asyncProperty(oddArchives, cuts, async (tar, cut) => {
        const index = await seenByIndex(tar)
        if (typeof index !== 'string') accepted += 1
        expect(await seenByStream(tar, cut)).toStrictEqual(index)
      }),
      { numRuns: 400 },
    )
    expect(accepted).toBeGreaterThan(15)
  })

  const samples = ['gnu', 'pax', 'ustar', 'v7', 'python-gnu', 'python-pax', 'sparse-old-gnu', 'sparse-pax-1.0']
  test.each(samples)('on %s with bytes changed anywhere', async (name) => {
    const tar = fixture(`tar/${name}.tar`).subarray(0, 12_288)
    const changes = fc.array(fc.tuple(fc.nat(tar.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(changes, cuts, async (all, cut) => {
        const changed = Buffer.from(tar)
        for (const [at, byte] of all) changed[at] = byte
        expect(await seenByStream(changed, cut)).toStrictEqual(await seenByIndex(changed))
      }),
      { numRuns: 40 },
    )
  })

  test('on archives cut off anywhere', async () => {
    const tar = fixture('tar/gnu.tar')
    const { entries } = await indexOf(tar)
    // Where a member ends, an archive may end.
    const ends = new Set([0, ...entries.map(({ offset, storedSize }) => offset + Math.ceil(storedSize / 512) * 512)])
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.nat(Math.max(...ends)), fc.constantFrom(...ends)), cuts, async (end, cut) => {
        const part = tar.subarray(0, end)
        const index = await seenByIndex(part)
        expect(typeof index === 'string').toBe(!ends.has(end))
        expect(await seenByStream(part, cut)).toStrictEqual(index)
      }),
      { numRuns: 100 },
    )
  })

  test('on random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), cuts, async (all, cut) => {
        const tar = Buffer.from(all)
        expect(await seenByStream(tar, cut)).toStrictEqual(await seenByIndex(tar))
      }),
    )
  })
})

describe('what is accepted, other programs see in the same way', () => {
  const archives = fc.sample(oddArchives, { numRuns: 1500, seed: 20_260_901 })

  test.runIf(hasPython)('Python', async () => {
    const { paths, lists } = await writeAccepted(archives)
    expect(paths.length).toBeGreaterThan(100)
    const listed = listWithPython(paths)
    // A global header before the end, and records that do not count, are errors for Python.
    const both = lists.filter((_, number) => listed[number] !== undefined)
    expect(listed.flatMap((list) => (list === undefined ? [] : [list.map(comparable)]))).toStrictEqual(
      both.map((list) => list.map(comparable)),
    )
  })

  test.runIf(hasGnuTar)('GNU tar', async () => {
    const { paths, lists } = await writeAccepted(archives.slice(0, 600))
    expect(paths.length).toBeGreaterThan(40)
    const listed = paths.map(listWithGnuTar)
    const both = lists.filter((_, number) => listed[number] !== undefined)
    expect(listed.flatMap((list) => (list === undefined ? [] : [list.map(withoutOffset)]))).toStrictEqual(
      both.map((list) => list.map(withoutOffset)),
    )
  })
})

describe('sparse files that are accepted have the same content for other programs', () => {
  const archives = fc.sample(sparseArchives, { numRuns: 300, seed: 20_260_902 })

  test.runIf(hasPython)('Python', async () => {
    const { paths, hashes } = await writeSparse(archives)
    expect(paths.length).toBeGreaterThan(60)
    expect(hashWithPython(paths)).toStrictEqual(hashes)
  })

  test.runIf(hasGnuTar)('GNU tar', async () => {
    const { paths, hashes } = await writeSparse(archives.slice(0, 120))
    expect(paths.length).toBeGreaterThan(20)
    const folder = await temporaryFolder()
    expect(paths.map((path) => hashWithGnuTar(path, ['s', 'next'], folder))).toStrictEqual(hashes)
  })
})

/** Writes the archives that the index accepts into a folder, and hashes what it reads of them. */
async function writeSparse(
  archives: readonly Buffer[],
): Promise<{ paths: readonly string[]; hashes: readonly string[][] }> {
  const folder = await temporaryFolder()
  const paths: string[] = []
  const hashes: string[][] = []
  for (const [number, tar] of archives.entries()) {
    const index = await seenByIndex(tar)
    if (typeof index === 'string') continue
    const path = join(folder, `${number}.tar`)
    writeFileSync(path, tar)
    paths.push(path)
    hashes.push(index.map(([, content]) => digestOf(Buffer.from(content, 'hex')).slice('sha256:'.length)))
  }
  return { paths, hashes }
}

interface Accepted {
  readonly paths: readonly string[]
  readonly lists: readonly (readonly Listed[])[]
}

/** Writes the archives that the index accepts into a folder. */
async function writeAccepted(archives: readonly Buffer[]): Promise<Accepted> {
  const folder = join(await temporaryFolder(), 'archives')
  mkdirSync(folder)
  const paths: string[] = []
  const lists: Listed[][] = []
  for (const [number, tar] of archives.entries()) {
    const index = await seenByIndex(tar)
    if (typeof index === 'string') continue
    const path = join(folder, `${number}.tar`)
    writeFileSync(path, tar)
    paths.push(path)
    lists.push(index.map(([{ path: name, type, size, offset }]) => ({ name, type, size, offset })))
  }
  return { paths, lists }
}

/** Programs differ in how they show the end of a folder's name and the size of a hard link, and that is all. */
function comparable({ name, type, size, offset }: Listed): object {
  const content = type === 'hardlink' ? 0 : size
  return { name: name.replace(/\/+$/, ''), type, size: content, offset: content > 0 ? offset : undefined }
}

function withoutOffset(member: Listed): object {
  return { ...comparable(member), offset: undefined }
}
