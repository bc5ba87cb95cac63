import { type Clause, parseFilter } from './parse-filter.ts'

/** The text of a field; undefined if there is none. `path` is never empty. */
export type FieldReader<Value> = (value: Value, path: readonly string[]) => string | undefined

/**
 * Whether a value matches one of the filters; all do if there is none. Throws `INVALID_DATA` for a filter that cannot be read.
 */
export function matchFilters<Value>(
  filters: readonly string[],
  fieldOf: FieldReader<Value>,
): (value: Value) => boolean {
  const parsed = filters.map((filter) => parseFilter(filter))
  if (parsed.length === 0) return () => true
  return (value) => parsed.some((clauses) => clauses.every((clause) => holds(clause, fieldOf(value, clause.path))))
}

/** What is not there counts as empty text, but equals nothing. */
function holds(clause: Clause, text: string | undefined): boolean {
  switch (clause.operator) {
    case 'present':
      return text !== undefined
    case '==':
      return text === clause.value
    case '!=':
      return (text ?? '') !== clause.value
    default:
      return clause.pattern.test(text ?? '')
  }
}

/** A member of a table of texts whose key may hold dots. */
export function memberOf(
  table: Readonly<Record<string, string>> | undefined,
  path: readonly string[],
): string | undefined {
  const key = path.join('.')
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined
}
