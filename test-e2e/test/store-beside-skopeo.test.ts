import { setTimeout as delay } from 'node:timers/promises'
import { startRegistry } from '@crossdock/registry-server'
import { openStore, type Store } from '@crossdock/store'
import { verifyLayout } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { type HoldingProxy, startHoldingProxy } from '../src/holding-proxy.ts'
import { namesIn } from '../src/layout-content.ts'
import { createSkopeo } from '../src/skopeo.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'
import { type WrittenImage, writeLayout } from '../src/write-layout.ts'

/** A copy then takes some seconds. */
const BYTES_PER_SECOND = 400_000

async function namesOf(store: Store): Promise<readonly string[]> {
  return (await store.images.list()).map(({ name }) => name)
}

describe('a store beside skopeo', () => {
  withPeers(['skopeo'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let crossdock: Crossdock
    let image: WrittenImage
    let host: string
    let proxy: HoldingProxy

    beforeAll(async () => {
      ;({ fresh } = stack.use(await temporaryFolder()))
      crossdock = await createCrossdock(fresh('home'))
      ;({ host } = stack.use(await startRegistry()))
      proxy = stack.use(await startHoldingProxy(host, { bytesPerSecond: BYTES_PER_SECOND }))
      image = await writeLayout(fresh('image'), { layers: [600_000, 100_000], content: 'random' })
      await crossdock.done(['copy', '-q', `oci:${image.folder}:latest`, `docker://${host}/app:1`])
    })
    afterAll(() => stack.disposeAsync())

    it('loses nothing to a copy that knew only what was there when it began', async () => {
      const folder = fresh('store')
      await using store = await openStore({ folder })
      const skopeo = createSkopeo(paths.skopeo, crossdock.temporary)
      await skopeo.copy(`oci:${image.folder}:latest`, `oci:${folder}:localhost/before:1`)
      const { target } = await store.images.get('localhost/before:1')
      expect(target.digest).toBe(image.digest)

      proxy.reset()
      const other = await writeLayout(fresh('other'), { layers: [900_000], content: 'random' })
      await crossdock.done(['copy', '-q', `oci:${other.folder}:latest`, `docker://${host}/other:1`])
      const copying = skopeo.copy(`docker://${proxy.host}/other:1`, `oci:${folder}:localhost/theirs:1`)
      while (proxy.passed.toClient < 50_000) await delay(10)
      await store.images.put({ name: 'localhost/meanwhile:1', target })
      await store.images.put({ name: 'localhost/before:1', target: { ...target, annotations: { note: 'ours' } } })
      await copying

      expect((await store.images.get('localhost/before:1')).target.annotations).toEqual({ note: 'ours' })
      expect(await namesOf(store)).toEqual(['localhost/before:1', 'localhost/meanwhile:1', 'localhost/theirs:1'])
      expect(await namesIn(folder)).toEqual(
        new Map([
          ['localhost/before:1', image.digest],
          ['localhost/meanwhile:1', image.digest],
          ['localhost/theirs:1', other.digest],
        ]),
      )
      await store.collect({ minAgeMs: 0 })
      expect(await verifyLayout(folder)).toMatchObject({ problems: [], unreached: [] })
    })

    it('collects nothing that a copy has just brought and not yet named', async () => {
      const folder = fresh('store')
      await using store = await openStore({ folder })
      await store.images.list()
      const skopeo = createSkopeo(paths.skopeo, crossdock.temporary)
      proxy.reset()
      const copying = skopeo.copy(`docker://${proxy.host}/app:1`, `oci:${folder}:localhost/theirs:1`)
      while (proxy.passed.toClient < 650_000) await delay(10)
      await store.collect()
      await copying
      expect((await store.images.get('localhost/theirs:1')).target.digest).toBe(image.digest)
      expect(await verifyLayout(folder)).toMatchObject({ problems: [], unreached: [] })
    })
  })
})
