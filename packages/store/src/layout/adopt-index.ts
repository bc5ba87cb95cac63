import type { NewImageRecord } from '../image-names.ts'
import type { Sql } from '../database/database.ts'
import { textOf } from '../database/rows.ts'
import { DEFAULT_NAMESPACE } from '../store-context.ts'
import type { IndexState } from './index-file.ts'
import { imagesOf, targetText } from './named-entries.ts'
import {
  adoptImage,
  findImage,
  forgetImage,
  isNoted,
  noteName,
  type ProjectedName,
  projectedNames,
  setProjected,
  setStamp,
  unsetProjected,
} from './projection-rows.ts'

/** A copy of another program that began so long ago may end with what `index.json` was then, and what it has brought. */
const STALE_WRITER_MS = 60 * 60 * 1000

/**
 * Takes over what others did to `index.json` since the database last had its content: new and changed entries become records, and records
 * whose entries were removed go. A name that was also changed here stays as it is here. Without a file all is to be written again.
 *
 * Other programs read the file when they begin and write it when they end. What came into it within an hour, and is missing or as it was
 * before beside something new, they did not know of: it is written again.
 */
export function adoptIndex(sql: Sql, { index, stamp }: IndexState, now: number): void {
  if (index === undefined) {
    projectAll(sql)
    return
  }
  const known = projectedNames(sql)
  const images = imagesOf(index, known)
  const isYoung = (one: ProjectedName): boolean => one.projectedAt > now - STALE_WRITER_MS
  const changed = [...images.values()].filter((image) => known.get(image.name)?.target !== targetText(image))
  const isAsBefore = (image: NewImageRecord): boolean => {
    const one = known.get(image.name)
    return one !== undefined && isYoung(one) && one.previous === targetText(image)
  }
  const isAnythingNew = changed.some((image) => !isAsBefore(image))
  for (const image of changed) {
    if (isAnythingNew && isAsBefore(image)) noteName(sql, image.name)
    else if (!isChangedHere(sql, image.name)) adoptImage(sql, image, now)
    setProjected(sql, image, now)
  }
  for (const [name, one] of known) {
    if (images.has(name)) continue
    if (isAnythingNew && isYoung(one)) noteName(sql, name)
    else if (!isChangedHere(sql, name)) forgetImage(sql, name)
    unsetProjected(sql, name)
  }
  setStamp(sql, stamp)
}

function projectAll(sql: Sql): void {
  sql.run('DELETE FROM projected_name')
  sql.run('DELETE FROM index_file')
  const names = sql.all('SELECT name FROM image WHERE namespace = $namespace', { namespace: DEFAULT_NAMESPACE })
  for (const row of names) noteName(sql, textOf(row, 'name'))
}

/** What was deleted here, and is something else there, was made anew. */
function isChangedHere(sql: Sql, name: string): boolean {
  return isNoted(sql, name) && findImage(sql, name) !== undefined
}
