import { mkdir, readdir, stat, unlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { openFile, type RandomAccess, readAccess } from '@crossdock/archive'
import { ifExists, naming } from '@crossdock/blob-files'
import { createHasher, type Digest, digestAlgorithm, digestEncoded, ImageError } from '@crossdock/core'

/** Downloads that are complete, each a file that is named by its digest. */
export interface ContentFolder {
  /** The file of a content, whether it is there or not. */
  readonly pathOf: (digest: Digest) => string
  /** Makes the folder. */
  prepare(): Promise<void>
  /** Whether the content is there and has its digest; all of it is read. What has another one is removed. */
  holds(digest: Digest, signal?: AbortSignal): Promise<boolean>
  /** Undefined if it is not there. */
  open(digest: Digest): Promise<RandomAccess | undefined>
  remove(digest: Digest): Promise<void>
  /** Removes what was not used for so long. */
  sweep(olderThanMs: number): Promise<void>
}

export function contentFolder(folder: string): ContentFolder {
  const pathOf = (digest: Digest): string => join(folder, `${digestAlgorithm(digest)}-${digestEncoded(digest)}`)
  const open = async (digest: Digest): Promise<RandomAccess | undefined> => {
    try {
      return await openFile(pathOf(digest))
    } catch (reason) {
      if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
      throw reason
    }
  }
  return {
    pathOf,
    open,
    prepare: async () => {
      await naming('create the folder', folder, () => mkdir(folder, { recursive: true, mode: 0o700 }))
    },
    async holds(digest, signal) {
      await using access = await open(digest)
      if (access === undefined) return false
      const hasher = createHasher(digestAlgorithm(digest))
      for await (const chunk of readAccess(access, { signal })) hasher.update(chunk)
      if (hasher.digest() !== digest) {
        await removeFile(pathOf(digest))
        return false
      }
      const now = new Date()
      await utimes(pathOf(digest), now, now).catch(() => undefined) // it is only swept earlier
      return true
    },
    remove: (digest) => removeFile(pathOf(digest)),
    async sweep(olderThanMs) {
      for (const name of (await ifExists(readdir(folder))) ?? []) {
        const found = await ifExists(stat(join(folder, name)))
        if (found !== undefined && Date.now() - found.mtimeMs > olderThanMs) await removeFile(join(folder, name))
      }
    },
  }
}

async function removeFile(path: string): Promise<void> {
  await naming('remove', path, () => ifExists(unlink(path)))
}
