import type { Store } from '@crossdock/store'
import { nameOf } from './fill-store.ts'

/** Something that is done with a store of `images` images, by the command and, if there is such a thing, by the library. */
export interface StoreWork {
  readonly title: string
  /** The command line behind `crossdock`, without `--store`. */
  readonly command: (images: number) => readonly string[]
  readonly library?: ((store: Store, images: number) => Promise<void>) | undefined
  /** Whether it can be done once only. */
  readonly once?: boolean | undefined
}

/** Every hundredth image, and none of the first ten. */
const FILTER = 'name~=app[0-9]*77:1$'
const LABEL = 'labels.team==team7'
const REMOVED_TEAM = 'team3'

export const STORE_WORK: readonly StoreWork[] = [
  {
    title: 'get by name',
    command: (images) => ['inspect', '--raw', `store:${nameOf(images - 1)}`],
    library: async ({ images }, count) => void (await images.get(nameOf(count - 1))),
  },
  {
    title: 'list with a pattern',
    command: () => ['store', 'ls', '-q', '--filter', FILTER],
    library: async ({ images }) => void (await images.list([FILTER])),
  },
  {
    title: 'list by a label',
    command: () => ['store', 'ls', '-q', '--filter', LABEL],
    library: async ({ images }) => void (await images.list([LABEL])),
  },
  {
    title: 'list all, with what is there of each',
    command: () => ['store', 'ls', '--format', '{{.Name}} {{.Size}}'],
  },
  {
    title: 'pull of an image that is there',
    command: (images) => ['store', 'pull', '-q', '--platform', 'linux/amd64', `docker://${nameOf(images - 1)}`],
  },
  {
    title: 'give it one more name',
    command: (images) => ['store', 'tag', '-q', nameOf(images - 1), 'localhost/more:1'],
  },
  {
    title: 'gc with nothing to remove',
    command: () => ['store', 'gc', '-q', '--min-age', '0'],
    library: async (store) => void (await store.collect({ minAgeMs: 0 })),
  },
  {
    title: 'remove every fiftieth image, with its blobs',
    command: () => [
      'store',
      'prune',
      '-q',
      '--min-age',
      '0',
      '--unused-for',
      '0',
      '--filter',
      `labels.team==${REMOVED_TEAM}`,
    ],
    once: true,
  },
]
