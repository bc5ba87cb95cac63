import { naming, openBlob, openRegular, readFully } from '@crossdock/blob-files'
import { type Digest, ImageError, type OperationOptions, shortDigest } from '@crossdock/core'
import type { ContentHandle, ContentInfo, ContentStore } from '../contents.ts'
import type { StoreContext } from '../store-context.ts'
import { type ContentFile, contentFiles } from './content-files.ts'
import { infoOf } from './content-info.ts'
import {
  type ContentKnowledge,
  findContent,
  forgetContent,
  isVisible,
  noContent,
  updateContent,
} from './content-rows.ts'
import { createIngests } from './ingests.ts'
import { labelChange } from './label-change.ts'
import { listContent } from './list-content.ts'

/** The blobs of a store, as one namespace sees them. Writes nothing before something is brought in or changed. */
export function createContentStore(context: StoreContext): ContentStore {
  const { database } = context
  const files = contentFiles(context)
  const { paths } = files

  async function know(digest: Digest, options?: OperationOptions): Promise<ContentKnowledge> {
    return await database.read((sql) => findContent(sql, digest, context), options)
  }

  async function requireVisible(digest: Digest, options?: OperationOptions): Promise<ContentKnowledge> {
    options?.signal?.throwIfAborted()
    const found = await know(digest, options)
    if (!isVisible(found, context)) throw noContent(digest)
    return found
  }

  async function requireFile(digest: Digest): Promise<ContentFile> {
    const file = await files.look(digest)
    if (file === undefined) throw noContent(digest)
    return file
  }

  async function info(digest: Digest, options?: OperationOptions): Promise<ContentInfo> {
    const found = await requireVisible(digest, options)
    return infoOf(digest, await requireFile(digest), found)
  }

  return {
    ...createIngests(context),
    info,
    async has(digest, options) {
      options?.signal?.throwIfAborted()
      return isVisible(await know(digest, options), context) && (await files.look(digest)) !== undefined
    },
    async update(digest, labels, updatePaths) {
      const change = labelChange(labels, updatePaths)
      const fallback = await info(digest)
      return await database.write((sql) => updateContent(sql, context, fallback, change))
    },
    list: (filters, options) => listContent(context, filters, options),
    async delete(digest, options) {
      await requireVisible(digest, options)
      const { size } = await requireFile(digest)
      await database.write((sql) => forgetContent(sql, context, { digest, size }), options)
    },
    async open(digest, options) {
      await requireVisible(digest, options)
      return await openHandle(paths.blobs.pathOf(digest), digest)
    },
    async read(blob, options) {
      await requireVisible(blob.digest, options)
      return await openBlob(paths.blobs, blob, options)
    },
  }
}

async function openHandle(path: string, digest: Digest): Promise<ContentHandle> {
  const { handle, size } = await openRegular(path, `blob ${shortDigest(digest)}`)
  return {
    size,
    async readAt(buffer, position) {
      if (!Number.isSafeInteger(position) || position < 0)
        throw new ImageError('INVALID_DATA', `${position} is no place in a blob`)
      return await naming('read', path, () => readFully(handle, buffer, position))
    },
    async [Symbol.asyncDispose]() {
      await handle.close()
    },
  }
}
