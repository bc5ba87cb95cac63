import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildImages, type BuiltImage, type ImageShape, verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { namesIn } from '../src/layout-content.ts'
import { sha256 } from '../src/registry-content.ts'
import { createSkopeo, type Skopeo } from '../src/skopeo.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const shapes: readonly { readonly shape: ImageShape; readonly what: string }[] = [
  { shape: 'one-layer', what: 'one layer' },
  { shape: 'many', what: '60 layers' },
  { shape: 'multiarch', what: 'two platforms with attestations' },
]

describe('dir: with skopeo', () => {
  withPeers(['skopeo'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let crossdock: Crossdock
    let skopeo: Skopeo
    const images = new Map<ImageShape, BuiltImage>()
    const imageOf = (shape: ImageShape): BuiltImage => images.get(shape) ?? expect.fail(`${shape} was not built`)

    /** The image as a folder that one of the two programs wrote. */
    async function writtenBy(program: 'skopeo' | 'crossdock', from: string, to = fresh(program)): Promise<string> {
      if (program === 'skopeo') await skopeo.copy(from, `dir:${to}`, ['--all'])
      else await crossdock.done(['copy', '--all', from, `dir:${to}`])
      return to
    }

    beforeAll(async () => {
      const folder = stack.use(await temporaryFolder())
      fresh = folder.fresh
      crossdock = await createCrossdock(fresh('home'))
      skopeo = createSkopeo(paths.skopeo, folder.path)
      const wanted = shapes.map(({ shape }) => shape)
      for (const image of await buildImages({ folder: fresh('images'), shapes: wanted, scale: 0.02 })) {
        images.set(image.shape, image)
      }
    })
    afterAll(() => stack.disposeAsync())

    describe.each(shapes)('$what', ({ shape }) => {
      it('is the same folder, whoever wrote it', async () => {
        const from = `oci:${imageOf(shape).folder}:latest`
        const ours = await contentOf(await writtenBy('crossdock', from))
        expect(ours).toStrictEqual(await contentOf(await writtenBy('skopeo', from)))
        expect(ours.size).toBeGreaterThan(3)
        expect(sha256(ours.get('manifest.json') ?? Buffer.of())).toBe(imageOf(shape).digest)
      })

      it('is read by skopeo as we wrote it', async () => {
        const { folder, digest } = imageOf(shape)
        const flat = await writtenBy('crossdock', `oci:${folder}:latest`)
        const layout = fresh('layout')
        await skopeo.copy(`dir:${flat}`, `oci:${layout}:here`, ['--all'])
        expect(await namesIn(layout)).toStrictEqual(new Map([['here', digest]]))
        expect((await verifyLayout(layout, { root: digest })).problems).toStrictEqual([])
        expect(await skopeo.raw(`dir:${flat}`)).toStrictEqual(await readFile(join(flat, 'manifest.json')))
      })

      it('is read by us as skopeo wrote it', async () => {
        const { folder, digest } = imageOf(shape)
        const flat = await writtenBy('skopeo', `oci:${folder}:latest`)
        const layout = fresh('layout')
        await crossdock.done(['copy', '--all', `dir:${flat}`, `oci:${layout}:here`])
        expect(await namesIn(layout)).toStrictEqual(new Map([['here', digest]]))
        expect((await verifyLayout(layout, { root: digest })).problems).toStrictEqual([])
        expect((await crossdock.done(['digest', `dir:${flat}`])).stdout.toString()).toBe(`${digest}\n`)
        const facts = await skopeo.inspect(`dir:${flat}`, 'amd64')
        const ours = await crossdock.done(['inspect', '--override-arch', 'amd64', `dir:${flat}`])
        const { Layers, Architecture, Os, Env } = facts
        expect(JSON.parse(ours.stdout.toString())).toMatchObject({ Layers, Architecture, Os, Env })
      })
    })

    it('takes the place of an image, whoever wrote that one', async () => {
      const [from, to] = (['many', 'multiarch'] as const).map((shape) => `oci:${imageOf(shape).folder}:latest`)
      const expected = await contentOf(await writtenBy('skopeo', to ?? ''))
      for (const [before, after] of [
        ['skopeo', 'crossdock'],
        ['crossdock', 'crossdock'],
        ['crossdock', 'skopeo'],
      ] as const) {
        const flat = await writtenBy(before, from ?? '')
        await writtenBy(after, to ?? '', flat)
        expect(await contentOf(flat), `${after} after ${before}`).toStrictEqual(expected)
      }
    })

    it('moves nothing that is there', async () => {
      const from = `oci:${imageOf('many').folder}:latest`
      const flat = await writtenBy('skopeo', from)
      const again = await crossdock.done(['copy', '--json', from, `dir:${flat}`])
      expect(JSON.parse(again.stdout.toString())).toMatchObject({ upToDate: true, moved: 0 })
      const blobs = (await contentOf(flat)).size - 2 // manifest.json and version are none
      await writeFile(join(flat, 'manifest.json'), '{}')
      const repaired = await crossdock.done(['copy', '--json', from, `dir:${flat}`])
      expect(JSON.parse(repaired.stdout.toString())).toMatchObject({ moved: 0, reused: blobs })
      expect(await contentOf(flat)).toStrictEqual(await contentOf(await writtenBy('skopeo', from)))
    })

    it('one platform is the instance that the index names', async () => {
      const flat = await writtenBy('crossdock', `oci:${imageOf('multiarch').folder}:latest`)
      const [ours, theirs] = [fresh('ours'), fresh('theirs')]
      await crossdock.done(['copy', '--platform', 'linux/arm64', `dir:${flat}`, `dir:${ours}`])
      await skopeo.run(['--override-os', 'linux', '--override-arch', 'arm64', 'copy', `dir:${flat}`, `dir:${theirs}`])
      expect(await contentOf(ours)).toStrictEqual(await contentOf(theirs))
    })

    it('docker manifests stay what they are', async () => {
      const docker = fresh('docker')
      const flags = ['copy', '-q', '--format', 'v2s2', `oci:${imageOf('one-layer').folder}:latest`, `dir:${docker}`]
      await skopeo.run(flags)
      const ours = await contentOf(await writtenBy('crossdock', `dir:${docker}`))
      expect(ours).toStrictEqual(await contentOf(docker))
      expect(ours.get('manifest.json')?.toString()).toContain('vnd.docker.distribution.manifest.v2+json')
    })

    it('signatures go along, byte for byte, and only the new ones are there in the end', async () => {
      const { folder } = imageOf('multiarch')
      const signed = await writtenBy('skopeo', `oci:${folder}:latest`)
      const instance = (await readdir(signed)).find((name) => name.endsWith('.manifest.json'))
      const digest = instance?.replace('.manifest.json', '')
      for (const [name, text] of [
        ['signature-1', '\u0090\u0003one-pass'],
        ['signature-2', SIGSTORE],
        ['signature-3', '\u0088signature'],
        [`${digest}.signature-1`, SIGSTORE],
      ] as const) {
        await writeFile(join(signed, name), Buffer.from(text, 'latin1'))
      }
      const theirs = await contentOf(await writtenBy('skopeo', `dir:${signed}`))
      expect(theirs).toStrictEqual(await contentOf(signed))
      const flat = await writtenBy('crossdock', `dir:${signed}`)
      expect(await contentOf(flat)).toStrictEqual(theirs)
      expect(await contentOf(await writtenBy('skopeo', `dir:${flat}`))).toStrictEqual(theirs)
      await writtenBy('crossdock', `oci:${imageOf('many').folder}:latest`, flat)
      expect([...(await contentOf(flat)).keys()].filter((name) => name.includes('signature'))).toStrictEqual([])
    })

    it('what is no image is left alone by both', async () => {
      const mine = fresh('mine')
      await cp(imageOf('one-layer').folder, mine, { recursive: true })
      const before = await readdir(mine)
      const from = `oci:${imageOf('many').folder}:latest`
      const refused = await crossdock.run(['copy', from, `dir:${mine}`])
      expect(refused.exitCode).toBe(1)
      expect(refused.stderr).toMatch(/other files/)
      await expect(skopeo.copy(from, `dir:${mine}`)).rejects.toThrow(/overwrite important data/)
      expect(await readdir(mine)).toStrictEqual(before)
    })
  })
})

/** As skopeo has it: names sorted, some characters of JSON escaped. */
const SIGSTORE =
  '\0sigstore-json\n{"mimeType":"application/vnd.dev.cosign.simplesigning.v1+json","payload":"eyJjcml0aWNhbCI6e319",' +
  '"annotations":{"10":"ten","9":"nine","dev.cosignproject.cosign/signature":"MEUCIQ==","other":"\\u003c\\u0026\\u003e\\u2028\\"\\\\/"}}'

/** The files of the folder by name, without our own. */
async function contentOf(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const names = (await readdir(folder)).filter((name) => name !== '.crossdock').toSorted()
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)))
}
