import { isObject, member } from '@crossdock/formats'
import type { SqlRow, SqlValue } from '../database/database.ts'
import { jsonOf, textOf } from '../database/rows.ts'
import { matchFilters, memberOf } from '../filters/match-filters.ts'
import { type Clause, parseFilter } from '../filters/parse-filter.ts'
import { labelsOf } from './image-rows.ts'

/** How filters choose images: a condition in SQL that all that match fulfil, and who decides of those. */
export interface ImageFilter {
  readonly where: string
  readonly values: Readonly<Record<string, SqlValue>>
  readonly matches: (row: SqlRow) => boolean
}

/** Throws `INVALID_DATA` for a filter that cannot be read. */
export function imageFilter(filters: readonly string[]): ImageFilter {
  const values: Record<string, SqlValue> = {}
  const bind = (value: string): string => {
    const name = `filter${Object.keys(values).length}`
    values[name] = value
    return `$${name}`
  }
  const alternatives = filters.map((filter) => conditionsOf(parseFilter(filter), bind))
  const isAll = alternatives.length === 0 || alternatives.some((conditions) => conditions.length === 0)
  const where = isAll ? 'true' : alternatives.map((conditions) => `(${conditions.join(' AND ')})`).join(' OR ')
  return { where, values: isAll ? {} : values, matches: matchFilters(filters, fieldOf) }
}

const COLUMNS: ReadonlyMap<string, string> = new Map([
  ['name', 'name'],
  ['target.digest', 'digest'],
  ['target.mediatype', 'media_type'],
])

/** Of the clauses those that SQLite judges faster, or by an index. */
function conditionsOf(clauses: readonly Clause[], bind: (value: string) => string): readonly string[] {
  return clauses.flatMap((clause) => {
    const [first = '', ...rest] = clause.path
    const column = COLUMNS.get(clause.path.join('.'))
    if (clause.operator === '==' && column !== undefined) return [`${column} = ${bind(clause.value)}`]
    if (first !== 'labels' || rest.length === 0 || (clause.operator !== '==' && clause.operator !== 'present'))
      return []
    const key = `${JSON.stringify(rest.join('.'))}:`
    return [`instr(labels, ${bind(clause.operator === '==' ? key + JSON.stringify(clause.value) : key)}) > 0`]
  })
}

/** JSON is read only for the fields that are in it. */
function fieldOf(row: SqlRow, path: readonly string[]): string | undefined {
  const [first = '', ...rest] = path
  const column = COLUMNS.get(path.join('.'))
  if (column !== undefined && path.length <= 2) return textOf(row, column)
  if (rest.length === 0) return undefined
  if (first === 'labels') return memberOf(labelsOf(row), rest)
  return first === 'annotations' ? memberOf(annotationsOf(row), rest) : undefined
}

function annotationsOf(row: SqlRow): Readonly<Record<string, string>> | undefined {
  const target = jsonOf(row, 'target')
  const annotations = isObject(target) ? member(target, 'annotations') : undefined
  if (!isObject(annotations)) return undefined
  return Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, String(value)]))
}
