import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { startDockerRegistry } from '../src/docker-registry.ts'
import { filesBelow, stateBelow } from '../src/files-below.ts'
import { type HoldingProxy, startHoldingProxy } from '../src/holding-proxy.ts'
import { namesIn } from '../src/layout-content.ts'
import { readManifest, verifyInRegistry } from '../src/registry-content.ts'
import { settled } from '../src/settled.ts'
import type { FinishedProcess } from '../src/start-process.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

const MIB = 1024 * 1024
/** Room for manifests and the heads of requests and answers. */
const AROUND_BYTES = 64 * 1024
/** Of what has passed the proxy in a pull, so much may be fetched again: some of it never reached the copy. */
const AGAIN = 0.05
const ARRIVED_IN_PULL = 48 * MIB
/** A copy is faster on any machine, so that next to nothing waits between the proxy and the copy. */
const BYTES_PER_SECOND = 40 * MIB

const SIGNALS = ['SIGKILL', 'SIGINT', 'SIGTERM'] as const

interface Server extends AsyncDisposable {
  readonly host: string
}

/** A registry with the large image in `source:1`, and a proxy before it that stops a copy where a test wants it. */
interface Site {
  readonly fresh: (name: string) => string
  readonly crossdock: Crossdock
  readonly server: Server
  readonly proxy: HoldingProxy
  readonly image: WrittenImage
  readonly large: WrittenImage
}

function useSite(startServer: (folder: string) => Promise<Server>): { readonly site: Site } {
  const stack = new AsyncDisposableStack()
  let site: Site | undefined
  beforeAll(async () => {
    const { fresh } = stack.use(await temporaryFolder())
    const crossdock = await createCrossdock(fresh('home'))
    const server = stack.use(await startServer(fresh('registry')))
    const proxy = stack.use(await startHoldingProxy(server.host, { bytesPerSecond: BYTES_PER_SECOND }))
    const image = await writeLayout(fresh('image'), { layers: [40 * MIB, 3 * MIB], content: 'random' })
    const large = await writeLayout(fresh('large'), { layers: [96 * MIB, 3 * MIB], content: 'random' })
    await crossdock.done(['copy', `oci:${large.folder}:latest`, `docker://${server.host}/source:1`])
    site = { fresh, crossdock, server, proxy, image, large }
  })
  afterAll(() => stack.disposeAsync())
  return {
    get site() {
      return site ?? expect.fail('the site is not set up')
    },
  }
}

describe('a copy that is ended from outside', () => {
  describe('against docker-registry', () => {
    withPeers(['docker-registry'], (paths) => {
      const place = useSite((folder) => startDockerRegistry(paths['docker-registry'], folder))

      it.each(SIGNALS)('%s in a pull: the same command goes on at the byte', async (signal) => {
        const arrived = ARRIVED_IN_PULL
        const { moved, image } = await pull(place.site, { signal, arrived })
        expect(moved).toBeLessThan(image.bytes - arrived + AGAIN * arrived + AROUND_BYTES)
      })

      it('SIGKILL between two chunks of a push: the same command goes on at the byte', async () => {
        const { proxy } = place.site
        let acknowledged = 0
        const held = proxy.holdAfterAnswer((answer) => {
          acknowledged = Math.max(acknowledged, Number(/\nRange: 0-(\d+)/i.exec(answer)?.[1] ?? 0) + 1)
          return acknowledged > 5 * MIB
        })
        const { moved, image } = await push(place.site, { signal: 'SIGKILL', held })
        // The other layer may or may not have arrived.
        expect(moved).toBeLessThan(image.bytes - acknowledged + AROUND_BYTES)
      })

      it.each(SIGNALS)('%s within a chunk of a push: what had arrived whole is not sent again', async (signal) => {
        // This registry keeps the part of a chunk and then refuses to go on with the upload: that layer begins anew.
        const { moved, image } = await push(place.site, {
          signal,
          held: place.site.proxy.holdAfter('toServer', 36 * MIB),
        })
        expect(moved).toBeLessThan(image.bytes - 3 * MIB + AROUND_BYTES)
      })
    })
  })

  describe('against the registry of this project', () => {
    const place = useSite(() => startRegistry())

    it.each(SIGNALS)('%s in a pull: the same command goes on at the byte', async (signal) => {
      const arrived = ARRIVED_IN_PULL
      const { moved, image } = await pull(place.site, { signal, arrived })
      expect(moved).toBeLessThan(image.bytes - arrived + AGAIN * arrived + AROUND_BYTES)
    })

    it.each(SIGNALS)('%s in a push: the same command goes on at the byte', async (signal) => {
      const arrived = 36 * MIB
      const { moved, image } = await push(place.site, { signal, held: place.site.proxy.holdAfter('toServer', arrived) })
      expect(moved).toBeLessThan(image.bytes - arrived + AROUND_BYTES)
    })
  })
})

interface Arrival {
  readonly signal: (typeof SIGNALS)[number]
  /** Bytes that have reached the copy when it is ended. */
  readonly arrived: number
}

interface Interrupted {
  readonly image: WrittenImage
  /** Bytes that passed in the second run, in the direction of the image. */
  readonly moved: number
}

async function pull(
  { fresh, crossdock, proxy, large: image }: Site,
  { signal, arrived }: Arrival,
): Promise<Interrupted> {
  const layout = fresh('layout')
  const argv = ['copy', `docker://${proxy.host}/source:1`, `oci:${layout}:here`]
  const held = proxy.holdAfter('toClient', arrived)
  await using first = crossdock.start(argv)
  await held
  // What has passed the proxy is still on its way to the disk.
  await settled(() => stateBelow(layout))
  expectEnded(await first.kill(signal), signal)
  expect(await namesIn(layout).catch(() => new Map())).toStrictEqual(new Map())
  expect(await readdir(crossdock.temporary)).toStrictEqual([])

  proxy.reset()
  const { stdout } = await crossdock.done([...argv, '--json'])
  const moved = proxy.passed.toClient
  expect(JSON.parse(stdout.toString())).toMatchObject({ digest: image.digest })
  expect(await namesIn(layout)).toStrictEqual(new Map([['here', image.digest]]))
  const report = await verifyLayout(layout, { root: image.digest })
  expect(report).toMatchObject({ problems: [], unreached: [] })
  expect(await filesBelow(join(layout, '.crossdock/partial'))).toStrictEqual([])
  return { image, moved }
}

async function push(
  { fresh, crossdock, server, proxy, image }: Site,
  { signal, held }: { readonly signal: (typeof SIGNALS)[number]; readonly held: Promise<void> },
): Promise<Interrupted> {
  const repository = fresh('pushed').split('/').at(-1) ?? ''
  const argv = ['copy', `oci:${image.folder}:latest`, `docker://${proxy.host}/${repository}:1`]
  await using first = crossdock.start(argv)
  await held
  await settled(() => stateBelow(crossdock.env['XDG_CACHE_HOME'] ?? ''))
  expectEnded(await first.kill(signal), signal)
  expect(await readManifest(server.host, { repository, reference: '1' })).toBeUndefined()
  expect(await readdir(crossdock.temporary)).toStrictEqual([])

  proxy.reset()
  const { stdout } = await crossdock.done([...argv, '--json'])
  const moved = proxy.passed.toServer
  expect(JSON.parse(stdout.toString())).toMatchObject({ digest: image.digest })
  expect(await verifyInRegistry(server.host, { repository, reference: '1' })).toStrictEqual([])
  return { image, moved }
}

const EXIT = { SIGKILL: 137, SIGINT: 130, SIGTERM: 143 } as const

function expectEnded({ exitCode, stderr, stdout }: FinishedProcess, signal: keyof typeof EXIT): void {
  expect(exitCode).toBe(EXIT[signal])
  expect(stdout.toString()).toBe('')
  if (signal !== 'SIGKILL') {
    expect(stderr).toContain(`stopped by ${signal}`)
    expect(stderr).toContain('run the same command again')
  }
}
