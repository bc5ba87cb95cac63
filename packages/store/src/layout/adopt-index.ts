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
  projectedAt,
  projectedTargets,
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
 * Other programs read the file when they begin and write it when they end. Names that are missing beside something new, and that are younger
 * than an hour, were not removed but not known: they are written again.
 */
export function adoptIndex(sql: Sql, { index, stamp }: IndexState, now: number): void {
  if (index === undefined) {
    projectAll(sql)
    return
  }
  const known = projectedTargets(sql)
  const images = imagesOf(index, known)
  const changed = [...images.values()].filter((image) => known.get(image.name) !== targetText(image))
  for (const image of changed) {
    if (!isChangedHere(sql, image.name)) adoptImage(sql, image, now)
    setProjected(sql, image, now)
  }
  for (const name of known.keys()) {
    if (images.has(name)) continue
    const isLost = changed.length > 0 && projectedAt(sql, name) > now - STALE_WRITER_MS
    if (isLost) noteName(sql, name)
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
