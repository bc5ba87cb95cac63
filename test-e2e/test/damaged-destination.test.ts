import { existsSync } from 'node:fs'
import { cp, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { filesBelow } from '../src/files-below.ts'
import { namesIn } from '../src/layout-content.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

describe('a folder that is not as it should be', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let image: WrittenImage
  let from: string
  let good: string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    image = await writeLayout(fresh('image'), { layers: [50_000, 20_000], content: 'random' })
    from = `oci:${image.folder}:latest`
    good = fresh('good')
    await crossdock.done(['copy', '-q', from, `oci:${good}:old`])
  })
  afterAll(() => stack.disposeAsync())

  /** A layout with the image, in which something then goes wrong, and the path of a layer in it. */
  const copied = async (): Promise<{ readonly layout: string; readonly layer: string }> => {
    const layout = fresh('layout')
    await cp(good, layout, { recursive: true })
    return { layout, layer: join(layout, 'blobs', ...(image.layers[0] ?? '').split(':')) }
  }

  it.each([
    { what: 'has other bytes', damage: (layer: string) => writeFile(layer, Buffer.alloc(50_000)) },
    { what: 'is empty', damage: (layer: string) => truncate(layer, 0) },
    { what: 'is gone', damage: (layer: string) => rm(layer) },
  ])('a blob that $what is written anew, not taken for good', async ({ damage }) => {
    const { layout, layer } = await copied()
    await damage(layer)
    await crossdock.done(['copy', '-q', from, `oci:${layout}:new`])
    expect(await verifyLayout(layout)).toMatchObject({ problems: [], unreached: [] })
    expect([...(await namesIn(layout)).keys()].toSorted()).toStrictEqual(['new', 'old'])
  })

  describe.skipIf(process.platform === 'win32')('a link is never written through', () => {
    it.each([
      { place: 'blobs', exitCode: 1 },
      { place: 'blobs/sha256', exitCode: 1 },
      { place: 'index.json', exitCode: 1 },
      { place: 'oci-layout', exitCode: 5 },
      { place: '.crossdock', exitCode: 1 },
      { place: '.crossdock/partial', exitCode: 1 },
      { place: '.crossdock/stamps', exitCode: 1 },
      { place: '.crossdock/lock.1', exitCode: 5 },
      { place: '.crossdock/lock.9', exitCode: 5 },
    ])('in the place of $place: the copy is refused', async ({ place, exitCode }) => {
      const { layout } = await copied()
      const outside = fresh('outside')
      const original = join(layout, place)
      if (existsSync(original)) await rename(original, outside)
      else await writeFile(outside, 'mine')
      await symlink(outside, original)
      const before = await contentOf(outside)
      const other = await writeLayout(fresh('other'), { layers: [30_000], content: 'random' })
      const argv = ['copy', '-q', `oci:${other.folder}:latest`, `oci:${layout}:new`]
      const { exitCode: actual, stderr } = await crossdock.run(argv)
      expect(stderr).toContain(original)
      expect(stderr).toContain('symbolic link')
      expect(actual).toBe(exitCode)
      expect(await contentOf(outside)).toStrictEqual(before)
    })

    it.each(['blobs/sha256', 'index.json', '.crossdock/lock.4'])(
      'that leads nowhere, in the place of %s',
      async (place) => {
        const { layout } = await copied()
        const outside = fresh('outside')
        await rm(join(layout, place), { recursive: true, force: true })
        await symlink(outside, join(layout, place))
        const other = await writeLayout(fresh('other'), { layers: [30_000], content: 'random' })
        const { exitCode, stderr } = await crossdock.run([
          'copy',
          '-q',
          `oci:${other.folder}:latest`,
          `oci:${layout}:new`,
        ])
        expect(stderr).toContain(join(layout, place))
        expect([1, 5]).toContain(exitCode)
        expect(existsSync(outside)).toBe(false)
      },
    )

    it('in the place of a blob: a file of its own takes its place', async () => {
      const { layout, layer } = await copied()
      const outside = fresh('outside')
      await rename(layer, outside)
      await symlink(outside, layer)
      const before = await contentOf(outside)
      await crossdock.done(['copy', '-q', from, `oci:${layout}:new`])
      expect((await lstat(layer)).isFile()).toBe(true)
      expect(await contentOf(outside)).toStrictEqual(before)
      expect(await verifyLayout(layout)).toMatchObject({ problems: [], unreached: [] })
    })
  })

  it.skipIf(process.platform !== 'linux').each([
    { path: '/dev/full', exitCode: 1 },
    { path: '/dev/null/below', exitCode: 7 },
    { path: '/proc/nothing', exitCode: 7 },
    { path: '/proc/self/layout', exitCode: 7 },
    { path: '/sys/layout', exitCode: 7 },
  ])('$path is refused at once', async ({ path, exitCode }) => {
    const { exitCode: actual, stderr } = await crossdock.run(['copy', '-q', from, `oci:${path}:x`])
    expect(stderr).toMatch(new RegExp(`^crossdock: destination: [^\n]*${path}[^\n]*\n$`))
    expect(actual).toBe(exitCode)
  })

  it('folders above it that are missing are made', async () => {
    const layout = join(fresh('above'), 'not', 'there')
    await crossdock.done(['copy', '-q', from, `oci:${layout}:x`])
    expect(await verifyLayout(layout)).toMatchObject({ problems: [], unreached: [] })
  })

  it('a folder of other things is refused and stays as it was', async () => {
    const folder = fresh('mine')
    await mkdir(folder)
    await writeFile(join(folder, 'notes.txt'), 'mine')
    const { exitCode, stderr } = await crossdock.run(['copy', from, `oci:${folder}:x`])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(folder)
    expect(await readdir(folder)).toStrictEqual(['notes.txt'])
  })

  it.each(['', '{', '[]', '{"schemaVersion":2,"manifests":[null]}'])(
    'an index.json of %j is refused and stays',
    async (text) => {
      const { layout } = await copied()
      await writeFile(join(layout, 'index.json'), text)
      const { exitCode, stderr } = await crossdock.run(['copy', from, `oci:${layout}:x`])
      expect(exitCode).toBe(5)
      expect(stderr).toContain('index.json')
      expect(await readFile(join(layout, 'index.json'), 'utf8')).toBe(text)
    },
  )

  it('a copy onto itself is harmless', async () => {
    const { layout } = await copied()
    await crossdock.done(['copy', `oci:${layout}:old`, `oci:${layout}:old`])
    await crossdock.done(['copy', `oci:${layout}:old`, `oci:${layout}:other`])
    expect(await verifyLayout(layout)).toMatchObject({ problems: [], unreached: [] })
    expect(await namesIn(layout)).toStrictEqual(
      new Map([
        ['old', image.digest],
        ['other', image.digest],
      ]),
    )
  })
})

/** Paths and bytes of what lies at a path. */
async function contentOf(path: string): Promise<ReadonlyMap<string, string>> {
  const files = (await stat(path)).isDirectory() ? await filesBelow(path) : [path]
  const contents = await Promise.all(files.map(async (file) => [file, await readFile(file, 'base64')] as const))
  return new Map(contents)
}
