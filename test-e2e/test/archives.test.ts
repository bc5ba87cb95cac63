import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { startRegistry, type RegistryServer } from '@crossdock/registry-server'
import { buildImages, type BuiltImage, verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { verifyInRegistry } from '../src/registry-content.ts'
import { createSkopeo, type Skopeo } from '../src/skopeo.ts'
import { runProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const AMD64 = ['--override-os', 'linux', '--override-arch', 'amd64']

interface Config {
  readonly rootfs: { readonly diff_ids: readonly string[] }
}

interface Manifest {
  readonly mediaType: string
  readonly config: { readonly digest: string }
  readonly layers: readonly { readonly digest: string; readonly mediaType: string }[]
}

/** The paths of a tar, in its order. */
async function membersOf(file: string): Promise<string[]> {
  const { stdout } = await runProcess(['tar', '-tf', file])
  return stdout.toString().trimEnd().split('\n')
}

describe('archives with skopeo', () => {
  withPeers(['skopeo'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let crossdock: Crossdock
    let skopeo: Skopeo
    let registry: RegistryServer
    let multi: BuiltImage
    let single: BuiltImage

    beforeAll(async () => {
      const folder = stack.use(await temporaryFolder())
      fresh = folder.fresh
      crossdock = await createCrossdock(fresh('home'))
      skopeo = createSkopeo(paths.skopeo, folder.path)
      registry = stack.use(await startRegistry())
      const images = await buildImages({ folder: fresh('images'), shapes: ['one-layer', 'multiarch'], scale: 0.02 })
      const find = (shape: string): BuiltImage => images.find((image) => image.shape === shape) ?? expect.fail(shape)
      single = find('one-layer')
      multi = find('multiarch')
    })
    afterAll(() => stack.disposeAsync())

    async function manifestOf(image: string): Promise<Manifest> {
      return JSON.parse((await crossdock.done(['inspect', '--raw', image])).stdout.toString()) as Manifest
    }

    async function configOf(image: string): Promise<Buffer> {
      return (await crossdock.done(['inspect', '--config', '--raw', image])).stdout
    }

    async function diffIdsOf(image: string): Promise<readonly string[]> {
      return (JSON.parse((await configOf(image)).toString()) as Config).rootfs.diff_ids
    }

    /** The image for amd64 in a docker archive that one of the two programs wrote. */
    async function archived(
      writer: 'skopeo' | 'crossdock',
      from: string,
      flags: readonly string[] = [],
    ): Promise<string> {
      const file = `${fresh('archive')}.tar`
      const to = `docker-archive:${file}:team/app:1`
      if (writer === 'skopeo') await skopeo.run([...AMD64, 'copy', '-q', '--src-tls-verify=false', from, to])
      else await crossdock.done(['copy', '--platform', 'linux/amd64', ...flags, from, to])
      return file
    }

    describe('oci-archive:', () => {
      it.each(['skopeo', 'crossdock'] as const)(
        'an index that %s wrote is read by both, digests as they were',
        async (writer) => {
          const file = `${fresh('archive')}.tar`
          const from = `oci:${multi.folder}:latest`
          if (writer === 'skopeo') await skopeo.copy(from, `oci-archive:${file}:app`, ['--all'])
          else await crossdock.done(['copy', '--all', from, `oci-archive:${file}:app`])
          const [ours, theirs] = [fresh('ours'), fresh('theirs')]
          await crossdock.done(['copy', '--all', `oci-archive:${file}:app`, `oci:${ours}:app`])
          await skopeo.copy(`oci-archive:${file}:app`, `oci:${theirs}:app`, ['--all'])
          for (const layout of [ours, theirs]) {
            expect((await verifyLayout(layout, { root: multi.digest })).problems).toStrictEqual([])
          }
          expect((await crossdock.done(['digest', `oci-archive:${file}`])).stdout.toString()).toBe(`${multi.digest}\n`)
        },
      )

      it('from a registry and back has the digest that it had', async () => {
        const file = `${fresh('archive')}.tar`
        const name = `docker://${registry.host}/oci-archive`
        await crossdock.done(['copy', '--all', `oci:${multi.folder}:latest`, `${name}:1`])
        await crossdock.done(['copy', '--all', `${name}:1`, `oci-archive:${file}`])
        await crossdock.done(['copy', '--all', `oci-archive:${file}`, `${name}:2`])
        expect((await crossdock.done(['digest', `${name}:2`])).stdout.toString()).toBe(`${multi.digest}\n`)
        expect(await verifyInRegistry(registry.host, { repository: 'oci-archive', reference: '2' })).toStrictEqual([])
      })

      it('is the same file each time, and packed as a whole it is read as well', async () => {
        const files = [`${fresh('archive')}.tar`, `${fresh('archive')}.tar`]
        for (const file of files)
          await crossdock.done(['copy', '--all', `oci:${multi.folder}:latest`, `oci-archive:${file}`])
        const [first, second] = await Promise.all(files.map((file) => readFile(file)))
        expect(second?.equals(first ?? Buffer.of())).toBe(true)
        const packed = `${fresh('archive')}.tar.gz`
        await writeFile(packed, gzipSync(first ?? Buffer.of()))
        const layout = fresh('layout')
        await crossdock.done(['copy', '--all', `oci-archive:${packed}`, `oci:${layout}:x`])
        expect((await verifyLayout(layout, { root: multi.digest })).problems).toStrictEqual([])
        expect(await readdir(crossdock.temporary)).toStrictEqual([])
      })
    })

    describe('docker-archive:', () => {
      it('has the members that skopeo writes', async () => {
        const from = `oci:${multi.folder}:latest`
        const [ours, theirs] = [
          await archived('crossdock', from, ['--dest-decompress']),
          await archived('skopeo', from),
        ]
        expect((await membersOf(ours)).toSorted()).toStrictEqual((await membersOf(theirs)).toSorted())
        expect((await stat(ours)).size).toBe((await stat(theirs)).size)
      })

      it.each(['skopeo', 'crossdock'] as const)(
        'that %s wrote is read by both: config and diff IDs are equal',
        async (writer) => {
          const from = `oci:${multi.folder}:latest`
          const file = await archived(writer, from)
          const image = `docker-archive:${file}:team/app:1`
          const { layers, config } = await manifestOf(image)
          const digests = layers.map(({ digest }) => digest)
          // crossdock leaves layers in gzip as they are.
          const alone = `oci:${fresh('layout')}:x`
          await crossdock.done(['copy', '--platform', 'linux/amd64', from, alone])
          const before = (await manifestOf(alone)).layers.map(({ digest }) => digest)
          expect(digests).toStrictEqual(writer === 'skopeo' ? await diffIdsOf(image) : before)
          const theirs = JSON.parse((await skopeo.raw(image)).toString()) as Manifest
          expect(theirs.config.digest).toBe(config.digest)
          expect(theirs.layers.map(({ digest }) => digest)).toStrictEqual(await diffIdsOf(image))
          const [one, other] = [fresh('layout'), fresh('layout')]
          await crossdock.done(['copy', image, `oci:${one}:x`])
          await skopeo.run(['copy', '-q', image, `oci:${other}:x`])
          expect(await diffIdsOf(`oci:${one}:x`)).toStrictEqual(await diffIdsOf(`oci:${other}:x`))
          expect((await verifyLayout(one, {})).problems).toStrictEqual([])
          const tags = await crossdock.done(['list-tags', image])
          expect(tags.stdout.toString()).toContain('docker.io/team/app:1')
        },
      )

      it('from a registry and back has its layers and its config as they were', async () => {
        const name = `docker://${registry.host}/docker-archive`
        await skopeo.run([
          'copy',
          '-q',
          '--dest-tls-verify=false',
          '--format',
          'v2s2',
          `oci:${single.folder}:latest`,
          `${name}:1`,
        ])
        const before = await manifestOf(`${name}:1`)
        expect(before.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json')
        const file = await archived('crossdock', `${name}:1`)
        await crossdock.done(['copy', `docker-archive:${file}`, `${name}:2`])
        const after = await manifestOf(`${name}:2`)
        expect(after.config).toStrictEqual(before.config)
        expect(after.layers).toStrictEqual(before.layers)
        expect(await verifyInRegistry(registry.host, { repository: 'docker-archive', reference: '2' })).toStrictEqual(
          [],
        )
        expect(await configOf(`${name}:2`)).toStrictEqual(await configOf(`${name}:1`))
      })

      it('refuses what it cannot hold before a byte moves', async () => {
        const file = `${fresh('archive')}.tar`
        const index = await crossdock.run(['copy', '--all', `oci:${multi.folder}:latest`, `docker-archive:${file}:app`])
        expect(index.exitCode).not.toBe(0)
        expect(index.stderr).toContain('docker-archive:')
        const kept = await crossdock.run([
          'copy',
          '--preserve-digests',
          `oci:${single.folder}:latest`,
          `docker-archive:${file}:app`,
        ])
        expect(kept.exitCode).not.toBe(0)
        await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' })
        await mkdir(file)
        const folder = await crossdock.run(['copy', `oci:${single.folder}:latest`, `docker-archive:${file}:app`])
        expect(folder.exitCode).not.toBe(0)
        expect(folder.stderr).toContain('is not a file')
        expect(await readdir(file)).toStrictEqual([])
        expect((await readdir(join(file, '..'))).filter((entry) => entry.startsWith('new.'))).toStrictEqual([])
      })
    })

    describe('tarball:', () => {
      it('is one layer for each file, or standard input', async () => {
        const { layers } = await manifestOf(`oci:${single.folder}:latest`)
        const digest = layers[0]?.digest ?? ''
        const layer = join(single.folder, 'blobs', digest.replace(':', '/'))
        const [one, two] = [fresh('layout'), fresh('layout')]
        await crossdock.done(['copy', `tarball:${layer}`, `oci:${one}:x`])
        const command = [...crossdock.argv, 'copy', 'tarball:-', `oci:${two}:x`]
        const piped = await runProcess(['sh', '-c', 'exec "$@" < "$0"', layer, ...command], { env: crossdock.env })
        expect(piped.stderr).not.toContain('error')
        expect(piped.exitCode).toBe(0)
        for (const layout of [one, two]) expect((await verifyLayout(layout, {})).problems).toStrictEqual([])
        const [first, second] = [await manifestOf(`oci:${one}:x`), await manifestOf(`oci:${two}:x`)]
        expect(second).toStrictEqual(first)
        expect(first.layers[0]?.digest).toBe(digest)
        expect(await readdir(crossdock.temporary)).toStrictEqual([])
        await skopeo.run(['copy', '-q', `oci:${one}:x`, `dir:${fresh('flat')}`])
      })
    })
  })
})
