import type { ImageError } from '@crossdock/core'
import type { ConfigDocument, DocumentPath } from './config-document.ts'

/**
 * A table of a document, read field by field. Each reader gives undefined for a key that is not there, and throws `INVALID_DATA` with
 * the place if the value is of another type.
 */
export interface Fields {
  readonly path: DocumentPath
  readonly keys: readonly string[]
  text(key: string): string | undefined
  isText(key: string): boolean
  flag(key: string): boolean | undefined
  /** A list of texts. */
  texts(key: string): readonly string[] | undefined
  table(key: string): Fields | undefined
  /** A list of tables. */
  tables(key: string): readonly Fields[] | undefined
  /** From 1; of the table if there is no such key. */
  line(key?: string): number
  /** For a key, or without one for the table itself. */
  error(key: string | undefined, reason: string): ImageError
}

/** The table at `path`, which is the whole document by default. `undefined` and `null` count as an empty one there. */
export function fieldsOf(document: ConfigDocument): Fields {
  return tableFields(document, [], document.value ?? {})
}

function tableFields(document: ConfigDocument, path: DocumentPath, value: unknown): Fields {
  if (!isTable(value)) throw document.error(path, 'it must be a table of keys and values')
  const at = (key: string): DocumentPath => [...path, key]
  const read = <Type>(key: string, type: string, check: (found: unknown) => found is Type): Type | undefined => {
    const found = Object.hasOwn(value, key) ? value[key] : undefined
    if (found === undefined || found === null) return undefined
    if (!check(found)) throw document.error(at(key), `"${key}" must be ${type}`)
    return found
  }
  return {
    path,
    keys: Object.keys(value),
    text: (key) => read(key, 'text', isText),
    isText: (key) => Object.hasOwn(value, key) && isText(value[key]),
    flag: (key) => read(key, 'true or false', isFlag),
    texts: (key) => read(key, 'a list of texts', isTexts),
    table: (key) => {
      const found = read(key, 'a table of keys and values', isTable)
      return found === undefined ? undefined : tableFields(document, at(key), found)
    },
    tables: (key) =>
      read(key, 'a list of tables', isList)?.map((item, index) => tableFields(document, [...path, key, index], item)),
    line: (key) => document.line(key === undefined ? path : at(key)),
    error: (key, reason) => document.error(key === undefined ? path : at(key), reason),
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText)
}
