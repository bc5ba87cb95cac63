import type { ImageSource, OperationOptions } from '@crossdock/core'
import { unparsedImage } from '@crossdock/core'
import { type AciLayerOrigin, imageOf, parseLayerOrigin, readDocument } from '@crossdock/formats'
import type { ImageRecord, Store } from '@crossdock/store'
import { imageIdOf } from './record-labels.ts'
import { findImageOf } from './find-record.ts'

/** What an image in the store has files of besides its own. */
export interface LayerOrigin extends AciLayerOrigin {
  /** Undefined if that image is no longer in the store. */
  readonly record: ImageRecord | undefined
}

/** Of an App Container Image those of its dependencies that gave it files; of any other image none. `source` is of the image. */
export async function layerOrigins(
  store: Pick<Store, 'images'>,
  { source, record }: { readonly source: ImageSource; readonly record: ImageRecord },
  operation: OperationOptions = {},
): Promise<readonly LayerOrigin[]> {
  const own = imageIdOf(record)
  if (own === undefined) return []
  const document = await readDocument(unparsedImage(source), operation)
  const { history } = await imageOf(document, source).config(operation)
  const found = history.flatMap(({ createdBy = '' }) => parseLayerOrigin(createdBy) ?? [])
  const others = new Map(found.filter(({ imageId }) => imageId !== own).map((origin) => [origin.imageId, origin]))
  return await Promise.all(
    [...others.values()].map(async ({ name, imageId }) => {
      const app = { name, labels: new Map<string, string>() }
      return { name, imageId, record: await findImageOf(store, { imageId, app }, operation) }
    }),
  )
}
