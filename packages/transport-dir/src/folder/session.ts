import { type BlobSession, createBlobSession, sweep } from '@crossdock/blob-files'
import type { Digest, ManifestBytes } from '@crossdock/core'
import type { OpenOptions } from '../open-options.ts'
import { folderPaths, type FolderPaths } from './paths.ts'
import { createImageFolder } from './prepare.ts'

/** What one open destination knows and has done. */
export interface Session extends OpenOptions, BlobSession {
  readonly paths: FolderPaths
  /** Manifests that were put under their digests. */
  readonly instances: Set<Digest>
  /** What the folder will stand for. */
  top: ManifestBytes | undefined
  /** The files of signatures, by the manifest that was signed; undefined is `top`. */
  readonly signatures: Map<Digest | undefined, readonly Uint8Array[]>
}

export function createSession(opened: OpenOptions): Session {
  const paths = folderPaths(opened.folder)
  const make = async (): Promise<void> => {
    await createImageFolder(paths, opened.options)
    await sweep(paths.blobs)
  }
  return {
    ...opened,
    ...createBlobSession({ ...opened.options, blobs: paths.blobs, make }),
    paths,
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
