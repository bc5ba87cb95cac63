import { ImageError } from '@crossdock/core'
import { quotePath } from '@crossdock/blob-files'
import type { Database } from '../database/database.ts'
import type { Clock } from '../store-context.ts'
import { storePaths } from '../store-paths.ts'
import { adoptIndex } from './adopt-index.ts'
import type { LayoutProjection } from './create-projection.ts'
import { createIndexFile } from './index-file.ts'
import { readStamp } from './projection-rows.ts'

export interface ReadOnlyProjectionOptions {
  readonly folder: string
  /** Of what is known of the names. */
  readonly copy: Database
  readonly clock: Clock
}

/** Takes over what `index.json` says, into a copy of the database, and writes nothing. */
export function createReadOnlyProjection({ folder, copy, clock }: ReadOnlyProjectionOptions): LayoutProjection {
  const file = createIndexFile(storePaths(folder))
  return {
    exclusively() {
      throw new ImageError('IO', `the store ${quotePath(folder)} can only be read here; check its permissions`)
    },
    async refresh(options) {
      const stamp = await file.stamp()
      if (stamp === (await copy.read(readStamp, options))) return
      const found = await file.read(options)
      if (found.index !== undefined) await copy.write((sql) => adoptIndex(sql, found, clock.now()), options)
    },
    note() {},
    async publish() {},
  }
}
