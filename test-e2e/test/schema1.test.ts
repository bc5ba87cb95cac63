import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startRegistry, type RegistryServer } from '@crossdock/registry-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { type DockerLayer, writeDockerFolder } from '../src/docker-folder.ts'
import { type DockerRegistry, startDockerRegistry } from '../src/docker-registry.ts'
import { createSkopeo, type Skopeo } from '../src/skopeo.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

/** What a conversion has to bring over as others do: characters, numbers and fields of Docker's own, and steps without files. */
const CONFIG = {
  architecture: 'arm64',
  os: 'linux',
  author: 'Ælfrēd <a&b@example.com> \u2028',
  created: '2024-02-29T23:59:59.120000000Z',
  docker_version: '27.0.1',
  container_config: { Cmd: ['/bin/sh'], Hostname: 'h' },
  config: { Env: ['PATH=/bin', 'X=<&>'], Cmd: ['/init'], Labels: { b: '1', a: '2' }, Volumes: { '/a': {} } },
  history: [
    { created: '2024-02-29T23:59:59Z', created_by: '/bin/sh -c #(nop) ADD file:1 in /' },
    { created: '2024-02-29T23:59:59.5Z', created_by: 'ENV X=<&>', empty_layer: true },
    { created: '2024-02-29T23:59:59.000000001Z', created_by: 'RUN y', comment: 'buildkit' },
    { created: '2024-02-29T23:59:59Z', created_by: 'CMD', empty_layer: true },
  ],
}
const LAYERS: readonly [DockerLayer, DockerLayer] = [{ tar: tarOf('first', 70_000) }, { tar: tarOf('second', 1) }]
const PLAIN = ['--src-tls-verify=false', '--dest-tls-verify=false']

/** A tar of one file. */
function tarOf(name: string, size: number): Uint8Array {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000644\u00000000000\u00000000000\u0000', 100, 'latin1')
  header.write(`${size.toString(8).padStart(11, '0')}\u000000000000000\u0000        0`, 124, 'latin1')
  header.write('ustar\u000000', 257, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148, 'latin1')
  return Buffer.concat([header, Buffer.alloc(Math.ceil(size / 512) * 512, name), Buffer.alloc(1024)])
}

describe('schema 1', () => {
  withPeers(['skopeo', 'docker-registry'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let crossdock: Crossdock
    let skopeo: Skopeo
    let registry: RegistryServer
    /** One that takes schema 1, and verifies its signatures, and one as it comes. */
    let old: DockerRegistry
    let current: DockerRegistry
    let schema2: string
    /** As skopeo makes them; the second one without a name. */
    let atOld: string
    let folder: string
    beforeAll(async () => {
      const temporary = stack.use(await temporaryFolder())
      fresh = temporary.fresh
      crossdock = await createCrossdock(fresh('home'))
      skopeo = createSkopeo(paths.skopeo, temporary.path)
      registry = stack.use(await startRegistry())
      old = stack.use(await startDockerRegistry(paths['docker-registry'], fresh('old'), { schema1: true }))
      current = stack.use(await startDockerRegistry(paths['docker-registry'], fresh('current')))
      schema2 = await writeDockerFolder(fresh('schema2'), CONFIG, LAYERS)
      atOld = `docker://${old.host}/team/app:v1`
      folder = fresh('folder')
      await theirs(schema2, atOld, ['--format', 'v2s1'])
      await theirs(schema2, `dir:${folder}`, ['--format', 'v2s1'])
    })
    afterAll(() => stack.disposeAsync())

    async function ours(from: string, to: string, flags: readonly string[] = []): Promise<string> {
      const file = fresh('digest')
      await crossdock.done(['copy', '-q', '--digestfile', file, ...flags, from, to])
      return await readFile(file, 'utf8')
    }

    async function theirs(from: string, to: string, flags: readonly string[] = []): Promise<string> {
      const file = fresh('digest')
      await skopeo.run(['copy', '-q', '--digestfile', file, ...PLAIN, ...flags, from, to])
      return await readFile(file, 'utf8')
    }

    async function config(image: string): Promise<string> {
      return (await skopeo.run(['inspect', '--config', '--raw', image])).toString()
    }

    const layout = (): string => `oci:${fresh('layout')}:x`
    const inRegistry = (): string => `docker://${registry.host}/${fresh('converted').split('/').at(-1)}:x`

    it.each(['v2s2', 'oci'])(
      'from a folder or a registry to %s has the digest that skopeo gives it',
      async (format) => {
        for (const from of [`dir:${folder}`, atOld]) {
          const flags = ['--format', format]
          expect(await ours(from, inRegistry(), flags)).toBe(await theirs(from, inRegistry(), flags))
        }
      },
    )

    it('becomes OCI in a layout, and schema 2 in an archive, as with skopeo', async () => {
      const to = layout()
      expect(await ours(atOld, to)).toBe(await theirs(atOld, layout()))
      expect(await ours(to, layout())).toBe(await ours(atOld, layout(), ['--format', 'oci']))
      const [one, other] = [fresh('one.tar'), fresh('other.tar')].map((path) => `docker-archive:${path}:a/b:c`) as [
        string,
        string,
      ]
      await ours(atOld, one)
      await theirs(atOld, other)
      expect(await config(one)).toBe(await config(other))
    })

    it.each(['schema 2', 'OCI'])(
      'out of %s has a signature that registries take, and the digest that skopeo gives it',
      async (source) => {
        const from = source === 'OCI' ? layout() : schema2
        if (source === 'OCI') await theirs(schema2, from)
        const to = `docker://${old.host}/team/made:${source === 'OCI' ? 'oci' : 'docker'}`
        const made = await ours(from, to, ['--format', 'v2s1'])
        expect(await theirs(from, to, ['--format', 'v2s1'])).toBe(made)
        expect((await crossdock.done(['digest', to])).stdout.toString().trim()).toBe(made)
        expect((await skopeo.inspect(to))['Digest']).toBe(made)
      },
    )

    it('stays as it is where it is taken, byte for byte', async () => {
      const place = fresh('place')
      const digest = await ours(atOld, `dir:${place}`)
      expect(await theirs(atOld, `dir:${fresh('their-place')}`)).toBe(digest)
      expect(await ours(`dir:${place}`, `docker://${old.host}/team/app:again`)).toBe(digest)
      const to = inRegistry()
      expect(await ours(`dir:${place}`, to)).toBe(digest)
      const { stdout } = await crossdock.done(['inspect', '--raw', to])
      expect(stdout.equals(await readFile(join(place, 'manifest.json')))).toBe(true)
      expect(await ours(`${to.slice(0, -2)}@${digest}`, layout(), ['--format', 'v2s2'])).toBe(
        await theirs(atOld, inRegistry(), ['--format', 'v2s2']),
      )
    })

    it('without a name gets that of the registry that it is brought to', async () => {
      const to = `docker://${old.host}/team/named:v7`
      const digest = await ours(`dir:${folder}`, to)
      expect(digest).toBe(await theirs(`dir:${folder}`, to))
      const manifest = JSON.parse((await crossdock.done(['inspect', '--raw', to])).stdout.toString())
      expect(manifest).toMatchObject({ name: 'team/named', tag: 'v7' })
    })

    it('without signatures gets one where it is brought to a registry, and keeps its digest', async () => {
      const unsigned = fresh('unsigned')
      const digest = await ours(atOld, `dir:${unsigned}`)
      const file = join(unsigned, 'manifest.json')
      await writeFile(file, (await readFile(file, 'utf8')).replace(/,"signatures":.*\]\}$/s, '}'))
      const to = `docker://${old.host}/team/app:signed`
      expect(await ours(`dir:${unsigned}`, to)).toBe(digest)
      expect((await skopeo.inspect(to))['Digest']).toBe(digest)
    })

    it('is converted for a registry that takes none, which is said', async () => {
      const to = `docker://${current.host}/team/app:v1`
      const { stderr } = await crossdock.done(['copy', '--retry-times', '0', atOld, to])
      expect(stderr).toMatch(/was written as application\/vnd\.docker\.distribution\.manifest\.v2\+json; it lost/)
      const expected = await theirs(atOld, inRegistry(), ['--format', 'v2s2'])
      expect((await crossdock.done(['digest', to])).stdout.toString().trim()).toBe(expected)
    })

    it('with plain layers is converted as skopeo does it', async () => {
      const plain = await writeDockerFolder(
        fresh('plain'),
        CONFIG,
        LAYERS.map(({ tar }) => ({ tar, packed: false })),
      )
      const from = `docker://${old.host}/team/plain:v1`
      await ours(plain, from, ['--format', 'v2s1'])
      // A registry would get them packed by skopeo.
      const [one, other] = [`dir:${fresh('one')}`, `dir:${fresh('other')}`]
      expect(await ours(from, one, ['--format', 'oci'])).toBe(await theirs(from, other, ['--format', 'oci']))
    })

    it('is planned with what becomes of it', async () => {
      const { stdout } = await crossdock.done(['plan', '--json', atOld, layout()])
      const plan = JSON.parse(stdout.toString())
      expect(plan.manifests).toMatchObject([{ becomes: { mediaType: 'application/vnd.oci.image.manifest.v1+json' } }])
      expect(plan.blobs.map(({ action }: { action: string }) => action)).toEqual(['move', 'move'])
      expect(plan.bytes.move).toBe(plan.bytes.total)
    })

    it('is looked into', async () => {
      const description = JSON.parse((await crossdock.done(['inspect', atOld])).stdout.toString())
      const { Digest, Layers, Env } = await skopeo.inspect(atOld)
      expect(description).toMatchObject({ Digest, Layers, Env, Architecture: 'arm64' })
      expect((await crossdock.done(['ls', atOld])).stdout.toString()).toContain('second')
      expect((await crossdock.done(['cat', atOld, 'second'])).stdout.toString()).toBe('s')
    })

    it.each([
      [
        'whose signatures contradict it',
        async (path: string) => {
          const file = join(path, 'manifest.json')
          await writeFile(file, (await readFile(file, 'utf8')).replace('"schemaVersion"', ' "schemaVersion"'))
        },
      ],
      [
        'with a layer that is cut off',
        async (path: string) => {
          const { fsLayers } = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8'))
          await truncate(join(path, fsLayers.at(-1).blobSum.slice('sha256:'.length)), 50)
        },
      ],
    ])('%s is refused, and nothing is written', async (_what, spoil) => {
      const broken = fresh('broken')
      await theirs(`dir:${folder}`, `dir:${broken}`)
      await spoil(broken)
      const to = inRegistry()
      const { exitCode, stderr } = await crossdock.run(['copy', '-q', '--format', 'oci', `dir:${broken}`, to])
      expect([exitCode, stderr]).toEqual([5, expect.stringMatching(/source: .*\[(?:DIGEST_MISMATCH|INVALID_DATA)\]/)])
      expect((await crossdock.run(['digest', to])).exitCode).toBe(2)
    })
  })
})
