import { detachedSignature } from '@crossdock/archive'
import { judgeImage } from '@crossdock/copy'
import { ImageError, type ImageReference, type OperationOptions, quoteForeign } from '@crossdock/core'
import { type AppName, hostPlatform, labelChoices, parseAppName } from '@crossdock/formats'
import type { ImageRecord, Store } from '@crossdock/store'
import type { FinderContext, FoundImage } from './finder.ts'
import type { FindOptions } from './options.ts'
import { readingFrom } from './reading-from.ts'
import { fits, ID_LABEL, isAlone, NAME_LABEL } from './record-labels.ts'
import { sourceWith } from './source-with.ts'
import { publishedBy, storedArchive } from './stored-archive.ts'
import { storedName } from './stored-name.ts'

/** What a reference stands for in the store, with all that is needed of it; undefined if it is not there. */
export async function findStored(
  context: FinderContext,
  reference: ImageReference,
  options: FindOptions,
): Promise<ImageRecord | undefined> {
  const { store, cache } = context
  const record = await recordFor(store, reference, options)
  if (record === undefined || (isAlone(record.labels) && options.withDependencies !== false)) return undefined
  const { signal, onProgress } = options
  const platforms = isAci(record) ? 'all' : options.platforms
  const target = await cache.findComplete(record.name, { platforms, signal, onProgress })
  return target?.digest === record.target.digest ? record : undefined
}

async function recordFor(
  store: Store,
  reference: ImageReference,
  options: FindOptions,
): Promise<ImageRecord | undefined> {
  const name = options.name ?? storedName(reference)
  if (reference.transport.name === 'appc')
    return await findApp(store, parseAppName(reference.toString()), { name, ...options })
  try {
    return await store.images.get(name, options)
  } catch (reason) {
    if (reason instanceof ImageError && reason.code === 'NOT_FOUND') return undefined
    throw reason
  }
}

export interface FindAppOptions extends OperationOptions {
  /** The one that is taken if several fit. */
  readonly name?: string | undefined
}

/**
 * An App Container Image by name and labels, whatever it is called in the store: one for this machine's platform before one that says none; of those the one
 * with that very name, else the one that was stored last.
 */
export async function findApp(
  { images }: Pick<Store, 'images'>,
  app: AppName,
  { name, signal }: FindAppOptions = {},
): Promise<ImageRecord | undefined> {
  const records = await images.list([`labels.${JSON.stringify(NAME_LABEL)}==${JSON.stringify(app.name)}`], { signal })
  const latest = records.toSorted((one, other) => other.updatedAt.getTime() - one.updatedAt.getTime())
  for (const choice of labelChoices(app, hostPlatform())) {
    const fitting = latest.filter(({ labels }) => fits(labels, choice))
    const found = fitting.find((record) => record.name === name) ?? fitting[0]
    if (found !== undefined) return found
  }
  return undefined
}

/** The image of an ID, or of the beginning of one, that has the name and labels. */
export async function findImageOf(
  store: Pick<Store, 'images'>,
  { imageId, app }: { readonly imageId: string; readonly app: AppName },
  options: OperationOptions,
): Promise<ImageRecord | undefined> {
  return (await imagesWithId(store, imageId, options)).find(({ labels }) => fits(labels, app))
}

async function imagesWithId(
  { images }: Pick<Store, 'images'>,
  prefix: string,
  { signal }: OperationOptions,
): Promise<readonly ImageRecord[]> {
  return await images.list([`labels.${JSON.stringify(ID_LABEL)}~=${JSON.stringify(`^${prefix}`)}`], { signal })
}

/** The image whose ID begins so. Throws `NOT_FOUND`, `CONFLICT` if several do. */
export async function findId(
  store: Pick<Store, 'images'>,
  prefix: string,
  options: OperationOptions = {},
): Promise<ImageRecord> {
  const records = await imagesWithId(store, prefix, options)
  const ids = new Set(records.map(({ labels }) => labels[ID_LABEL]))
  const [record] = records
  const shown = quoteForeign(prefix, 150)
  if (record === undefined) throw new ImageError('NOT_FOUND', `the store has no image whose ID begins with ${shown}`)
  if (ids.size === 1) return record
  throw new ImageError('CONFLICT', `the IDs of ${ids.size} images in the store begin with ${shown}; give more of it`)
}

/**
 * Judges an image of the store as what was asked for: by that name, by the signatures that it has in the store, and by that of the archive that it was made of.
 * What is in the store is taken to be what was put there.
 */
export async function judgeStored(
  { stored }: FinderContext,
  { reference, record }: { readonly reference: ImageReference; readonly record: ImageRecord },
  { admit, platforms, signal, onProgress }: FindOptions,
): Promise<void> {
  if (admit === undefined) return
  const judged = readingFrom(reference, async (operation) => {
    const source = await stored.parseReference(record.target.digest).openSource(operation)
    return sourceWith(source, {
      reference,
      async getSignatures(instance, options) {
        const own = await source.getSignatures(instance, options)
        const kept = instance === undefined ? await storedArchive(source, record, options) : undefined
        if (kept?.signature === undefined) return own
        return [...own, detachedSignature(kept.signature, publishedBy(source, kept, record))]
      },
    })
  })
  await judgeImage(judged, { admit, platforms: isAci(record) ? 'all' : platforms, signal, onProgress })
}

export function isAci({ labels }: Pick<ImageRecord, 'labels'>): boolean {
  return labels[ID_LABEL] !== undefined
}

/** An image that was there. */
export function foundIn(
  { stored }: FinderContext,
  { name, target, labels }: ImageRecord,
  from?: ImageReference,
): FoundImage {
  const reference = stored.parseReference(name)
  return { reference, name, target, from, isFetched: false, imageId: labels[ID_LABEL], dependencies: [] }
}
