import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type AciArchive, type FindDependency, loadAciTree, renderAci, type RenderedImage } from '../../src/index.ts'
import { aciFixture, among, dependingOn, imageOf, opened } from './archives.ts'

interface RenderedRow {
  readonly image: string
  readonly paths: readonly string[]
}

const { rendering }: { rendering: Readonly<Record<string, readonly RenderedRow[]>> } = JSON.parse(
  readFileSync(new URL('../fixtures/aci/aci-expected.json', import.meta.url), 'utf8'),
)

async function render(image: AciArchive, find?: FindDependency): Promise<readonly RenderedImage[]> {
  return renderAci(await loadAciTree(image, { find }))
}

describe('images as appc renders them', () => {
  it.each(Object.entries(rendering))('%s', async (_name, rows) => {
    const [base, mid, top] = await Promise.all(
      ['deps-base.aci', 'deps-mid.aci', rows[0]!.image].map((name) => opened(aciFixture(name), name)),
    )
    const rendered = await render(top!, among([base!, mid!]))
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

function taken(rendered: readonly RenderedImage[]): Record<string, readonly string[]> {
  return Object.fromEntries(rendered.map(({ archive, paths }) => [archive.what, paths.filter((path) => path !== '')]))
}

describe('what upstream does wrong', () => {
  it("does not apply a sibling's list", async () => {
    const d = await imageOf('d', { files: ['d'] })
    const c = await imageOf('c', { files: ['only-c', 'c'], pathWhitelist: ['/only-c'], ...dependingOn('d') })
    const b = await imageOf('b', { files: ['b'] })
    const a = await imageOf('a', { files: ['a'], ...dependingOn('b', 'c') })
    expect(taken(await render(a, among([b, c, d])))).toStrictEqual({ a: ['a'], c: ['only-c'], d: [], b: ['b'] })
  })

  it('applies the lists of all that asked', async () => {
    const c = await imageOf('c', { files: ['a', 'b', 'both'] })
    const b = await imageOf('b', { files: [], pathWhitelist: ['/b', 'both'], ...dependingOn('c') })
    const a = await imageOf('a', { files: [], pathWhitelist: ['/a', './both', '../b'], ...dependingOn('b') })
    expect(taken(await render(a, among([b, c])))).toStrictEqual({ a: [], b: [], c: ['both'] })
  })
})

describe('rendering', () => {
  it('keeps a file out of the way of a folder that has no member of its own', async () => {
    const b = await imageOf('b', { files: ['x', 'y'] })
    const a = await imageOf('a', { files: ['x/file'], ...dependingOn('b') })
    expect(taken(await render(a, among([b])))).toStrictEqual({ a: ['x/file'], b: ['y'] })
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
    await expect(render(all[0]!, among(all))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})
