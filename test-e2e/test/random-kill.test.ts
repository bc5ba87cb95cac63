import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { folderStorage, startRegistry } from '@crossdock/registry-server'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { startDockerRegistry } from '../src/docker-registry.ts'
import { filesBelow, stateBelow } from '../src/files-below.ts'
import { type Direction, type HoldingProxy, startHoldingProxy } from '../src/holding-proxy.ts'
import { namesIn } from '../src/layout-content.ts'
import { hasBlob, verifyInRegistry } from '../src/registry-content.ts'
import { chooseSeed, seededRandom } from '../src/seeded-random.ts'
import { settled } from '../src/settled.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const MIB = 1024 * 1024
/** Of what had arrived, no more than this may be moved again. */
const MOVED_AGAIN = 0.05
/** The head of a request or an answer. */
const HEAD_BYTES = 600

const SHAPES = {
  'one layer': [10 * MIB],
  'three layers of different sizes': [9 * MIB, 2 * MIB, 300_000],
  'twelve layers': Array<number>(12).fill(700_000),
  'sixty layers': Array<number>(60).fill(80_000),
  'a layer that comes in parts': [64 * MIB, 2 * MIB],
} as const

type Shape = keyof typeof SHAPES

/** Connections that a pull opens at the same time, at least. */
const CONNECTIONS: Partial<Record<Shape, number>> = { 'sixty layers': 4, 'a layer that comes in parts': 4 }

interface Server extends AsyncDisposable {
  readonly host: string
  /** Undefined for a registry that does not count. */
  readonly counters?: { readonly bytesReceived: number }
}

interface Image extends WrittenImage {
  readonly manifestBytes: number
}

interface Site {
  readonly server: Server
  readonly proxy: HoldingProxy
}

const seed = chooseSeed()
const random = seededRandom(seed)

describe(`a copy that is killed at a random byte and run again (CROSSDOCK_SEED=${seed})`, () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock
  const images = new Map<Shape, Image>()

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
    for (const shape of Object.keys(SHAPES) as Shape[]) {
      const image = await writeLayout(fresh('image'), { layers: SHAPES[shape], content: 'random' })
      const manifest = await readFile(join(image.folder, 'blobs', ...image.digest.split(':')))
      images.set(shape, { ...image, manifestBytes: manifest.byteLength })
    }
  })
  afterAll(() => stack.disposeAsync())

  const useSite = (start: (folder: string) => Promise<Server>): (() => Site) => {
    let site: Site | undefined
    beforeAll(async () => {
      const server = stack.use(await start(fresh('registry')))
      site = { server, proxy: stack.use(await startHoldingProxy(server.host)) }
    })
    return () => site ?? expect.fail('the site is not set up')
  }
  const imageOf = (shape: Shape): Image => images.get(shape) ?? expect.fail(`no image of ${shape}`)

  describe.each([
    {
      kind: 'a registry in memory',
      start: () => startRegistry(),
      shapes: ['one layer', 'three layers of different sizes', 'twelve layers', 'sixty layers'],
    },
    {
      kind: 'a registry in a folder',
      start: (folder: string) => startRegistry({ storage: folderStorage(folder, { durability: 'fast' }) }),
      shapes: ['three layers of different sizes', 'sixty layers'],
    },
    {
      kind: 'a slow registry',
      start: () => startRegistry({ bytesPerSecond: 5_000_000 }),
      shapes: ['one layer', 'twelve layers'],
    },
    {
      kind: 'a registry with slow connections',
      start: () => startRegistry({ bytesPerSecond: 20_000_000 }),
      shapes: ['a layer that comes in parts'],
    },
  ] satisfies readonly { kind: string; start: (folder: string) => Promise<Server>; shapes: readonly Shape[] }[])(
    '$kind',
    ({ start, shapes }) => {
      const site = useSite(start)

      it.each(shapes)('push, %s: what had arrived is not sent again', async (shape) => {
        const image = imageOf(shape)
        const { arrived, moved } = await push(site(), image)
        expectLittle({ arrived, again: arrived + moved - image.bytes - image.manifestBytes })
      })

      it.each(shapes)('pull, %s: what had arrived is not sent again', async (shape) => {
        expectLittle(await pull(site(), imageOf(shape)))
        expect(site().proxy.mostConnections).toBeGreaterThanOrEqual(CONNECTIONS[shape] ?? 1)
      })
    },
  )

  describe('a registry that still takes in what the dead process sent', () => {
    const site = useSite(() => startRegistry())
    const shapes = ['one layer', 'three layers of different sizes', 'twelve layers', 'sixty layers'] as const

    it.each(shapes)('push, %s: what had arrived is not sent again', async (shape) => {
      const image = imageOf(shape)
      const { begun, total } = await pushTwice(site(), image)
      expect(total).toBeGreaterThanOrEqual(image.bytes)
      expectLittle({ arrived: begun, again: total - image.bytes - image.manifestBytes })
    })
  })

  describe('docker-registry', () => {
    withPeers(['docker-registry'], (paths) => {
      const site = useSite((folder) => startDockerRegistry(paths['docker-registry'], folder))
      const shapes = ['three layers of different sizes', 'twelve layers'] as const

      it.each(shapes)('push, %s: blobs that had arrived whole are not sent again', async (shape) => {
        // This registry gives up an upload of which a request broke off: that blob begins anew.
        const image = imageOf(shape)
        const { moved, whole } = await push(site(), image)
        expect(moved).toBeLessThan(image.bytes + image.manifestBytes - whole + requestsOf(image) * HEAD_BYTES)
      })

      it.each(shapes)('pull, %s: what had arrived is not sent again', async (shape) => {
        expectLittle(await pull(site(), imageOf(shape)))
      })
    })
  })

  async function push({ server, proxy }: Site, image: Image): Promise<Record<'arrived' | 'moved' | 'whole', number>> {
    const repository = fresh('pushed').split('/').at(-1) ?? ''
    const argv = ['copy', '-q', `oci:${image.folder}:latest`, `docker://${proxy.host}/${repository}:1`]
    const begin = server.counters?.bytesReceived ?? 0
    await killAt({ proxy, direction: 'toServer', at: randomByte(image) }, argv)
    proxy.reset()
    // What the process had sent is the registry's, sooner or later.
    const arrived = (await settled(() => server.counters?.bytesReceived ?? 0)) - begin
    const present = await Promise.all(image.layers.map((digest) => hasBlob(server.host, { repository, digest })))
    const whole = image.sizes.reduce((sum, size, at) => sum + (present[at] === true ? size : 0), 0)

    proxy.reset()
    await crossdock.done(argv)
    const counted = server.counters && server.counters.bytesReceived - begin - arrived
    expect(await verifyInRegistry(server.host, { repository, reference: '1' })).toStrictEqual([])
    expect(await filesBelow(join(crossdock.env['XDG_CACHE_HOME'] ?? '', 'crossdock'))).toStrictEqual([])
    return { arrived, whole, moved: counted ?? proxy.passed.toServer }
  }

  /** The second run begins at once. */
  async function pushTwice({ server, proxy }: Site, image: Image): Promise<Record<'begun' | 'total', number>> {
    const repository = fresh('pushed').split('/').at(-1) ?? ''
    const argv = ['copy', '-q', `oci:${image.folder}:latest`, `docker://${proxy.host}/${repository}:1`]
    const received = (): number => server.counters?.bytesReceived ?? 0
    const begin = received()
    const begun = randomByte(image)
    await killAt({ proxy, direction: 'toServer', at: begun }, argv)
    proxy.reset()
    await crossdock.done(argv)
    expect(await verifyInRegistry(server.host, { repository, reference: '1' })).toStrictEqual([])
    return { begun, total: (await settled(received)) - begin }
  }

  async function pull({ server, proxy }: Site, image: Image): Promise<Record<'arrived' | 'again', number>> {
    const repository = fresh('source').split('/').at(-1) ?? ''
    await crossdock.done(['copy', '-q', `oci:${image.folder}:latest`, `docker://${server.host}/${repository}:1`])
    const layout = fresh('layout')
    const argv = ['copy', '-q', `docker://${proxy.host}/${repository}:1`, `oci:${layout}:here`]
    const at = randomByte(image)
    await killAt({ proxy, direction: 'toClient', at, ready: () => settled(() => stateBelow(layout)) }, argv)
    expect(await namesIn(layout).catch(() => new Map())).toStrictEqual(new Map())

    proxy.reset()
    await crossdock.done(argv)
    const moved = proxy.passed.toClient
    expect(await namesIn(layout)).toStrictEqual(new Map([['here', image.digest]]))
    expect(await verifyLayout(layout, { root: image.digest })).toMatchObject({ problems: [], unreached: [] })
    expect(await filesBelow(join(layout, '.crossdock/partial'))).toStrictEqual([])
    return { arrived: at, again: at + moved - image.bytes - requestsOf(image) * HEAD_BYTES }
  }

  interface Kill {
    readonly proxy: HoldingProxy
    readonly direction: Direction
    readonly at: number
    /** Waited for between the byte and the kill. */
    readonly ready?: () => Promise<unknown>
  }

  async function killAt({ proxy, direction, at, ready }: Kill, argv: readonly string[]): Promise<void> {
    const held = proxy.holdAfter(direction, at)
    await using copying = crossdock.start(argv)
    await Promise.race([held, copying.finished.then(({ stderr }) => expect.fail(`ended before byte ${at}: ${stderr}`))])
    await ready?.()
    expect((await copying.kill('SIGKILL')).exitCode).toBe(137)
  }
})

/** Somewhere between the first twentieth and the last. */
function randomByte({ bytes }: Image): number {
  return Math.floor(bytes * 0.05) + random(Math.floor(bytes * 0.9))
}

/** At most, in both runs together. */
function requestsOf({ layers }: Image): number {
  return 4 * (layers.length + 2)
}

function expectLittle({ arrived, again }: { readonly arrived: number; readonly again: number }): void {
  expect(again, `of ${arrived} bytes that had arrived, ${again} were moved again`).toBeLessThanOrEqual(
    arrived * MOVED_AGAIN,
  )
}
