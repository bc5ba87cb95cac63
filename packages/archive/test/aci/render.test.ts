import { readFileSync } from 'node:fs'
import type { AciDependency } from '@crossdock/formats'
import { describe, expect, it } from 'vitest'
import { type AciArchive, type FindDependency, renderAci } from '../../src/index.ts'
import { aciFixture, aciOf, textFile, opened } from './archives.ts'

interface RenderedRow {
  readonly image: string
  readonly paths: readonly string[]
}

const { rendering }: { rendering: Readonly<Record<string, readonly RenderedRow[]>> } = JSON.parse(
  readFileSync(new URL('../fixtures/aci/aci-expected.json', import.meta.url), 'utf8'),
)

function among(all: readonly AciArchive[]): FindDependency {
  return ({ imageName }: AciDependency) => all.find(({ manifest }) => manifest.name === imageName)
}

describe('images as appc renders them', () => {
  it.each(Object.entries(rendering))('%s', async (_name, rows) => {
    const [base, mid, top] = await Promise.all(
      ['deps-base.aci', 'deps-mid.aci', rows[0]!.image].map((name) => opened(aciFixture(name), name)),
    )
    const rendered = renderAci(top!, among([base!, mid!]))
    const found = rendered.map(({ archive, paths }) => ({
      image: archive.what,
      paths: paths.filter((path) => path !== ''),
    }))
    const wanted = rows.map(({ image, paths }) => ({
      image,
      paths: paths.flatMap((path) => (path.startsWith('rootfs/') ? [path.slice('rootfs/'.length)] : [])),
    }))
    expect(found.map(sorted)).toStrictEqual(wanted.map(sorted))
  })
})

function sorted({ image, paths }: RenderedRow): RenderedRow {
  return { image, paths: paths.toSorted() }
}

async function imageOf(
  name: string,
  { files, ...manifest }: { files: readonly string[]; [key: string]: unknown },
): Promise<AciArchive> {
  const bytes = await aciOf(
    { name, ...manifest },
    files.map((path) => textFile(path, name)),
  )
  return await opened(bytes, name)
}

function dependingOn(...names: readonly string[]): { dependencies: readonly object[] } {
  return { dependencies: names.map((imageName) => ({ imageName })) }
}

function taken(rendered: ReturnType<typeof renderAci>): Record<string, readonly string[]> {
  return Object.fromEntries(rendered.map(({ archive, paths }) => [archive.what, paths.filter((path) => path !== '')]))
}

describe('what upstream does wrong', () => {
  it("does not apply a sibling's list", async () => {
    const d = await imageOf('d', { files: ['d'] })
    const c = await imageOf('c', { files: ['only-c', 'c'], pathWhitelist: ['/only-c'], ...dependingOn('d') })
    const b = await imageOf('b', { files: ['b'] })
    const a = await imageOf('a', { files: ['a'], ...dependingOn('b', 'c') })
    expect(taken(renderAci(a, among([b, c, d])))).toStrictEqual({ a: ['a'], c: ['only-c'], d: [], b: ['b'] })
  })

  it('applies the lists of all that asked', async () => {
    const c = await imageOf('c', { files: ['a', 'b', 'both'] })
    const b = await imageOf('b', { files: [], pathWhitelist: ['/b', 'both'], ...dependingOn('c') })
    const a = await imageOf('a', { files: [], pathWhitelist: ['/a', './both', '../b'], ...dependingOn('b') })
    expect(taken(renderAci(a, among([b, c])))).toStrictEqual({ a: [], b: [], c: ['both'] })
  })

  it('sees a circle', async () => {
    const a = await imageOf('a', { files: [], ...dependingOn('b') })
    const b = await imageOf('b', { files: [], ...dependingOn('a') })
    expect(() => renderAci(a, among([a, b]))).toThrow('in a circle: a → b → a')
  })

  it('compares the ID', async () => {
    const b = await imageOf('b', { files: [] })
    const a = await imageOf('a', { files: [], dependencies: [{ imageName: 'b', imageID: 'sha512-abc' }] })
    expect(() => renderAci(a, among([b]))).toThrow(expect.objectContaining({ code: 'DIGEST_MISMATCH' }))
  })
})

describe('rendering', () => {
  it('says what is missing', async () => {
    const a = await imageOf('a', { files: [], ...dependingOn('b') })
    expect(() => renderAci(a)).toThrow('a depends on b, which is not there; give its archive as well')
  })

  it('keeps a file out of the way of a folder that has no member of its own', async () => {
    const b = await imageOf('b', { files: ['x', 'y'] })
    const a = await imageOf('a', { files: ['x/file'], ...dependingOn('b') })
    expect(taken(renderAci(a, among([b])))).toStrictEqual({ a: ['x/file'], b: ['y'] })
  })

  it('stops when images are asked for again and again', async () => {
    const names = Array.from({ length: 9 }, (_, index) => `n${index}`)
    const all = await Promise.all(
      names.map((name, index) =>
        imageOf(name, {
          files: [],
          ...(index < 8 && dependingOn(names[index + 1]!, names[index + 1]!, names[index + 1]!)),
        }),
      ),
    )
    expect(() => renderAci(all[0]!, among(all))).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  })
})
