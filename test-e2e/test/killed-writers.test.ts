import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { filesBelow } from '../src/files-below.ts'
import { namesIn } from '../src/layout-content.ts'
import { chooseSeed, seededRandom } from '../src/seeded-random.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { watchIndex } from '../src/watch-index.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const ROUNDS = 3
const WRITERS = 8
const seed = chooseSeed()

describe(`eight processes that write to one folder, some of them killed (CROSSDOCK_SEED=${seed})`, () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let images: readonly WrittenImage[]

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    const sizes = Array.from({ length: WRITERS }, (_, at) => [100_000, 1_000_000 + at, 3_000_000])
    images = await Promise.all(sizes.map((layers) => writeLayout(fresh('image'), { layers, content: 'random' })))
  })
  afterAll(() => stack.disposeAsync())

  it('what was reported as copied is there, readers never see half an index, nothing is left of the dead', async () => {
    const random = seededRandom(seed)
    const layout = fresh('layout')
    const reader = watchIndex(join(layout, 'index.json'))
    const done = new Map<string, string>()
    let killed = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      // Two write the same tag; which of them was later is theirs to know.
      const tags = images.map((_, at) => (at < 2 ? 'same' : `${round}-${at}`))
      const writers = images.map(async ({ folder, digest }, at) => {
        const tag = tags[at] ?? ''
        await using copying = crossdock.start(['copy', '-q', `oci:${folder}:latest`, `oci:${layout}:${tag}`])
        if (at % 2 === 1) {
          await wait(random(500))
          await copying.kill('SIGKILL')
        }
        const { exitCode, stderr } = await copying.finished
        expect({ exitCode, stderr }).toMatchObject({ exitCode: exitCode === 137 ? 137 : 0 })
        if (exitCode === 137) killed += 1
        else if (tag !== 'same') done.set(tag, digest)
      })
      await Promise.all(writers)
    }
    expect(killed).toBeGreaterThan(0)
    expect(await reader.stop()).toMatchObject({ torn: [], lost: [] })
    const names = await namesIn(layout)
    expect([...names]).toEqual(expect.arrayContaining([...done]))
    expect(images.slice(0, 2).map(({ digest }) => digest)).toContain(names.get('same'))
    expect(await verifyLayout(layout)).toMatchObject({ problems: [] })

    // Every image once more: what the dead had begun is finished or removed.
    await crossdock.doneInOneProcess(
      images.map(({ folder }, at) => ['copy', '-q', `oci:${folder}:latest`, `oci:${layout}:last-${at}`]),
    )
    expect(await verifyLayout(layout)).toMatchObject({ problems: [], unreached: [] })
    const ours = (await filesBelow(join(layout, '.crossdock'))).map((path) => path.slice(layout.length))
    expect(ours.filter((path) => !/^\/\.crossdock\/(?:stamps|lock\.\d+)$/.test(path))).toStrictEqual([])
    expect(ours.length).toBeLessThanOrEqual(2)
  })
})
