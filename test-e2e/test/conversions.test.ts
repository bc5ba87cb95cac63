import { readFile } from 'node:fs/promises'
import { startRegistry, type RegistryServer } from '@crossdock/registry-server'
import { buildImages, type BuiltImage } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { draftImage, writeDraft } from '../src/draft-image.ts'
import { verifyInRegistry } from '../src/registry-content.ts'
import { createSkopeo, type Skopeo } from '../src/skopeo.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const FORMATS = ['oci', 'v2s2'] as const
/** One image, its layers packed anew. */
const ZSTD = ['--override-arch', 'amd64', '--dest-compress-format', 'zstd', '--dest-force-compress-format']

/** (Without a variant, which skopeo before 1.10 does not know.) Docker's fields, order, characters and numbers that a conversion has to bring over or leave out as others do. */
const CONFIG = {
  os: 'linux',
  architecture: 'arm64',
  author: 'Ælfrēd <a&b@example.com> \u2028',
  created: '2024-02-29T23:59:59.120000000Z',
  docker_version: '27.0.1',
  container: 'f00',
  container_config: { Cmd: ['/bin/sh'], Hostname: 'h' },
  config: {
    User: '1000:1000',
    ExposedPorts: { '443/tcp': {}, '80/tcp': {} },
    Env: ['PATH=/bin', 'X=<&>'],
    Entrypoint: ['/init'],
    Cmd: null,
    Volumes: { '/b': {}, '/a': {} },
    WorkingDir: '/',
    Labels: { z: '1', a: '2', é: '3' },
    StopSignal: 'SIGTERM',
    Healthcheck: { Test: ['CMD', 'true'], Interval: 3_000_000_000 },
    OnBuild: ['RUN x'],
    Shell: ['/bin/sh', '-c'],
  },
  history: [
    { created: '2024-02-29T23:59:59Z', created_by: '/bin/sh -c #(nop) ADD file:1 in /' },
    { created: '2024-02-29T23:59:59.5Z', created_by: 'ENV X=<&>', empty_layer: true },
    { created: '2024-02-29T23:59:59.000000001Z', created_by: 'RUN y', comment: 'buildkit' },
  ],
}

describe('conversions', () => {
  withPeers(['skopeo'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let crossdock: Crossdock
    let skopeo: Skopeo
    let registry: RegistryServer
    let built: BuiltImage
    beforeAll(async () => {
      const folder = stack.use(await temporaryFolder())
      fresh = folder.fresh
      crossdock = await createCrossdock(fresh('home'))
      skopeo = createSkopeo(paths.skopeo, folder.path)
      registry = stack.use(await startRegistry())
      const [image] = await buildImages({ folder: fresh('built'), shapes: ['multiarch'], scale: 0.02 })
      built = image ?? expect.fail('no image was built')
    })
    afterAll(() => stack.disposeAsync())

    /** The digest that a copy by us, and one by skopeo, comes to. */
    async function both(
      from: string,
      flags: readonly string[],
    ): Promise<{ ours: string; theirs: string; name: string }> {
      const [ours, theirs] = [fresh('ours'), fresh('theirs')]
      const name = `docker://${registry.host}/${fresh('converted').split('/').at(-1)}`
      await crossdock.done(['copy', '-q', '--digestfile', ours, ...flags, from, `${name}:ours`])
      const plain = ['--src-tls-verify=false', '--dest-tls-verify=false']
      await skopeo.run(['copy', '-q', '--digestfile', theirs, ...plain, ...flags, from, `${name}:theirs`])
      return { ours: await readFile(ours, 'utf8'), theirs: await readFile(theirs, 'utf8'), name }
    }

    it.each(['v2s2', 'oci'] as const)(
      'a real image to %s and back has the digests that skopeo gives it',
      async (format) => {
        const there = await both(`oci:${built.folder}:latest`, ['--override-arch', 'amd64', '--format', format])
        expect(there.ours).toBe(there.theirs)
        const back = FORMATS.find((other) => other !== format) ?? format
        const again = await both(`${there.name}:ours`, ['--format', back])
        expect(again.ours).toBe(again.theirs)
      },
    )

    it('an odd configuration loses what it loses elsewhere', async () => {
      const image = draftImage()
      const diffIds = image.layers.map(({ digest }) => digest)
      const config = { ...CONFIG, rootfs: { type: 'layers', diff_ids: diffIds } }
      const draft = await writeDraft(fresh('draft'), { image: draftImage(config) })
      const docker = await both(draft, ['--format', 'v2s2'])
      expect(docker.ours).toBe(docker.theirs)
      const { ours, theirs, name } = await both(`${docker.name}:ours`, ['--format', 'oci'])
      expect(ours).toBe(theirs)
      const { stderr } = await crossdock.done(['copy', '--format', 'oci', `${docker.name}:ours`, `${name}:again`])
      expect(stderr).toMatch(/lost fields of the config: .*Healthcheck/)
    })

    it('layers packed anew unpack to the same diff IDs, and skopeo takes them', async () => {
      const name = `docker://${registry.host}/packed`
      await crossdock.done(['copy', '-q', ...ZSTD, `oci:${built.folder}:latest`, `${name}:zstd`])
      await crossdock.done(['copy', '-q', '--dest-decompress', `${name}:zstd`, `${name}:plain`])
      expect(await verifyInRegistry(registry.host, { repository: 'packed', reference: 'zstd' })).toStrictEqual([])
      const config = JSON.parse((await crossdock.done(['inspect', '--config', `${name}:plain`])).stdout.toString())
      const manifest = JSON.parse((await crossdock.done(['inspect', '--raw', `${name}:plain`])).stdout.toString())
      expect(manifest.layers.map(({ digest }: { digest: string }) => digest)).toStrictEqual(config.rootfs.diff_ids)
      await skopeo.run(['copy', '-q', '--src-tls-verify=false', `${name}:plain`, `oci:${fresh('layout')}:x`])
    })

    it('that nothing may come of are refused with the reason, and nothing is written', async () => {
      const name = `docker://${registry.host}/refused:1`
      const refused = await crossdock.run([
        'copy',
        '-a',
        '--format',
        'v2s2',
        '--preserve-digests',
        `oci:${built.folder}:latest`,
        name,
      ])
      expect(refused.exitCode).toBe(1)
      expect(refused.stderr).toContain('its digest is to be preserved')
      const zstd = await crossdock.run(['copy', ...ZSTD, '--format', 'v2s2', `oci:${built.folder}:latest`, name])
      expect(zstd.stderr).toContain('zstd')
      expect((await crossdock.run(['digest', name])).exitCode).toBe(2)
    })
  })
})
