import { createLeftovers, createTrust, type Leftovers, sweep, type Trust } from '@crossdock/blob-files'
import type { Descriptor, Digest } from '@crossdock/core'
import type { OpenOptions } from '../open-options.ts'
import { layoutPaths, type LayoutPaths } from './paths.ts'
import { createLayout } from './prepare.ts'
import type { Referrer } from './referrers.ts'

/** What one open destination knows and has done. */
export interface Session extends OpenOptions {
  readonly paths: LayoutPaths
  readonly trust: Trust
  readonly leftovers: Leftovers
  /** Makes the layout, once. */
  ready(): Promise<void>
  /** Blobs that were put or found, and that have to be there at the end. */
  readonly needed: Set<Digest>
  /** What the name will stand for. */
  top: Descriptor | undefined
  hasInstances: boolean
  readonly referrers: Referrer[]
}

export function createSession(opened: OpenOptions): Session {
  const paths = layoutPaths(opened.folder, opened.options.sharedBlobDir)
  let making: Promise<void> | undefined
  const make = async (): Promise<void> => {
    await createLayout(paths, opened.options)
    await sweep(paths.blobs, paths)
  }
  return {
    ...opened,
    paths,
    trust: createTrust(paths.blobs),
    leftovers: createLeftovers(paths.blobs),
    ready() {
      making ??= make().catch((reason: unknown) => {
        making = undefined // what failed may succeed when it is tried again
        throw reason
      })
      return making
    },
    needed: new Set(),
    top: undefined,
    hasInstances: false,
    referrers: [],
  }
}
