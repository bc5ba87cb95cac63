import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { ifExists, naming } from '@crossdock/blob-files'
import { type Digest, isDigest, type OperationOptions } from '@crossdock/core'
import type { ContentInfo } from '../contents.ts'
import { matchFilters, memberOf } from '../filters/match-filters.ts'
import type { Labels } from '../labels.ts'
import type { StoreContext } from '../store-context.ts'
import type { StorePaths } from '../store-paths.ts'
import { type ContentFiles, contentFiles } from './content-files.ts'
import { infoOf } from './content-info.ts'
import { type ContentKnowledge, findContent, isVisible } from './content-rows.ts'

/** So many blobs are looked up in one transaction. */
const AT_ONCE = 64

/** The blobs that the namespace sees and that match one of the filters, in no order. Throws `INVALID_DATA` for a filter that is none. */
export async function* listContent(
  context: StoreContext,
  filters: readonly string[] = [],
  options: OperationOptions = {},
): AsyncGenerator<ContentInfo> {
  const files = contentFiles(context)
  const matches = matchFilters(filters, fieldOf)
  for await (const digests of digestsIn(files.paths, AT_ONCE)) {
    options.signal?.throwIfAborted()
    const known = await context.database.read((sql) =>
      digests.map((digest) => ({ digest, known: findContent(sql, digest, context) })),
    )
    const wanted = known.filter((one) => isVisible(one.known, context) && matches(one))
    yield* (await Promise.all(wanted.map((one) => lookAt(files, one)))).filter((info) => info !== undefined)
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
    if (batch.length > 0) yield batch
  }
}

interface Listed {
  readonly digest: Digest
  readonly known: ContentKnowledge
}

/** Undefined if it was removed meanwhile. */
async function lookAt(files: ContentFiles, { digest, known }: Listed): Promise<ContentInfo | undefined> {
  const file = await files.look(digest)
  return file && infoOf(digest, file, known)
}

function fieldOf(listed: Listed, [first = '', ...rest]: readonly string[]): string | undefined {
  if (first === 'labels' && rest.length > 0) return memberOf(labelsOf(listed), rest)
  return first === 'digest' && rest.length === 0 ? listed.digest : undefined
}

function labelsOf({ known }: Listed): Labels {
  return known.kind === 'recorded' ? known.record.labels : {}
}
