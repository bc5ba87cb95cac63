import { stat } from 'node:fs/promises'
import { blobSize, ifExists, naming, openBlob, pathError } from '@crossdock/blob-files'
import { ImageError, type ImageSource, type ManifestBytes, type OperationOptions } from '@crossdock/core'
import { hasDigest, readInstance, readTop } from './folder/manifests.ts'
import { folderPaths, type FolderPaths } from './folder/paths.ts'
import { readSignatures } from './folder/signatures.ts'
import { readVersion } from './folder/version.ts'
import type { OpenOptions } from './open-options.ts'

/**
 * Opens the folder as it is now: another image that is written to it later is not seen. Nothing is looked into, so that a manifest
 * has a media type that says nothing. Throws `NOT_FOUND` for a missing folder or image.
 */
export async function openSource(opened: OpenOptions, operation: OperationOptions = {}): Promise<ImageSource> {
  operation.signal?.throwIfAborted()
  const { reference, folder } = opened
  const paths = folderPaths(folder)
  const top = await openTop(paths)
  operation.signal?.throwIfAborted()
  return Object.freeze<ImageSource>({
    reference,
    traits: Object.freeze({ parallelBlobs: 16, rangeReads: true }),
    async getManifest(instance, getOptions) {
      getOptions?.signal?.throwIfAborted()
      if (instance === undefined) return top
      return isTop(top, instance) ? { ...top, digest: instance } : await readInstance(paths, instance)
    },
    getBlob: (blob, getOptions) => openBlob(paths.blobs, blob, getOptions),
    blobSize: (digest, sizeOptions) => blobSize(paths.blobs, digest, sizeOptions),
    async getSignatures(instance, getOptions) {
      getOptions?.signal?.throwIfAborted()
      const signed = instance === undefined || isTop(top, instance) ? undefined : instance
      return await readSignatures(paths, signed, getOptions)
    },
    async [Symbol.asyncDispose]() {},
  })
}

function isTop(top: ManifestBytes, digest: ManifestBytes['digest']): boolean {
  return top.digest === digest || (digest.startsWith('sha512:') && hasDigest(top.bytes, digest))
}

async function openTop(paths: FolderPaths): Promise<ManifestBytes> {
  const { root } = paths
  const found = await naming('look at', root, () => ifExists(stat(root)))
  if (found === undefined) throw pathError('NOT_FOUND', root, 'does not exist; a "dir:" image is a folder')
  if (!found.isDirectory()) throw pathError('INVALID_DATA', root, 'is a file; a "dir:" image is a folder')
  await readVersion(paths)
  try {
    return await readTop(paths)
  } catch (reason) {
    if (!(reason instanceof ImageError) || reason.code !== 'NOT_FOUND') throw reason
    throw new ImageError('NOT_FOUND', `${reason.message}: the folder holds no image`, { cause: reason })
  }
}
