import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { ifExists, naming, openBlob, openRegular, readFully } from '@crossdock/blob-files'
import { type Digest, ImageError, isDigest, type OperationOptions, quoteForeign, shortDigest } from '@crossdock/core'
import type { ContentHandle, ContentInfo, ContentStore } from '../contents.ts'
import { matchFilters, memberOf } from '../filters/match-filters.ts'
import { type Labels, withEntry } from '../labels.ts'
import type { StoreContext } from '../store-context.ts'
import type { StorePaths } from '../store-paths.ts'
import { type ContentFile, contentFiles } from './content-files.ts'
import {
  type ContentKnowledge,
  findContent,
  forgetContent,
  isVisible,
  noContent,
  updateContent,
} from './content-rows.ts'
import { createIngests } from './ingests.ts'

/** So many blobs are looked up in one transaction. */
const LIST_AT_ONCE = 64

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

  /** Those of the batch that are there and match. */
  async function lookAt(digests: readonly Digest[], matches: (one: ContentFields) => boolean): Promise<ContentInfo[]> {
    const known = await database.read((sql) => digests.map((digest) => findContent(sql, digest, context)))
    const wanted = digests.flatMap((digest, at) => {
      const found = known[at]
      if (found === undefined || !isVisible(found, context)) return []
      return matches({ digest, labels: labelsOf(found) }) ? [{ digest, found }] : []
    })
    const looked = await Promise.all(wanted.map(async (one) => ({ ...one, file: await files.look(one.digest) })))
    return looked.flatMap(({ digest, found, file }) => (file === undefined ? [] : [infoOf(digest, file, found)]))
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
    async *list(filters = [], options) {
      const matches = matchFilters(filters, fieldOf)
      for await (const digests of digestsIn(paths, LIST_AT_ONCE)) {
        options?.signal?.throwIfAborted()
        yield* await lookAt(digests, matches)
      }
    },
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

/** The blobs that have files, several at once, in no order. Files with other names are passed over. */
export async function* digestsIn(
  { blobs }: Pick<StorePaths, 'blobs'>,
  atOnce: number,
): AsyncGenerator<readonly Digest[]> {
  for (const algorithm of ['sha256', 'sha512']) {
    const path = join(blobs.folder, algorithm)
    const folder = await naming('read the folder', path, () => ifExists(opendir(path)))
    let batch: Digest[] = []
    for await (const { name } of folder ?? []) {
      const digest = `${algorithm}:${name}`
      if (isDigest(digest)) batch.push(digest)
      if (batch.length < atOnce) continue
      yield batch
      batch = []
    }
    yield batch
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

/** What the record says, and the file where there is none. */
function infoOf(digest: Digest, { size, modifiedAt }: ContentFile, found: ContentKnowledge): ContentInfo {
  if (found.kind === 'recorded') return { ...found.record, size }
  return { digest, size, createdAt: modifiedAt, updatedAt: modifiedAt, labels: {} }
}

interface ContentFields {
  readonly digest: Digest
  readonly labels: Labels
}

function labelsOf(found: ContentKnowledge): Labels {
  return found.kind === 'recorded' ? found.record.labels : {}
}

function fieldOf({ digest, labels }: ContentFields, [first = '', ...rest]: readonly string[]): string | undefined {
  if (first === 'labels' && rest.length > 0) return memberOf(labels, rest)
  return first === 'digest' && rest.length === 0 ? digest : undefined
}

const LABEL = 'labels.'

/** What `update` does. Throws `INVALID_DATA` for a path that is none. */
function labelChange(labels: Labels, paths: readonly string[] = ['labels']): (old: Labels) => Labels {
  for (const path of paths) {
    if (path !== 'labels' && (!path.startsWith(LABEL) || path === LABEL))
      throw new ImageError(
        'INVALID_DATA',
        `"${quoteForeign(path, 100)}" of a blob cannot be changed, only labels and labels.KEY`,
      )
  }
  return (old) =>
    paths.reduce((all: Labels, path) => {
      if (path === 'labels') return labels
      const key = path.slice(LABEL.length)
      return withEntry(all, key, Object.hasOwn(labels, key) ? labels[key] : undefined)
    }, old)
}
