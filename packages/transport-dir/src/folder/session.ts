import { createLeftovers, createTrust, type Leftovers, sweep, type Trust } from '@crossdock/blob-files'
import type { Digest, ManifestBytes } from '@crossdock/core'
import type { OpenOptions } from '../open-options.ts'
import { folderPaths, type FolderPaths } from './paths.ts'
import { createImageFolder } from './prepare.ts'

/** What one open destination knows and has done. */
export interface Session extends OpenOptions {
  readonly paths: FolderPaths
  readonly trust: Trust
  readonly leftovers: Leftovers
  /** Makes the folder, once. */
  ready(): Promise<void>
  /** Blobs that were put or found, and that have to be there at the end. */
  readonly blobs: Set<Digest>
  /** Manifests that were put under their digests. */
  readonly instances: Set<Digest>
  /** What the folder will stand for. */
  top: ManifestBytes | undefined
  /** The files of signatures, by the manifest that was signed; undefined is `top`. */
  readonly signatures: Map<Digest | undefined, readonly Uint8Array[]>
}

export function createSession(opened: OpenOptions): Session {
  const paths = folderPaths(opened.folder)
  let making: Promise<void> | undefined
  const make = async (): Promise<void> => {
    await createImageFolder(paths, opened.options)
    await sweep(paths.blobs)
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
    blobs: new Set(),
    instances: new Set(),
    top: undefined,
    signatures: new Map(),
  }
}

/** The files of signatures as they will be named. Those of the top may have been put under its digest. */
export function signatureFiles({ signatures, top, instances }: Session): Session['signatures'] {
  const files = new Map(signatures)
  const own = top === undefined || instances.has(top.digest) ? undefined : files.get(top.digest)
  if (top === undefined || own === undefined) return files
  files.delete(top.digest)
  return files.set(undefined, files.get(undefined) ?? own)
}
