import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { buildImages, type BuiltImage, verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { findProgram } from '../src/find-program.ts'
import { stateBelow } from '../src/files-below.ts'
import { type HoldingProxy, startHoldingProxy } from '../src/holding-proxy.ts'
import { namesIn } from '../src/layout-content.ts'
import { settled } from '../src/settled.ts'
import { createSkopeo, type Skopeo } from '../src/skopeo.ts'
import { type FinishedProcess, runProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const MIB = 1024 * 1024
/** Of what had arrived, no more than this may come again. */
const MOVED_AGAIN = 0.05

describe('crossdock store', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  /** An index of two platforms with attestations, `HOST/app:1`. */
  let index: BuiltImage
  /** One image with random layers, `HOST/large:1`. */
  let large: WrittenImage
  let host: string
  let proxy: HoldingProxy
  let store: string

  beforeAll(async () => {
    const folder = stack.use(await temporaryFolder())
    fresh = folder.fresh
    crossdock = await createCrossdock(fresh('home'))
    const server = stack.use(await startRegistry())
    ;({ host } = server)
    proxy = stack.use(await startHoldingProxy(host))
    const [built] = await buildImages({ folder: fresh('images'), shapes: ['multiarch'], scale: 0.01 })
    index = built ?? expect.fail('the image was not built')
    large = await writeLayout(fresh('large'), { layers: [6 * MIB, 3 * MIB, 500_000], content: 'random' })
    await crossdock.done(['copy', '-q', '--all', `oci:${index.folder}:latest`, `docker://${host}/app:1`])
    await crossdock.done(['copy', '-q', `oci:${large.folder}:latest`, `docker://${host}/large:1`])
  })
  afterAll(() => stack.disposeAsync())
  beforeEach(() => {
    store = fresh('store')
  })

  const run = (...argv: readonly string[]): Promise<FinishedProcess> =>
    crossdock.done(['store', ...argv], { env: { CROSSDOCK_STORE: store } })
  const text = async (...argv: readonly string[]): Promise<string> => (await run(...argv)).stdout.toString()
  const names = async (): Promise<readonly string[]> =>
    (await text('ls', '-q')).split('\n').filter((line) => line !== '')
  const isSound = async (): Promise<void> => expect(await text('verify', '-q')).toBe('')

  it('does everything that it is for', async () => {
    const name = `${host}/app:1`
    await run('pull', '-q', '--all', name)
    expect(await text('ls', '--format', '{{.Name}} {{.Digest}} {{.Complete}}')).toBe(`${name} ${index.digest} true\n`)
    expect((await verifyLayout(store, { root: index.digest })).problems).toEqual([])
    expect(await namesIn(store)).toEqual(new Map([[name, index.digest]]))

    await run('tag', '-q', name, `${host}/copy:2`, 'local')
    await run('push', '-q', `${host}/copy:2`)
    expect((await crossdock.done(['digest', `docker://${host}/copy:2`])).stdout.toString()).toBe(`${index.digest}\n`)

    const archive = fresh('archive')
    await run('export', '-q', '-o', archive, name)
    await run('rm', '-q', name, `${host}/copy:2`, 'local')
    await run('gc', '-q', '--min-age', '0')
    expect(await readdir(join(store, 'blobs/sha256'))).toEqual([])
    await run('load', '-q', archive)
    expect(await text('ls', '--format', '{{.Name}} {{.Digest}}')).toBe(`${name} ${index.digest}\n`)

    expect(await text('info', '--format', '{{.Folder}} {{.Images}}')).toBe(`${store} 1\n`)
    const path = (await text('path', name)).trim()
    expect(JSON.parse(await readFile(path, 'utf8'))).toHaveProperty('manifests')
    await isSound()
    await run('prune', '-q', '--unused-for', '0', '--min-age', '0')
    expect(await names()).toEqual([])
    await isSound()
  })

  it('gives its images to all other commands, and takes theirs', async () => {
    await run('pull', '-q', '--platform', 'linux/amd64', `${host}/app:1`)
    const image = `store:${host}/app:1`
    const at = (...argv: readonly string[]): Promise<FinishedProcess> => crossdock.done([...argv, '--store', store])
    expect((await at('inspect', '--raw', image)).stdout).toEqual(
      (await crossdock.done(['inspect', '--raw', `docker://${host}/app:1`])).stdout,
    )
    expect((await at('ls', '--platform', 'linux/amd64', image)).stdout.toString()).not.toBe('')
    await at('copy', '-q', `oci:${large.folder}:latest`, 'store:other')
    expect((await at('list-tags', 'store:other')).stdout.toString()).toBe('latest\n')
    await at('delete', '-q', 'store:other')
    expect(await names()).toEqual([`${host}/app:1`])
  })

  it('is empty, and says so, where there is none', async () => {
    const { exitCode, stderr } = await crossdock.run(['store', 'ls', '--store', store])
    expect({ exitCode, told: stderr.includes(store) }).toEqual({ exitCode: 2, told: true })
    await expect(stat(store)).rejects.toThrow('ENOENT')
    expect(await text('path')).toBe(`${store}\n`)
  })

  it.each([0.2, 0.5, 0.9])('goes on with a pull that was killed when %d of it had come', async (share) => {
    const argv = ['pull', '-q', `${proxy.host}/large:1`]
    const held = proxy.holdAfter('toClient', Math.floor(large.bytes * share))
    const child = crossdock.start(['store', ...argv], { env: { CROSSDOCK_STORE: store } })
    await held
    await settled(() => stateBelow(store))
    expect((await child.kill('SIGKILL')).exitCode).toBe(137)
    const arrived = proxy.passed.toClient
    expect(await names()).toEqual([])
    await run('gc', '-q', '--min-age', '0')

    proxy.reset()
    await run(...argv)
    const again = arrived + proxy.passed.toClient - large.bytes
    expect(again).toBeLessThan(large.bytes * MOVED_AGAIN + 64 * 1024)
    expect(await text('ls', '--format', '{{.Digest}} {{.Complete}}')).toBe(`${large.digest} true\n`)
    await isSound()
  })

  it('asks no registry for what is there, and one that has changed only if it is to', async () => {
    await run('pull', '-q', `${proxy.host}/large:1`)
    proxy.reset()
    await run('pull', '-q', `${proxy.host}/large:1`)
    expect(proxy.passed).toEqual({ toServer: 0, toClient: 0 })
    await run('pull', '-q', '--always', `${proxy.host}/large:1`)
    expect(proxy.passed.toClient).toBeGreaterThan(0)
    expect(proxy.passed.toClient).toBeLessThan(10_000)
  })

  it('brings back what was damaged or removed', async () => {
    await run('pull', '-q', `${host}/large:1`)
    await rm(join(store, 'blobs', ...(large.layers[0] ?? '').split(':')))
    const { exitCode, stdout } = await crossdock.run(['store', 'verify', '--store', store])
    expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 5, stdout: expect.stringContaining('missing') })
    await run('pull', '-q', `${host}/large:1`)
    await isSound()
  })

  describe('skopeo', () => {
    withPeers(['skopeo'], (paths) => {
      let skopeo: Skopeo
      beforeAll(() => {
        skopeo = createSkopeo(paths.skopeo, crossdock.temporary)
      })

      it('reads the folder by the names that images have', async () => {
        await run('pull', '-q', '--all', `${host}/app:1`)
        const layout = fresh('read')
        await skopeo.copy(`oci:${store}:${host}/app:1`, `oci:${layout}:x`, ['--all'])
        expect(await namesIn(layout)).toEqual(new Map([['x', index.digest]]))
      })

      it('writes to the folder, and both see what the other did', async () => {
        await run('pull', '-q', '--all', `${host}/app:1`)
        await skopeo.copy(`oci:${large.folder}:latest`, `oci:${store}:localhost/theirs:1`)
        expect(await names()).toEqual([`${host}/app:1`, 'localhost/theirs:1'].toSorted())
        await run('tag', '-q', 'localhost/theirs:1', 'localhost/ours:1')
        await run('gc', '-q', '--min-age', '0')
        await isSound()
        const theirs = await skopeo.raw(`oci:${store}:localhost/ours:1`)
        expect(theirs).toEqual(await skopeo.raw(`oci:${large.folder}:latest`))
        await run('rm', '-q', 'localhost/theirs:1', 'localhost/ours:1')
        await run('gc', '-q', '--min-age', '0')
        expect(await namesIn(store)).toEqual(new Map([[`${host}/app:1`, index.digest]]))
        await isSound()
      })
    })
  })

  const crane = findProgram('crane')

  it.skipIf(crane === undefined)('crane writes to the folder beside us', async () => {
    await run('pull', '-q', '--all', `${host}/app:1`)
    const argv = [crane ?? '', 'pull', '--insecure', '--format=oci', '--annotate-ref', `${host}/large:1`, store]
    const { exitCode, stderr } = await runProcess(argv, { env: { ...crossdock.env } })
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
    expect(await names()).toEqual([`${host}/app:1`, `${host}/large:1`])
    await run('gc', '-q', '--min-age', '0')
    await isSound()
    expect((await verifyLayout(store, { root: large.digest })).problems).toEqual([])
  })
})
