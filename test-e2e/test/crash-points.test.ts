import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { filesBelow } from '../src/files-below.ts'
import { namesIn } from '../src/layout-content.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const DIE_AT_STEP = join(import.meta.dirname, 'children/die-at-step.ts')

/** More than it takes to make a layout; what follows is the same in a layout that is there. */
const STEPS_OF_MAKING = 20

/** Every copy into a layout that is there takes more. */
const FEWEST_STEPS = 30

describe('a copy that is killed at one of its steps on the file system', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  let image: WrittenImage
  let before: WrittenImage
  let occupied: string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    image = await writeLayout(fresh('image'), { layers: [20_000], content: 'random' })
    before = await writeLayout(fresh('before'), { layers: [10_000], content: 'random' })
    occupied = fresh('occupied')
    for (const tag of ['other', 'tag']) await crossdock.done(copyOf(before, `${occupied}:${tag}`))
  })
  afterAll(() => stack.disposeAsync())

  const copyOccupied = async (): Promise<string> => {
    const layout = fresh('layout')
    await cp(occupied, layout, { recursive: true })
    return layout
  }

  it('leaves nothing under its name in a new folder, and the next one finishes', async () => {
    await everyStep({ when: 'before', make: async () => fresh('layout'), most: STEPS_OF_MAKING }, async (layout) => {
      const names = await namesIn(layout).catch(() => new Map())
      if (names.size === 0) return
      expect(names).toStrictEqual(new Map([['tag', image.digest]]))
      expect(await verifyLayout(layout)).toMatchObject({ problems: [] })
    })
  })

  it('leaves the old image or the new one, the others as they were, and the next one finishes', async () => {
    await everyStep({ when: 'after', make: copyOccupied }, async (layout) => {
      const names = await namesIn(layout)
      expect([before.digest, image.digest]).toContain(names.get('tag'))
      expect(names.get('other')).toBe(before.digest)
      expect(await verifyLayout(layout)).toMatchObject({ problems: [] })
    })
  })

  interface Plan {
    readonly when: 'before' | 'after'
    readonly make: () => Promise<string>
    /** Default: all. */
    readonly most?: number
  }

  /**
   * Kills a copy at each of its steps, or of the first ones, looks, and lets another copy finish each of the layouts.
   * How many steps there are is what the first copy says that ends by itself: what is done side by side shares a step
   * in some runs and not in others.
   */
  async function everyStep(
    { when, make, most = Infinity }: Plan,
    look: (layout: string) => Promise<void>,
  ): Promise<void> {
    const layouts: string[] = []
    let next = 1
    let ended = false
    const worker = async (): Promise<void> => {
      while (!ended && next <= most) {
        const step = next++
        const layout = await make()
        const { exitCode, stderr } = await crossdock.run(copyOf(image, `${layout}:tag`), {
          env: preloaded({ DIE_AT: `${when}:${step}` }),
        })
        expect({ exitCode, stderr, step }).toStrictEqual({
          exitCode: step > FEWEST_STEPS && exitCode === 0 ? 0 : 137,
          stderr: '',
          step,
        })
        ended ||= exitCode === 0
        await look(layout)
        layouts.push(layout)
      }
    }
    await Promise.all([worker(), worker(), worker()])
    expect(ended).toBe(most === Infinity)
    await crossdock.doneInOneProcess(layouts.map((layout) => copyOf(image, `${layout}:tag`)))
    for (const layout of layouts) await expectFinished(layout)
  }

  async function expectFinished(layout: string): Promise<void> {
    expect((await namesIn(layout)).get('tag')).toBe(image.digest)
    expect(await verifyLayout(layout)).toMatchObject({ problems: [], unreached: [] })
    const ours = (await filesBelow(join(layout, '.crossdock'))).map((path) => path.slice(layout.length))
    expect(ours.filter((path) => !/^\/\.crossdock\/(?:stamps|lock\.\d+)$/.test(path))).toStrictEqual([])
  }
})

function copyOf({ folder }: WrittenImage, to: string): readonly string[] {
  return ['copy', '-q', `oci:${folder}:latest`, `oci:${to}`]
}

function preloaded(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { ...env, NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import=${DIE_AT_STEP}` }
}
