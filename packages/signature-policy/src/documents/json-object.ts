import type { JsonPath, StrictJson } from '@crossdock/config'

export type JsonObject = Readonly<Record<string, unknown>>

/** The object at `path`. Throws `INVALID_DATA`. */
export function objectAt(document: StrictJson, path: JsonPath): JsonObject {
  const value = valueAt(document.value, path)
  if (!isObject(value) || Array.isArray(value)) throw document.error(path, 'it must be an object')
  return value
}

/** The object at `path`, with exactly these keys. Throws `INVALID_DATA`. */
export function exactObjectAt(document: StrictJson, path: JsonPath, keys: readonly string[]): JsonObject {
  const object = objectAt(document, path)
  const missing = keys.find((key) => !Object.hasOwn(object, key))
  if (missing !== undefined) throw document.error(path, `the key "${missing}" is missing`)
  const unknown = Object.keys(object).find((key) => !keys.includes(key))
  if (unknown !== undefined) throw document.error([...path, unknown], 'there must be no other keys than the known ones')
  return object
}

/** The text at `path`. Throws `INVALID_DATA`. */
export function textAt(document: StrictJson, path: JsonPath): string {
  const value = valueAt(document.value, path)
  if (typeof value !== 'string') throw document.error(path, 'it must be text')
  return value
}

/** The whole number at `path`. Throws `INVALID_DATA`. */
export function integerAt(document: StrictJson, path: JsonPath): number {
  const value = valueAt(document.value, path)
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw document.error(path, 'it must be a whole number')
  return value
}

function valueAt(value: unknown, path: JsonPath): unknown {
  let found = value
  for (const key of path) {
    if (!isObject(found) || !Object.hasOwn(found, key)) return undefined
    found = found[key]
  }
  return found
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null
}
