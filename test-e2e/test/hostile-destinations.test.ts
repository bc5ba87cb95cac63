import { lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CHANGED, PLANTED } from '../src/damage.ts'
import { blobFile, type Content, draftImage, entryOf, MANIFEST, NAME, writeDraft, written } from '../src/draft-image.ts'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { namesIn } from '../src/layout-content.ts'
import { problemsOf } from '../src/refusal.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

const OUTSIDE = 'what nobody may change'
const PARTS = ['layer', 'config', 'manifest'] as const

/** What is wrong with a layout, and its names. */
async function stateOf(
  folder: string,
): Promise<{ readonly problems: readonly string[]; readonly names: readonly string[] }> {
  const { problems } = await verifyLayout(folder)
  return { problems, names: [...(await namesIn(folder)).keys()].toSorted() }
}

describe('an image is copied into a layout', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let run: RunCommand
  let from: string
  let outside: string

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    run = await createInProcess(fresh('home'))
    from = await writeDraft(fresh('from'), { image: draftImage() })
    outside = fresh('outside')
    await writeFile(outside, OUTSIDE)
  })
  afterEach(async () => {
    if ((await readFile(outside, 'utf8')) !== OUTSIDE) throw new Error("somebody else's file was changed")
  })
  afterAll(() => stack.disposeAsync())

  /** A layout that has the image already, and the path of a part of it. */
  const filled = async (part: (typeof PARTS)[number]): Promise<{ readonly folder: string; readonly path: string }> => {
    const image = draftImage()
    const folder = fresh('to')
    await writeDraft(folder, { image })
    const { digest } = {
      layer: image.layers[0],
      config: image.config,
      manifest: image.keep(image.manifest(), MANIFEST),
    }[part]
    return { folder, path: blobFile(folder, digest) }
  }

  describe.each(PARTS)('whose %s', (part) => {
    it.each(CHANGED)('$what: it is written anew, and the older name is whole again', async ({ damage }) => {
      const { folder, path } = await filled(part)
      await damage(path, outside)
      expect((await run(['copy', '-q', from, `oci:${folder}:new`])).exitCode).toBe(0)
      expect(await stateOf(folder)).toStrictEqual({ problems: [], names: [NAME, 'new'] })
    })

    it.each(PLANTED.filter(({ what }) => what !== 'is a folder'))(
      '$what: a file takes its place',
      async ({ damage }) => {
        const { folder, path } = await filled(part)
        await damage(path, outside)
        expect((await run(['copy', '-q', from, `oci:${folder}:new`])).exitCode).toBe(0)
        expect((await lstat(path)).isFile()).toBe(true)
        expect(await stateOf(folder)).toStrictEqual({ problems: [], names: [NAME, 'new'] })
      },
    )

    it('is a folder: it is refused, and what was there stays', async () => {
      const { folder, path } = await filled(part)
      await rm(path)
      await mkdir(path)
      const finished = await run(['copy', '-q', from, `oci:${folder}:new`])
      expect(problemsOf(finished, { exitCode: 7, says: `"${path}": it is a folder` })).toStrictEqual([])
      expect([...(await namesIn(folder)).keys()]).toStrictEqual([NAME])
    })
  })

  it.each(PLANTED)('whose index.json $what: it is refused, and nothing outside changes', async ({ damage }) => {
    const { folder } = await filled('layer')
    const path = join(folder, 'index.json')
    await damage(path, outside)
    const { mode, ino } = await lstat(path)
    const finished = await run(['copy', '-q', from, `oci:${folder}:new`])
    expect(problemsOf(finished, { exitCode: 1, says: `"${path}" is ` })).toStrictEqual([])
    expect(await lstat(path)).toMatchObject({ mode, ino })
  })

  it.each(PLANTED)('whose oci-layout $what: it is refused', async ({ damage }) => {
    const { folder } = await filled('layer')
    const path = join(folder, 'oci-layout')
    await damage(path, outside)
    const finished = await run(['copy', '-q', from, `oci:${folder}:new`])
    expect(problemsOf(finished, { exitCode: 5, says: `"${path}" should be` })).toStrictEqual([])
  })

  const good = entryOf({ image: draftImage() })
  const broken: readonly { readonly what: string; readonly content: Content; readonly exitCode?: number }[] = [
    { what: 'a number', content: '42' },
    { what: 'behind a byte order mark', content: `\uFEFF${JSON.stringify({ schemaVersion: 2, manifests: [good] })}` },
    { what: 'with manifests and Manifests', content: { schemaVersion: 2, manifests: [good], Manifests: [] } },
    { what: 'with schemaVersion 2.0', content: { schemaVersion: written('2.0'), manifests: [good] } },
    { what: 'followed by garbage', content: `${JSON.stringify({ schemaVersion: 2, manifests: [good] })}garbage` },
    { what: '300,000 lists in lists', content: '['.repeat(300_000), exitCode: 1 },
    { what: '40 MB', content: { schemaVersion: 2, manifests: [good], x: 'x'.repeat(40_000_000) }, exitCode: 1 },
  ]
  it.each(broken)('whose index.json is $what: it is refused and stays', async ({ content, exitCode = 5 }) => {
    const folder = fresh('to')
    await writeDraft(folder, { image: draftImage(), index: content })
    const before = await readFile(join(folder, 'index.json'))
    const finished = await run(['copy', '-q', from, `oci:${folder}:new`])
    expect(problemsOf(finished, { exitCode, says: join(folder, 'index.json') })).toStrictEqual([])
    expect((await readFile(join(folder, 'index.json'))).equals(before)).toBe(true)
  })

  it("whose other entries are somebody else's business: they stay as they are", async () => {
    const folder = fresh('to')
    const others =
      '{"digest":"sha256:../../x","size":-1},{"size":1.0,"annotations":{"org.opencontainers.image.ref.name":"odd"}},{},' +
      '{"size":4611686018427387904,"__proto__":{"x":9007199254740993}}'
    const text = `{"schemaVersion":2,"__proto__":{"y":1e400},"manifests":[${others}]}`
    await writeDraft(folder, { image: draftImage(), index: text })
    expect((await run(['copy', '-q', from, `oci:${folder}:new`])).exitCode).toBe(0)
    const after = await readFile(join(folder, 'index.json'), 'utf8')
    expect(after).toContain(`"manifests":[${others},{`)
    expect(after).toContain('"__proto__":{"y":1e400}')
    expect((await run(['copy', '-q', `oci:${folder}:new`, `oci:${fresh('again')}:x`])).exitCode).toBe(0)
  })
})
