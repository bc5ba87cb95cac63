import { mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { namesIn } from '../src/layout-content.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

describe('a folder that is not as it should be', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let image: WrittenImage
  let from: string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    image = await writeLayout(fresh('image'), { layers: [50_000, 20_000], content: 'random' })
    from = `oci:${image.folder}:latest`
  })
  afterAll(() => stack.disposeAsync())

  /** A layout with the image, in which something then goes wrong, and the path of a layer in it. */
  const copied = async (): Promise<{ readonly layout: string; readonly layer: string }> => {
    const layout = fresh('layout')
    await crossdock.done(['copy', '-q', from, `oci:${layout}:old`])
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

  it.each(['blobs', 'blobs/sha256', 'index.json'])('a link in the place of %s leads nowhere outside', async (place) => {
    const layout = fresh('layout')
    const outside = fresh('outside')
    await mkdir(join(layout, place, '..'), { recursive: true })
    await mkdir(outside)
    await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    await symlink(place === 'index.json' ? join(outside, 'index.json') : outside, join(layout, place))
    await crossdock.run(['copy', '-q', from, `oci:${layout}:x`])
    expect(await readdir(outside, { recursive: true })).toStrictEqual([])
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
