import type { Lock } from '@crossdock/blob-files'
import type { OperationOptions } from '@crossdock/core'
import { emptyLayoutIndex, type LayoutIndex } from '@crossdock/formats'
import type { Sql } from '../database/database.ts'
import type { StoreContext } from '../store-context.ts'
import { adoptIndex } from './adopt-index.ts'
import type { IndexFile, IndexState } from './index-file.ts'
import { entryImage, imageEntry } from './named-entries.ts'
import { readProjection, setProjected, setStamp, settleNames, unsetProjected } from './projection-rows.ts'
import { type ImageChanges, withImages } from './with-images.ts'

export interface SyncedLayout extends Pick<StoreContext, 'database' | 'durable' | 'clock'> {
  readonly file: IndexFile
  /** The file in messages. */
  readonly what: string
}

export interface SyncOptions extends OperationOptions {
  /** Is held. */
  readonly lock: Pick<Lock, 'assertHeld'>
}

/**
 * Makes `index.json` and the names of the default namespace the same: first what others changed in the file goes into the database, then what
 * was noted there into the file. A crash between two steps leaves what makes the next run do the same.
 */
export async function syncLayout(
  layout: SyncedLayout,
  { lock, ...options }: SyncOptions,
): Promise<IndexState & { readonly index: LayoutIndex }> {
  const { file, database, durable, clock } = layout
  const found = await file.read(options)
  let state = await database.read(readProjection, options)
  if (state.stamp !== found.stamp)
    state = await database.write((sql) => {
      adoptIndex(sql, found, clock.now())
      return readProjection(sql)
    }, options)
  const { noted, images } = state
  const index = withImages(found.index ?? emptyLayoutIndex(layout.what), images)
  const isWritten = index === found.index
  const written = isWritten ? found : await file.write(index, { durable, beforeRename: () => lock.assertHeld() })
  if (!isWritten || noted.length > 0)
    await database.write((sql) => {
      settleImages(sql, images, clock.now())
      settleNames(sql, noted)
      setStamp(sql, written.stamp)
    }, options)
  return { index, stamp: written.stamp }
}

/** Notes what was written of the images, as it is read. */
function settleImages(sql: Sql, images: ImageChanges, now: number): void {
  for (const [name, image] of images) {
    const written = image === undefined ? undefined : entryImage(imageEntry(image, undefined))
    if (written === undefined) unsetProjected(sql, name)
    else setProjected(sql, written, now)
  }
}
