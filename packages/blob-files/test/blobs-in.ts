import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { digestEncoded } from '@crossdock/core'
import { type BlobPaths, blobPaths } from '../src/blob-paths.ts'

/** Blobs in the folder itself, by the encoded part of their digests. */
export async function blobsIn(folder: string): Promise<BlobPaths> {
  const work = join(folder, 'work')
  const blobs = blobPaths({ folder, work, pathOf: (digest) => join(folder, digestEncoded(digest)) })
  await mkdir(blobs.partial, { recursive: true })
  return blobs
}

/** Files that are neither blobs, nor wait to be resumed, nor vouch for blobs. */
export async function strayFiles(folder: string): Promise<string[]> {
  const found = await readdir(join(folder, 'work'), { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => entry.isFile()).map(({ name }) => name)
  return files.filter((name) => name !== 'stamps' && !name.endsWith('.kept'))
}
