import { type Digest, ImageError, type OperationOptions } from '@crossdock/core'
import { integerOf, textOf } from '../database/rows.ts'
import { imageFilter } from '../names/image-filters.ts'
import type { StoreContext } from '../store-context.ts'
import { storePaths } from '../store-paths.ts'
import type { PruneOptions } from '../store.ts'
import { type SubjectKey, subjectOfName } from './attached-names.ts'
import { findNeeded, needsOf } from './collect-garbage.ts'
import { appendTo } from './reference-graph.ts'
import { lookAtFile, type Referrers, surveyBlobs } from './survey.ts'

/** An image that may go. */
export interface UsedImage {
  readonly name: string
  /** Milliseconds since 1970. */
  readonly usedAt: number
}

/** Those of this namespace that match the filters, the last used first. What is attached to another image goes with that, and is none. */
export async function imagesByUse(context: StoreContext, options: PruneOptions): Promise<readonly UsedImage[]> {
  const images = await matchingImages(context, options)
  if (images.every(({ name }) => subjectOfName(name) === undefined)) return images
  const { unknownSubjects } = await lookAround(context, options)
  return images.filter(({ name }) => {
    const subject = subjectOfName(name)
    return subject === undefined || unknownSubjects.has(subject)
  })
}

async function matchingImages(
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
  const { referrers, unknownSubjects } = await lookAround(context, { signal })
  needs.addReferrers(referrers)
  needs.keepAttached(({ subject }) => unknownSubjects.has(subject))
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

/** What does not depend on which images go. */
interface Surroundings {
  /** Manifests by what they refer to, whatever else leads to them. */
  readonly referrers: Referrers
  readonly unknownSubjects: ReadonlySet<SubjectKey>
}

async function lookAround(context: StoreContext, { signal }: OperationOptions): Promise<Surroundings> {
  const needs = needsOf(context, { roots: [] })
  await findNeeded(context, needs, { signal })
  const { referrers, unknownSubjects } = await surveyBlobs(context, needs, { signal })
  const all = new Map<Digest, Digest[]>()
  for (const [subject, digests] of [...referrers, ...needs.subjects])
    for (const digest of digests) appendTo(all, subject, digest)
  return { referrers: all, unknownSubjects }
}
