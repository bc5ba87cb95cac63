import { createTransportRegistry } from '@crossdock/core'
import { openStore, type Store, storeTransport } from '@crossdock/store'
import { expect, onTestFinished } from 'vitest'
import { createFinder, type Finder, type FinderOptions } from '../src/index.ts'
import { type AciParts, aciOf } from './archives.ts'
import { createShelf, type Lying, type Shelf } from './shelf.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface TestFinder extends Finder {
  readonly store: Store
  readonly shelf: Shelf
  /** Lays an archive on the shelf. The name is that of its image with its version, if none is given. */
  put(parts: AciParts, name?: string): Promise<Uint8Array>
  /** What has been opened since this was asked last. */
  opened(): readonly string[]
  /** What each name in the store stands for; what is attached to others has none here. */
  names(): Promise<Readonly<Record<string, string>>>
  /** How many blobs the store has. */
  blobs(): Promise<number>
}

const TRANSPORTS: readonly string[] = ['docker', 'appc', 'https', 'http', 'aci', 'oci-archive', 'docker-archive', 'dir']

/** A finder whose images lie on a shelf and in a store of its own. All that it opens has to be closed when the test is over. */
export async function testFinder(
  lying: Readonly<Record<string, Lying>> = {},
  options: Partial<FinderOptions> = {},
): Promise<TestFinder> {
  const store = await openStore({ folder: await temporaryFolder(), durability: 'fast' })
  onTestFinished(async () => await store[Symbol.asyncDispose]())
  const shelf = createShelf()
  onTestFinished(() => expect(shelf.openNow, `what is still open of ${shelf.opened.join(', ')}`).toBe(0))
  for (const [name, image] of Object.entries(lying)) shelf.images.set(name, image)
  const transports = createTransportRegistry([
    ...TRANSPORTS.map((name) => shelf.transport(name)),
    storeTransport({ store }),
  ])
  const finder = createFinder({ store, transports, ...options })
  return {
    ...finder,
    store,
    shelf,
    async put(parts, name = nameOf(parts)) {
      const archive = await aciOf(parts)
      shelf.images.set(name, { archive })
      return archive
    },
    opened: () => shelf.opened.splice(0),
    async names() {
      const records = await store.images.list()
      const named = records.filter(({ name }) => !/^sha256-[0-9a-f]{64}/.test(name))
      return Object.fromEntries(named.map(({ name, target }) => [name, target.digest]))
    },
    async blobs() {
      let count = 0
      for await (const _ of store.content.list()) count += 1
      return count
    },
  }
}

function nameOf({ name, labels = {} }: AciParts): string {
  return `appc:${name}${labels['version'] === undefined ? '' : `:${labels['version']}`}`
}

/** An error with this code and this in its message. */
export function failure(code: string, text = ''): unknown {
  return expect.objectContaining({ code, message: expect.stringContaining(text) })
}
