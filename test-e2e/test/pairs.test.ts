import { writeFile } from 'node:fs/promises'
import { startRegistry, type RegistryServer } from '@crossdock/registry-server'
import { startEngine, type TestEngine } from '@crossdock/test-engine'
import { buildImages } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { storedImage } from '../src/layout-content.ts'
import { sha256 } from '../src/registry-content.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'

const WRITABLE = ['docker', 'oci', 'oci-archive', 'docker-archive', 'dir', 'docker-daemon'] as const
const READABLE = [...WRITABLE, 'tarball'] as const
/** What holds an index. */
const WITH_INDEXES = ['docker', 'oci', 'oci-archive', 'dir'] as const
/** What holds one image. */
const WITHOUT_INDEXES = ['docker-archive', 'docker-daemon'] as const

type Place = (typeof READABLE)[number]

const PLATFORM = ['--override-os', 'linux', '--override-arch', 'arm64']

describe('an image goes from each place to each other', () => {
  const stack = new AsyncDisposableStack()
  let run: RunCommand
  let fresh: (name: string) => string
  let server: RegistryServer
  let engine: TestEngine
  /** One platform's image, and the index with all of them, as they were built. */
  let built: string
  let files: string
  const places = new Map<Place, string>()

  async function done(...argv: readonly string[]): Promise<Buffer> {
    const { exitCode, stdout, stderr } = await run(argv)
    expect(stderr).not.toMatch(/^crossdock: /m)
    expect(exitCode).toBe(0)
    return stdout
  }

  function freshName(place: Place): string {
    const path = fresh('image')
    if (place === 'docker') return `docker://${server.host}/pairs/${path.split('/').at(-1)}:1`
    if (place === 'oci') return `oci:${path}:1`
    if (place === 'docker-daemon') return `docker-daemon:pairs/${path.split('/').at(-1)}:1`
    return `${place}:${path}${place.endsWith('archive') ? ':name:1' : ''}`
  }

  /** The digest of all files, with what is known of them. */
  async function filesOf(name: string): Promise<string> {
    return sha256(await done('export', ...PLATFORM, name))
  }

  async function configOf(name: string): Promise<unknown> {
    const { rootfs, config, architecture } = JSON.parse(
      (await done('inspect', '--config', ...PLATFORM, name)).toString(),
    )
    return { rootfs, config, architecture }
  }

  beforeAll(async () => {
    const folder = stack.use(await temporaryFolder())
    ;({ fresh } = folder)
    run = await createInProcess(fresh('home'))
    server = stack.use(await startRegistry())
    engine = stack.use(await startEngine())
    process.env['DOCKER_HOST'] = engine.host
    const [image] = await buildImages({ folder: fresh('built'), shapes: ['multiarch'], scale: 0.01 })
    built = `oci:${image?.folder}:latest`
    files = await filesOf(built)
    for (const place of WRITABLE) {
      const name = freshName(place)
      await done('copy', '-q', ...PLATFORM, built, name)
      places.set(place, name)
    }
    const tar = fresh('root')
    await writeFile(tar, await done('export', ...PLATFORM, built))
    places.set('tarball', `tarball:${tar}`)
  })
  afterAll(() => stack.disposeAsync())

  const pairs = READABLE.flatMap((from) => WRITABLE.map((to) => ({ from, to })))

  it.each(pairs)('$from to $to: the same files and configuration', async ({ from, to }) => {
    const source = places.get(from) ?? ''
    const name = freshName(to)
    await done('copy', '-q', ...PLATFORM, source, name)
    expect(await filesOf(name)).toBe(files)
    expect(await configOf(name)).toStrictEqual(await configOf(source))
  })

  const indexPairs = WITH_INDEXES.flatMap((from) => WITH_INDEXES.map((to) => ({ from, to })))

  it.each(indexPairs)('$from to $to: an index, byte for byte', async ({ from, to }) => {
    const source = freshName(from)
    await done('copy', '-q', '--all', built, source)
    const name = freshName(to)
    await done('copy', '-q', '--all', source, name)
    expect(await done('inspect', '--raw', name)).toStrictEqual(await done('inspect', '--raw', built))
    expect(await filesOf(name)).toBe(files)
  })

  const refused = WITH_INDEXES.flatMap((from) => WITHOUT_INDEXES.map((to) => ({ from, to })))

  it.each(refused)('$from to $to: an index is refused before anything is written', async ({ from, to }) => {
    const source = freshName(from)
    await done('copy', '-q', '--all', built, source)
    const name = freshName(to)
    const asked = engine.requests.length
    const { exitCode, stderr } = await run(['copy', '-q', '--all', source, name])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^crossdock: destination: .*UNSUPPORTED\]\n$/)
    expect(engine.requests).toHaveLength(asked)
    expect((await run(['inspect', name])).exitCode).toBe(2)
  })

  it.each(WITH_INDEXES)('docker-daemon to %s: an index, byte for byte, of an engine that has kept it', async (to) => {
    await using keeping = await startEngine({ store: 'containerd' })
    keeping.add('app:1', await storedImage(built.slice('oci:'.length, built.lastIndexOf(':'))))
    const name = freshName(to)
    await done('copy', '-q', '--all', '--src-daemon-host', keeping.host, 'docker-daemon:app:1', name)
    expect(await done('inspect', '--raw', name)).toStrictEqual(await done('inspect', '--raw', built))
    expect(await filesOf(name)).toBe(files)
  })

  it.each(READABLE)('%s to tarball: a tarball is for reading', async (from) => {
    const { exitCode, stderr } = await run([
      'copy',
      '-q',
      ...PLATFORM,
      places.get(from) ?? '',
      places.get('tarball') ?? '',
    ])
    expect(exitCode).not.toBe(0)
    expect(stderr).toContain('tarball:')
  })
})
