import { ImageError, quoteForeign } from '@crossdock/core'
import { isObject, member, typeName } from './json.ts'

/** An object of a document and where it stands there, for messages. */
export interface Place {
  readonly object: object
  readonly where: string
}

/** `manifest sha256:0123456789ab: layers[3]` and a key become a field's path. */
export function fieldPath(where: string, key: string): string {
  return where.endsWith(':') ? `${where} ${key}` : `${where}.${key}`
}

/** Where something stands, as the subject of a sentence. */
export function placeName(where: string): string {
  return where.endsWith(':') ? where.slice(0, -1) : where
}

export function invalid(where: string, reason: string): ImageError {
  return new ImageError('INVALID_DATA', `${placeName(where)}: ${reason}`)
}

export function asPlace(value: unknown, where: string): Place {
  if (!isObject(value)) throw invalid(where, `must be an object, but is ${typeName(value)}`)
  return { object: value, where }
}

/** A member that may be left out; null counts as left out, since many writers emit it for "none". */
export function optional(place: Place, key: string): unknown {
  return member(place.object, key) ?? undefined
}

export function optionalString(place: Place, key: string): string | undefined {
  const value = optional(place, key)
  if (value === undefined || typeof value === 'string') return value
  throw invalid(fieldPath(place.where, key), `must be a string, but is ${typeName(value)}`)
}

export function requiredString(place: Place, key: string): string {
  const value = member(place.object, key)
  if (typeof value === 'string') return value
  throw invalid(fieldPath(place.where, key), `must be a string, but is ${typeName(value)}`)
}

export function optionalBoolean(place: Place, key: string): boolean | undefined {
  const value = optional(place, key)
  if (value === undefined || typeof value === 'boolean') return value
  throw invalid(fieldPath(place.where, key), `must be true or false, but is ${typeName(value)}`)
}

export function optionalObject(place: Place, key: string): Place | undefined {
  const value = optional(place, key)
  return value === undefined ? undefined : asPlace(value, fieldPath(place.where, key))
}

/** Each element through `check`, which is told where it stands. */
export function requiredList<Item>(
  place: Place,
  key: string,
  check: (value: unknown, where: string) => Item,
): readonly Item[] {
  const value = member(place.object, key)
  const where = fieldPath(place.where, key)
  if (!Array.isArray(value)) throw invalid(where, `must be an array, but is ${typeName(value)}`)
  return value.map((item: unknown, index) => check(item, `${where}[${index}]`))
}

export function optionalList<Item>(
  place: Place,
  key: string,
  check: (value: unknown, where: string) => Item,
): readonly Item[] | undefined {
  return optional(place, key) === undefined ? undefined : requiredList(place, key, check)
}

export function checkString(value: unknown, where: string): string {
  if (typeof value === 'string') return value
  throw invalid(where, `must be a string, but is ${typeName(value)}`)
}

/**
 * Refuses a member whose name differs from one of `keys` in case alone. Only exact names count here, but many programs take
 * either for the other, and would read another document.
 */
export function refuseLookalikes({ object, where }: Place, keys: ReadonlyMap<string, string>): void {
  for (const name of Object.keys(object)) {
    const key = keys.get(foldCase(name))
    if (key === undefined || key === name) continue
    throw invalid(where, `ambiguous: "${quoteForeign(name, 40)}" is "${key}" to programs that do not tell case apart`)
  }
}

/** Keys by what they are without case, for {@link refuseLookalikes}. */
export function lookalikesOf(keys: readonly string[]): ReadonlyMap<string, string> {
  return new Map(keys.map((key) => [foldCase(key), key]))
}

/** Letters of other scripts that have an ASCII letter as their other case, such as U+017F, fold to it as well. */
function foldCase(name: string): string {
  return name.length > 40 ? name : name.toLowerCase().toUpperCase()
}

/** String to string. The record has no prototype: looking up `constructor` or `__proto__` finds only what was written. */
export function optionalStrings(place: Place, key: string): Readonly<Record<string, string>> | undefined {
  const found = optionalObject(place, key)
  if (found === undefined) return undefined
  const record: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(found.object)) {
    record[name] = checkString(value, `${found.where}["${quoteForeign(name, 100)}"]`)
  }
  return record
}

/** What {@link optionalStrings} would give for an empty object. */
export const NO_STRINGS: Readonly<Record<string, string>> = Object.freeze(Object.create(null))
