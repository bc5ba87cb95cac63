import { setImmediate } from 'node:timers/promises'
import type { OperationOptions } from '@crossdock/core'
import type { Sql } from '../database/database.ts'
import type { ImageNames, ImageRecord, NewImageRecord } from '../image-names.ts'
import type { StoreContext } from '../store-context.ts'
import { checkImage, checkImageName } from './check-image.ts'
import { imageFilter } from './image-filters.ts'
import { imageOf } from './image-rows.ts'
import {
  deleteImage,
  insertImage,
  newRecord,
  noImage,
  putImage,
  requireImage,
  updateImage,
} from './image-statements.ts'
import { markUsed } from './mark-used.ts'

export interface ImageNamesOptions {
  /** What `delete` with `collect` does after it. */
  readonly collect: (options?: OperationOptions) => Promise<unknown>
}

/** The image names of one namespace. */
export function createImageNames(context: StoreContext, { collect }: ImageNamesOptions): ImageNames {
  const { database, namespace, clock, projection } = context

  /** A transaction that changes names, between a look at what others did and letting others see it. */
  async function change<Value>(
    names: readonly string[],
    work: (sql: Sql) => Value,
    options?: OperationOptions,
  ): Promise<Value> {
    await projection.refresh(options)
    const value = await database.write((sql) => {
      const done = work(sql)
      projection.note(sql, names)
      return done
    }, options)
    await projection.publish(options)
    return value
  }

  async function putAll(
    images: readonly NewImageRecord[],
    options?: OperationOptions,
  ): Promise<readonly ImageRecord[]> {
    const checked = images.map((image) => checkImage(image))
    const names = checked.map(({ name }) => name)
    return await change(names, (sql) => checked.map((image) => putImage(sql, context, image)), options)
  }

  return {
    async get(name, options) {
      await projection.refresh(options)
      return await database.read((sql) => requireImage(sql, context, name), options)
    },
    async list(filters = [], options) {
      const { where, values, matches } = imageFilter(filters)
      await projection.refresh(options)
      const statement = `SELECT * FROM image WHERE namespace = $namespace AND (${where}) ORDER BY name`
      const rows = await database.read((sql) => sql.all(statement, { ...values, namespace }), options)
      return await inTurns(rows, (row) => (matches(row) ? [imageOf(row)] : []), options)
    },
    async create(image, options) {
      const record = newRecord(checkImage(image), clock)
      return await change([record.name], (sql) => insertImage(sql, context, record), options)
    },
    async update(image, paths = [], options) {
      checkImageName(image.name)
      return await change([image.name], (sql) => updateImage(sql, context, { image, paths }), options)
    },
    async put(image, options) {
      const [record] = await putAll([image], options)
      if (record === undefined) throw noImage(image.name, context)
      return record
    },
    putAll,
    async delete(name, options = {}) {
      await change([name], (sql) => deleteImage(sql, context, { name, target: options.target }), options)
      if (options.collect === true) await collect({ signal: options.signal, onProgress: options.onProgress })
    },
    markUsed: (name, options) => markUsed(context, name, options),
  }
}

const ROWS_PER_TURN = 500

/** Lets other work of this process run between many rows. */
async function inTurns<Row, Value>(
  rows: readonly Row[],
  work: (row: Row) => readonly Value[],
  options?: OperationOptions,
): Promise<readonly Value[]> {
  const values: Value[] = []
  for (let first = 0; first < rows.length; first += ROWS_PER_TURN) {
    if (first > 0) await setImmediate()
    options?.signal?.throwIfAborted()
    for (const row of rows.slice(first, first + ROWS_PER_TURN)) values.push(...work(row))
  }
  return values
}
