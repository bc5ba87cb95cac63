import { detachedSignature } from '@crossdock/archive'
import { judgeImage } from '@crossdock/copy'
import { ImageError, imageName, type ImageReference } from '@crossdock/core'
import type { ImageRecord } from '@crossdock/store'
import type { FinderContext } from './finder.ts'
import { type LayerOrigin, layerOrigins } from './layer-origins.ts'
import type { FindOptions } from './options.ts'
import { readingFrom } from './reading-from.ts'
import { sourceWith } from './source-with.ts'
import { publishedBy, storedArchive } from './stored-archive.ts'
import { isAci, unsigned } from './stored-image.ts'

interface StoredImage {
  /** What was asked for. */
  readonly reference: ImageReference
  readonly record: ImageRecord
}

/**
 * Judges an image of the store as what was asked for: by that name, by the signatures that it has in the store, and by that of the archive that it was made of.
 * So is each image that it has files of, by its own name. What is in the store is taken to be what was put there. Throws `REJECTED_BY_POLICY` as well for files of
 * an image that is no longer there.
 */
export async function judgeStored(
  context: FinderContext,
  { reference, record }: StoredImage,
  options: FindOptions,
): Promise<void> {
  if (options.signature !== undefined && !isAci(record)) throw unsigned(reference)
  if (options.admit === undefined) return
  await judgeOne(context, { reference, record }, options)
  for (const origin of await originsIn(context, record, options)) {
    try {
      await judgeOne(context, partOf(context, origin), { ...options, signature: undefined })
    } catch (reason) {
      if (!(reason instanceof ImageError)) throw reason
      const { code, message, side, cause = reason } = reason
      const image = imageName(reference)
      throw new ImageError(code, `${image} has files of ${origin.name}: ${message}`, { side, image, cause })
    }
  }
}

/** Whether all is there that has to be judged. */
export async function isJudgeable(context: FinderContext, record: ImageRecord, options: FindOptions): Promise<boolean> {
  if (options.admit === undefined) return true
  return (await originsIn(context, record, options)).every((origin) => origin.record !== undefined)
}

async function originsIn(
  { store, stored }: FinderContext,
  record: ImageRecord,
  { signal }: FindOptions,
): Promise<readonly LayerOrigin[]> {
  if (!isAci(record)) return []
  await using source = await stored.parseReference(record.target.digest).openSource({ signal })
  return await layerOrigins(store, { source, record }, { signal })
}

function partOf({ transports }: FinderContext, { name, imageId, record }: LayerOrigin): StoredImage {
  if (record !== undefined) return { reference: transports.parse(`appc:${name}`), record }
  const problem = `${imageId} is no longer in the store and cannot be judged; fetch the image again with the pull policy "update"`
  throw new ImageError('REJECTED_BY_POLICY', problem)
}

async function judgeOne(
  { stored }: FinderContext,
  { reference, record }: StoredImage,
  { admit, platforms, signature, signal, onProgress }: FindOptions,
): Promise<void> {
  const judged = readingFrom(reference, async (operation) => {
    const source = await stored.parseReference(record.target.digest).openSource(operation)
    return sourceWith(source, {
      reference,
      async getSignatures(instance, options) {
        const own = await source.getSignatures(instance, options)
        const kept = instance === undefined ? await storedArchive(source, record, options) : undefined
        const bytes = signature ?? kept?.signature
        if (kept === undefined || bytes === undefined) return own
        return [...own, detachedSignature(bytes, publishedBy(source, kept, record))]
      },
    })
  })
  await judgeImage(judged, { admit, platforms: isAci(record) ? 'all' : platforms, signal, onProgress })
}
