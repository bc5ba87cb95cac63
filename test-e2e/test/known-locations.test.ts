import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { startDockerRegistry } from '../src/docker-registry.ts'
import { filesBelow } from '../src/files-below.ts'
import { type HoldingProxy, startHoldingProxy } from '../src/holding-proxy.ts'
import { verifyInRegistry } from '../src/registry-content.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

/** Requests, answers, and a configuration; less than any layer. */
const LITTLE = 20_000
const REMEMBER = ['--remember-locations']

describe('what was sent to one repository is not sent to the next one of the registry', () => {
  withPeers(['docker-registry'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let proxy: HoldingProxy
    let image: WrittenImage
    beforeAll(async () => {
      ;({ fresh } = stack.use(await temporaryFolder()))
      const registry = stack.use(await startDockerRegistry(paths['docker-registry'], fresh('registry')))
      proxy = stack.use(await startHoldingProxy(registry.host))
      image = await writeLayout(fresh('image'), { layers: [400_000, 300_000, 200_000], content: 'random' })
    })
    afterAll(() => stack.disposeAsync())

    async function sent(crossdock: Crossdock, from: string, repository: string, flags = REMEMBER): Promise<number> {
      proxy.reset()
      await crossdock.done(['copy', '-q', ...flags, from, `docker://${proxy.host}/${repository}:1`])
      const { toServer } = proxy.passed
      expect(await verifyInRegistry(proxy.host, { repository, reference: '1' })).toStrictEqual([])
      return toServer
    }

    it('by another process, from a folder', async () => {
      const crossdock = await createCrossdock(fresh('home'))
      const from = `oci:${image.folder}:latest`
      expect(await sent(crossdock, from, 'sent/first')).toBeGreaterThan(image.bytes)
      expect(await sent(crossdock, from, 'sent/second')).toBeLessThan(LITTLE)
      const other = await createCrossdock(fresh('home'))
      expect(await sent(other, from, 'sent/third')).toBeGreaterThan(image.bytes)
    })

    it('nor is what was fetched from there', async () => {
      await sent(await createCrossdock(fresh('home')), `oci:${image.folder}:latest`, 'base/image')
      const crossdock = await createCrossdock(fresh('home'))
      await crossdock.done([
        'copy',
        '-q',
        ...REMEMBER,
        `docker://${proxy.host}/base/image:1`,
        `oci:${fresh('pulled')}:here`,
      ])
      expect(await sent(crossdock, `oci:${image.folder}:latest`, 'team/app')).toBeLessThan(LITTLE)
    })

    it('unless it was asked for, nothing is remembered', async () => {
      const crossdock = await createCrossdock(fresh('home'))
      const from = `oci:${image.folder}:latest`
      for (const repository of ['plain/first', 'plain/second']) {
        expect(await sent(crossdock, from, repository, [])).toBeGreaterThan(image.bytes)
      }
      const files = await filesBelow(join(crossdock.env['XDG_CACHE_HOME'] ?? '', 'crossdock'))
      expect(files.filter((name) => !name.includes('code'))).toStrictEqual([])
    })
  })
})
