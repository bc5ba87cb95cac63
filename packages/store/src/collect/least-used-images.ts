import { type Digest, ImageError, type OperationOptions } from '@crossdock/core'
import { integerOf, textOf } from '../database/rows.ts'
import { imageFilter } from '../names/image-filters.ts'
import type { StoreContext } from '../store-context.ts'
import { storePaths } from '../store-paths.ts'
import type { PruneOptions } from '../store.ts'
import { findNeeded, needsOf } from './collect-garbage.ts'
import { appendTo } from './reference-graph.ts'
import { lookAtFile, type Referrers, surveyBlobs } from './survey.ts'

/** An image that may go. */
export interface UsedImage {
  readonly name: string
  /** Milliseconds since 1970. */
  readonly usedAt: number
}

/** Those of this namespace that match the filters, the last used first. */
export async function imagesByUse(
  { database, namespace, layout }: StoreContext,
  { filters = [], signal }: PruneOptions,
): Promise<readonly UsedImage[]> {
  const { where, values, matches } = imageFilter(filters)
  await layout.refresh({ signal })
  const rows = await database.read(
    (sql) =>
      sql.all(`SELECT * FROM image WHERE namespace = $namespace AND (${where}) ORDER BY used_at DESC, name`, {
        ...values,
        namespace,
      }),
    { signal },
  )
  return rows
    .filter((row) => matches(row))
    .map((row) => ({ name: textOf(row, 'name'), usedAt: integerOf(row, 'used_at') }))
}

export interface SizeLimit extends OperationOptions {
  readonly maxBytes: number
  /** Go anyway. */
  readonly going: readonly UsedImage[]
}

/**
 * Of the images, which come last used first, those that do not fit any more when all else that is needed, and the ones before them, take
 * their room. What several need counts once. None that something else keeps.
 */
export async function imagesBeyond(
  context: StoreContext,
  images: readonly UsedImage[],
  { maxBytes, going, signal }: SizeLimit,
): Promise<readonly UsedImage[]> {
  if (!(maxBytes >= 0)) throw new ImageError('INVALID_DATA', `${maxBytes} is no number of bytes`)
  const { namespace } = context
  const { blobs } = storePaths(context.folder)
  const names = new Set([...images, ...going].map(({ name }) => name))
  let bytes = 0
  const needs = needsOf(context, {
    roots: [],
    isUnneeded: (image) => image.namespace === namespace && names.has(image.name),
    onMarked: (digest) => {
      bytes += lookAtFile(blobs.pathOf(digest))?.size ?? 0
    },
  })
  needs.addReferrers(await allReferrers(context, { signal }))
  await findNeeded(context, needs, { signal })
  const isKept = ({ name }: UsedImage): boolean => needs.hasImage({ namespace, name })
  for (const [place, image] of images.entries()) {
    if (isKept(image)) continue
    needs.addImage({ namespace, name: image.name })
    await needs.find({ signal })
    if (bytes > maxBytes) return [image, ...images.slice(place + 1).filter((other) => !isKept(other))]
  }
  return []
}

/** Manifests by what they refer to, whatever else leads to them. */
async function allReferrers(context: StoreContext, options: OperationOptions): Promise<Referrers> {
  const needs = needsOf(context, { roots: [] })
  await findNeeded(context, needs, options)
  const { referrers } = await surveyBlobs(context, needs, options)
  const all = new Map<Digest, Digest[]>()
  for (const [subject, digests] of [...referrers, ...needs.subjects])
    for (const digest of digests) appendTo(all, subject, digest)
  return all
}
