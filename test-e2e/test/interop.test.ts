import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildImages, type BuiltImage, type ImageShape, verifyLayout } from '@crossdock/test-images'
import { parseDigest } from '@crossdock/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { type DockerRegistry, startDockerRegistry } from '../src/docker-registry.ts'
import { namesIn, readBlob } from '../src/layout-content.ts'
import { readManifest, sha256, verifyInRegistry } from '../src/registry-content.ts'
import { createSkopeo, type Skopeo } from '../src/skopeo.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { writeLayout } from '../src/write-layout.ts'

/** Gigabytes are for machines that have the time. */
const isBigWanted = (process.env['CROSSDOCK_E2E_BIG'] ?? '') !== ''

const shapes: readonly { readonly shape: ImageShape; readonly scale: number; readonly what: string }[] = [
  { shape: 'one-layer', scale: 0.05, what: 'one layer' },
  { shape: 'many', scale: 0.1, what: '60 layers' },
  { shape: 'files', scale: 1, what: '30,000 small files' },
  { shape: 'multiarch', scale: 0.05, what: 'two platforms with attestations' },
]

describe('with skopeo and docker-registry', () => {
  withPeers(['docker-registry', 'skopeo'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let crossdock: Crossdock
    let skopeo: Skopeo
    let registry: DockerRegistry
    const images = new Map<ImageShape, BuiltImage>()
    const imageOf = (shape: ImageShape): BuiltImage => images.get(shape) ?? expect.fail(`${shape} was not built`)

    beforeAll(async () => {
      const folder = stack.use(await temporaryFolder())
      fresh = folder.fresh
      crossdock = await createCrossdock(fresh('home'))
      skopeo = createSkopeo(paths.skopeo, folder.path)
      registry = stack.use(await startDockerRegistry(paths['docker-registry'], fresh('registry')))
      const built = fresh('images')
      for (const { shape, scale } of shapes) {
        for (const image of await buildImages({ folder: built, shapes: [shape], scale })) images.set(shape, image)
      }
    })
    afterAll(() => stack.disposeAsync())

    describe.each(shapes)('$what', ({ shape }) => {
      it('is pulled by us as skopeo pushed it', async () => {
        const image = imageOf(shape)
        const name = `docker://${registry.host}/from-skopeo/${shape}:1`
        const layout = fresh('pulled')
        await skopeo.copy(`oci:${image.folder}:latest`, name, ['--all'])
        await crossdock.done(['copy', '--all', name, `oci:${layout}:here`])
        expect(await namesIn(layout)).toStrictEqual(new Map([['here', image.digest]]))
        expect((await verifyLayout(layout, { root: image.digest })).problems).toStrictEqual([])
        const there = await skopeo.raw(name)
        expect(await readBlob(layout, image.digest)).toStrictEqual(there)
        expect((await crossdock.done(['inspect', '--raw', name])).stdout).toStrictEqual(there)
        expect((await crossdock.done(['digest', name])).stdout.toString()).toBe(`${image.digest}\n`)
      })

      it('is pulled by skopeo as we pushed it', async () => {
        const image = imageOf(shape)
        const name = `docker://${registry.host}/from-us/${shape}:1`
        const layout = fresh('pulled')
        await crossdock.done(['copy', '--all', `oci:${image.folder}:latest`, name])
        await skopeo.copy(name, `oci:${layout}:here`, ['--all'])
        expect(await namesIn(layout)).toStrictEqual(new Map([['here', image.digest]]))
        expect((await verifyLayout(layout, { root: image.digest })).problems).toStrictEqual([])
        const stored = await readManifest(registry.host, { repository: `from-us/${shape}`, reference: '1' })
        expect(stored?.bytes).toStrictEqual(await readBlob(image.folder, image.digest))
        expect(await skopeo.raw(name)).toStrictEqual(stored?.bytes)
      })

      it('is read by skopeo out of a folder that we wrote', async () => {
        const image = imageOf(shape)
        const layout = fresh('ours')
        await crossdock.done(['copy', '--all', `oci:${image.folder}:latest`, `oci:${layout}:here`])
        const flat = fresh('flat')
        await skopeo.copy(`oci:${layout}:here`, `dir:${flat}`, ['--all'])
        expect(sha256(await readFile(join(flat, 'manifest.json')))).toBe(image.digest)
        expect(await skopeo.raw(`oci:${layout}:here`)).toStrictEqual(await readBlob(image.folder, image.digest))
        const facts = await skopeo.inspect(`oci:${layout}:here`, 'amd64')
        const ours = await crossdock.done(['inspect', '--override-arch', 'amd64', `oci:${layout}:here`])
        const { Layers, Architecture, Os, Env } = facts
        expect(JSON.parse(ours.stdout.toString())).toMatchObject({ Layers, Architecture, Os, Env })
      })
    })

    it.skipIf(!isBigWanted)('one layer of 1 GB, there and back (CROSSDOCK_E2E_BIG=1)', async () => {
      const { folder, digest } = await writeLayout(fresh('big'), { layers: [1_000_000_000], content: 'zeros' })
      const [pushed, pulled, name] = [fresh('pushed'), fresh('pulled'), `docker://${registry.host}/big`]
      await crossdock.done(['copy', `oci:${folder}:latest`, `${name}:ours`])
      await skopeo.copy(`${name}:ours`, `oci:${pushed}:x`)
      expect((await verifyLayout(pushed, { root: digest })).problems).toStrictEqual([])
      await rm(pushed, { recursive: true })
      await skopeo.copy(`oci:${folder}:latest`, `${name}:theirs`)
      await crossdock.done(['copy', `${name}:theirs`, `oci:${pulled}:x`])
      expect((await verifyLayout(pulled, { root: digest })).problems).toStrictEqual([])
      await rm(pulled, { recursive: true })
    })

    it('one platform is the instance that the index names, whoever moves it', async () => {
      const { folder } = imageOf('multiarch')
      const name = `docker://${registry.host}/platforms:all`
      await skopeo.copy(`oci:${folder}:latest`, name, ['--all'])
      const layout = fresh('arm64')
      await crossdock.done(['copy', '--platform', 'linux/arm64', name, `oci:${layout}:arm64`])
      const flat = fresh('flat')
      const flags = ['--override-os', 'linux', '--override-arch', 'arm64']
      await skopeo.run([...flags, 'copy', '-q', '--src-tls-verify=false', name, `dir:${flat}`])
      const theirs = await readFile(join(flat, 'manifest.json'))
      const digest = sha256(theirs)
      expect(await namesIn(layout)).toStrictEqual(new Map([['arm64', digest]]))
      expect(await readBlob(layout, digest)).toStrictEqual(theirs)
      const report = await verifyLayout(layout, { root: parseDigest(digest) })
      expect(report).toMatchObject({ problems: [], unreached: [] })
      const asked = await crossdock.done(['digest', '--platform', 'linux/arm64', name])
      expect(asked.stdout.toString()).toBe(`${digest}\n`)
      const pushed = `docker://${registry.host}/platforms:arm64`
      await crossdock.done(['copy', '--platform', 'linux/arm64', `oci:${folder}:latest`, pushed])
      expect(await skopeo.raw(pushed)).toStrictEqual(theirs)
    })

    it('both write names into one folder in turn, and every one stays', async () => {
      const layout = fresh('shared')
      const order: readonly (readonly [ImageShape, 'skopeo' | 'crossdock'])[] = [
        ['one-layer', 'skopeo'],
        ['multiarch', 'crossdock'],
        ['many', 'skopeo'],
        ['one-layer', 'crossdock'],
      ]
      const expected = new Map<string, string>()
      for (const [at, [shape, writer]] of order.entries()) {
        const { folder, digest } = imageOf(shape)
        const to = `oci:${layout}:name-${at}`
        if (writer === 'skopeo') await skopeo.copy(`oci:${folder}:latest`, to, ['--all'])
        else await crossdock.done(['copy', '--all', `oci:${folder}:latest`, to])
        expected.set(`name-${at}`, digest)
        expect(await namesIn(layout)).toStrictEqual(expected)
      }
      // Each moves a name that the other wrote.
      await crossdock.done(['copy', '--all', `oci:${imageOf('multiarch').folder}:latest`, `oci:${layout}:name-0`])
      await skopeo.copy(`oci:${imageOf('many').folder}:latest`, `oci:${layout}:name-1`, ['--all'])
      expected.set('name-0', imageOf('multiarch').digest).set('name-1', imageOf('many').digest)
      expect(await namesIn(layout)).toStrictEqual(expected)
      expect((await verifyLayout(layout)).problems).toStrictEqual([])
      for (const [name, digest] of expected) {
        expect(sha256(await skopeo.raw(`oci:${layout}:${name}`))).toBe(digest)
        expect(sha256((await crossdock.done(['inspect', '--raw', `oci:${layout}:${name}`])).stdout)).toBe(digest)
      }
      const listed = await crossdock.done(['list-tags', `oci:${layout}`])
      expect(listed.stdout.toString().trim().split('\n').toSorted()).toStrictEqual([...expected.keys()].toSorted())
    })

    it('what refers to an image goes by the fallback tag, there and back', async () => {
      const { folder, digest } = imageOf('multiarch')
      const name = `docker://${registry.host}/referred:1`
      await crossdock.done(['copy', '--all', '--referrers', `oci:${folder}:latest`, name])
      const tag = digest.replace(':', '-')
      const fallback = await skopeo.raw(`docker://${registry.host}/referred:${tag}`)
      const { manifests } = JSON.parse(fallback.toString()) as Listed
      expect(manifests).toStrictEqual([expect.objectContaining({ artifactType: 'application/spdx+json' })])
      const sbom = manifests[0]?.digest ?? ''
      expect(await verifyInRegistry(registry.host, { repository: 'referred', reference: sbom })).toStrictEqual([])
      const layout = fresh('referred')
      await crossdock.done(['copy', '--all', '--referrers', name, `oci:${layout}:here`])
      expect((await verifyLayout(layout)).problems).toStrictEqual([])
      expect(sha256(await readBlob(layout, sbom))).toBe(sbom)
    })

    it('a copy within the registry moves nothing', async () => {
      const { folder, digest } = imageOf('many')
      const from = `docker://${registry.host}/mount/from:1`
      await skopeo.copy(`oci:${folder}:latest`, from)
      const { stdout } = await crossdock.done(['copy', '--json', from, `docker://${registry.host}/mount/to:1`])
      expect(JSON.parse(stdout.toString())).toMatchObject({ digest, moved: 0, bytes: { moved: 0 } })
      expect(await verifyInRegistry(registry.host, { repository: 'mount/to', reference: '1' })).toStrictEqual([])
    })

    it('lists the tags that skopeo lists, and deletes what it then does not find', async () => {
      const { folder, digest } = imageOf('one-layer')
      const repository = `docker://${registry.host}/listed`
      for (const tag of ['b', 'a', 'c']) await skopeo.copy(`oci:${folder}:latest`, `${repository}:${tag}`)
      const theirs = JSON.parse((await skopeo.run(['list-tags', '--tls-verify=false', repository])).toString()) as Tags
      const ours = await crossdock.done(['list-tags', repository])
      expect(ours.stdout.toString().trim().split('\n')).toStrictEqual(theirs.Tags)
      await crossdock.done(['delete', `${repository}@${digest}`])
      await expect(skopeo.raw(`${repository}:a`)).rejects.toThrow(/manifest unknown/)
    })
  })
})

interface Listed {
  readonly manifests: readonly { readonly digest: string }[]
}

interface Tags {
  readonly Tags: readonly string[]
}
