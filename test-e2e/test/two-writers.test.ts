import { join } from 'node:path'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { namesIn } from '../src/layout-content.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { watchIndex } from '../src/watch-index.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

describe('several processes that write to one folder', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  const images: WrittenImage[] = []

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    for (let at = 0; at < 6; at += 1) {
      images.push(await writeLayout(fresh('image'), { layers: [200_000, 1000 + at], content: 'random' }))
    }
  })
  afterAll(() => stack.disposeAsync())

  it.each([2, 6])(
    '%d tags from as many processes are all there, and readers never see half an index',
    async (writers) => {
      const layout = fresh('layout')
      const expected = new Map<string, string>()
      const reader = watchIndex(join(layout, 'index.json'))
      for (const round of ['a', 'b']) {
        const written = images.slice(0, writers).map(async ({ folder, digest }, at) => {
          const tag = `${round}-${at}`
          await crossdock.done(['copy', '-q', `oci:${folder}:latest`, `oci:${layout}:${tag}`])
          expected.set(tag, digest)
        })
        await Promise.all(written)
        expect(sorted(await namesIn(layout))).toStrictEqual(sorted(expected))
      }
      const { looks, torn, lost } = await reader.stop()
      expect(torn).toStrictEqual([])
      expect(lost).toStrictEqual([])
      expect(looks).toBeGreaterThan(writers)
      expect(await verifyLayout(layout)).toMatchObject({ problems: [], unreached: [] })
    },
  )

  it('six processes that write one image under one tag all succeed', async () => {
    const layout = fresh('layout')
    const { folder, digest } = await writeLayout(fresh('image'), { layers: [300_000], content: 'random' })
    const argv = ['copy', '-q', `oci:${folder}:latest`, `oci:${layout}:one`]
    await Promise.all(images.map(() => crossdock.done(argv)))
    expect(await namesIn(layout)).toStrictEqual(new Map([['one', digest]]))
    expect(await verifyLayout(layout)).toMatchObject({ problems: [], unreached: [] })
  })
})

function sorted(names: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...names].toSorted(([one], [other]) => (one < other ? -1 : 1))
}
