import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { runImageNamesCases, type ImageNamesFixture } from '../../src/conformance/index.ts'
import { openStore } from '../../src/open-store.ts'

async function fixtureWith(database?: string): Promise<ImageNamesFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-store-'))
  const store = await openStore({ folder, database, durability: 'fast', clock: { now: () => Date.now() } })
  return {
    images: store.images,
    namespace: (name) => store.namespace(name).images,
    dispose: async () => {
      await store[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

runImageNamesCases({ test: it, describe, title: 'image names in a file', fixture: async () => await fixtureWith() })
runImageNamesCases({
  test: it,
  describe,
  title: 'image names in memory',
  fixture: async () => await fixtureWith(':memory:'),
})
