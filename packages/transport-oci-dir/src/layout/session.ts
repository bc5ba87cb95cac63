import { type BlobSession, createBlobSession, sweep } from '@crossdock/blob-files'
import type { Descriptor, Digest } from '@crossdock/core'
import type { AddSignaturesOptions, Referrer } from '@crossdock/formats'
import type { OpenOptions } from '../open-options.ts'
import { layoutPaths, type LayoutPaths } from './paths.ts'
import { createLayout } from './prepare.ts'

/** What one open destination knows and has done. */
export interface Session extends OpenOptions, BlobSession {
  readonly paths: LayoutPaths
  /** What the name will stand for. */
  top: Descriptor | undefined
  hasInstances: boolean
  readonly referrers: Referrer[]
  /** Every manifest that was put. */
  readonly put: Map<Digest, Descriptor>
  /** Manifests that were put under further names, by those names. */
  readonly tags: Map<string, Descriptor>
  /** By the digest of what was signed. */
  readonly signatures: Map<Digest, AddSignaturesOptions>
}

export function createSession(opened: OpenOptions): Session {
  const paths = layoutPaths(opened.folder, opened.options.sharedBlobDir)
  const make = async (): Promise<void> => {
    await createLayout(paths, opened.options)
    await sweep(paths.blobs, paths)
  }
  return {
    ...opened,
    ...createBlobSession({ ...opened.options, blobs: paths.blobs, make }),
    paths,
    top: undefined,
    hasInstances: false,
    referrers: [],
    put: new Map(),
    tags: new Map(),
    signatures: new Map(),
  }
}
