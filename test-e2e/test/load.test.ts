import { readFile } from 'node:fs/promises'
import { startRegistry } from '@crossdock/registry-server'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { startDockerRegistry } from '../src/docker-registry.ts'
import { startHoldingProxy } from '../src/holding-proxy.ts'
import { verifyInRegistry } from '../src/registry-content.ts'
import { settled } from '../src/settled.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { writeLayout } from '../src/write-layout.ts'

const MIB = 1024 * 1024
const LINUX = process.platform === 'linux'

describe('under load', () => {
  const stack = new AsyncDisposableStack()
  let fresh: (name: string) => string
  let crossdock: Crossdock

  beforeAll(async () => {
    ;({ fresh } = stack.use(await temporaryFolder()))
    crossdock = await createCrossdock(fresh('home'))
  })
  afterAll(() => stack.disposeAsync())

  /** An image of random layers. */
  const image = (layers: readonly number[]) => writeLayout(fresh('image'), { layers, content: 'random' })

  const expectFourPushes = async (host: string): Promise<void> => {
    const { folder } = await image([300_000, 2 * MIB])
    const argv = ['copy', '-q', `oci:${folder}:latest`, `docker://${host}/app:1`]
    await Promise.all([1, 2, 3, 4].map(() => crossdock.done(argv)))
    expect(await verifyInRegistry(host, { repository: 'app', reference: '1' })).toStrictEqual([])
  }

  describe('four pushes to one tag all succeed', () => {
    it('at the registry of this project', async () => {
      await using server = await startRegistry()
      await expectFourPushes(server.host)
    })

    withPeers(['docker-registry'], (paths) => {
      it('at docker-registry', async () => {
        await using server = await startDockerRegistry(paths['docker-registry'], fresh('registry'))
        await expectFourPushes(server.host)
      })
    })
  })

  it('an image of sixty layers keeps no more than sixteen requests in flight', async () => {
    await using server = await startRegistry({
      faults: [{ match: { route: 'blob', method: 'GET' }, action: { kind: 'delay', delayMs: 40 } }],
    })
    await using proxy = await startHoldingProxy(server.host)
    const { folder, digest } = await image(Array<number>(60).fill(5000))
    await crossdock.done(['copy', '-q', `oci:${folder}:latest`, `docker://${server.host}/app:1`])
    const layout = fresh('layout')
    await crossdock.done(['copy', '-q', `docker://${proxy.host}/app:1`, `oci:${layout}:x`])
    expect(await verifyLayout(layout, { root: digest })).toMatchObject({ problems: [], unreached: [] })
    expect(proxy.mostConnections).toBeGreaterThan(4)
    expect(proxy.mostConnections).toBeLessThanOrEqual(16)
  })

  it('one corrupt layer of twelve ends the others, with one error that names it', async () => {
    await using server = await startRegistry({ bytesPerSecond: 5_000_000 })
    const { folder, layers, bytes } = await image([100_000, ...Array<number>(11).fill(3 * MIB)])
    const [digest = ''] = layers
    await crossdock.done(['copy', '-q', `oci:${folder}:latest`, `docker://${server.host}/app:1`])
    server.faults.add({ match: { route: 'blob', method: 'GET', digest }, action: { kind: 'corrupt', atByte: 5000 } })
    const layout = fresh('layout')
    const before = server.counters.bytesSent
    const { exitCode, stderr } = await crossdock.run(['copy', '-q', `docker://${server.host}/app:1`, `oci:${layout}:x`])
    expect(stderr).toMatch(new RegExp(`^crossdock: \\w+: [^\\n]*${digest}[^\\n]*\\n$`))
    expect(exitCode).toBe(5)
    expect(await settled(() => server.counters.bytesSent)).toBeLessThan(before + bytes / 2)
    await expect(readFile(`${layout}/index.json`)).rejects.toThrow('ENOENT')
  })

  describe.runIf(LINUX)('a destination that takes nothing more', () => {
    const MOST_MEMORY = 200 * MIB

    it('costs a fast folder no memory', async () => {
      await using server = await startRegistry()
      await using proxy = await startHoldingProxy(server.host)
      const { folder } = await writeLayout(fresh('zeros'), { layers: [400 * MIB], content: 'zeros' })
      const held = proxy.holdAfter('toServer', 8 * MIB)
      await using copying = crossdock.start(['copy', '-q', `oci:${folder}:latest`, `docker://${proxy.host}/app:1`])
      await held
      expect(await settled(() => residentBytes(copying.pid))).toBeLessThan(MOST_MEMORY)
    })

    it('stops a fast registry', async () => {
      await using server = await startRegistry()
      await using proxy = await startHoldingProxy(server.host)
      // The buffers of the system hold tens of megabytes: half of the image is more.
      const { folder, bytes } = await writeLayout(fresh('zeros'), {
        layers: [80 * MIB, 81 * MIB, 82 * MIB],
        content: 'zeros',
      })
      await crossdock.done(['copy', '-q', `oci:${folder}:latest`, `docker://${server.host}/app:1`])
      const before = server.counters.bytesSent
      const held = proxy.holdAfter('toServer', 4 * MIB)
      await using copying = crossdock.start([
        'copy',
        '-q',
        `docker://${server.host}/app:1`,
        `docker://${proxy.host}/other:1`,
      ])
      await held
      expect(await settled(() => server.counters.bytesSent)).toBeLessThan(before + bytes / 2)
      expect(await residentBytes(copying.pid)).toBeLessThan(MOST_MEMORY)
    })
  })

  it('three hundred images, one after the other in one process, leave it as it was', async () => {
    await using server = await startRegistry()
    const { folder } = await image([50_000, 20_000])
    const calls = Array.from({ length: 150 }, (_, at) => [
      ['copy', '-q', `oci:${folder}:latest`, `docker://${server.host}/app-${at}:1`],
      ['copy', '-q', `docker://${server.host}/app-${at}:1`, `oci:${fresh('layout')}:x`],
    ]).flat()
    const holdings = await crossdock.doneInOneProcess(calls)
    // By then everything that is loaded once is there.
    const [early, late] = [holdings[139], holdings.at(-1)]
    expect(late?.openFiles).toBeLessThanOrEqual((early?.openFiles ?? 0) + 2)
    expect(late?.sockets).toBe(0)
    expect(late?.residentBytes).toBeLessThan((early?.residentBytes ?? 0) + 60 * MIB)
  })
})

/** What a process holds in memory (proc(5), /proc/pid/status). */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s*(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024
}
