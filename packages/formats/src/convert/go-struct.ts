import { asPlace, checkString, fieldPath, invalid, lookalikesOf, type Place, refuseLookalikes } from '../fields.ts'
import { GO_ZERO_TIME, goList, goMap, goObject, goString, goTime } from '../go-text.ts'
import { isObject, member, numberText, typeName } from '../json.ts'

/** What a field of a Go structure holds; its zero value is what a missing field is written as. */
export type GoType =
  | 'string'
  | 'bool'
  /** A 64-bit integer. */
  | 'int'
  | 'time'
  | 'strings'
  /** A list of strings that may also be written as one string (Docker's `StrSlice`). */
  | 'words'
  /** A map whose keys alone mean something. */
  | 'set'
  | 'map'
  | { readonly struct: GoStruct }
  | { readonly list: GoStruct }

export interface GoField {
  readonly name: string
  readonly type: GoType
  /** Left out if it is empty; a structure or time, if it is missing (in Go a pointer). Default: false. */
  readonly omitEmpty?: boolean | undefined
}

/** A Go structure with its fields in their order. Made by {@link goStruct}. */
export interface GoStruct {
  readonly fields: readonly GoField[]
  readonly keys: ReadonlyMap<string, string>
}

export function goStruct(fields: readonly GoField[]): GoStruct {
  return { fields, keys: lookalikesOf(fields.map(({ name }) => name)) }
}

/**
 * The text that Go writes after it has read the object into the structure: the structure's fields and no others, in its order.
 * A key that is a field's name but for case is refused: Go would take it, and most other programs would not.
 *
 * Throws `INVALID_DATA` naming the field for a value that Go would not take.
 */
export function encodeStruct({ fields, keys }: GoStruct, place: Place): string {
  refuseLookalikes(place, keys)
  return goObject(fields.map((field) => [field.name, encodeField(field, place)] as const))
}

/** The members that the structure has no field for and that say something: neither null nor empty nor false nor 0. */
export function unknownMembers({ fields }: GoStruct, object: object): readonly string[] {
  const known = new Set(fields.map(({ name }) => name))
  return Object.entries(object).flatMap(([name, value]) => (known.has(name) || isEmpty(value) ? [] : [name]))
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (isObject(value)) return Object.keys(value).length === 0
  return value === null || value === '' || value === false || value === 0
}

function encodeField({ name, type, omitEmpty = false }: GoField, place: Place): string | undefined {
  const value = member(place.object, name) ?? undefined
  const where = fieldPath(place.where, name)
  if (value === undefined) return omitEmpty ? undefined : zeroOf(type, where)
  const text = encodeValue(type, value, where)
  return omitEmpty && isOmitted(type, text) ? undefined : text
}

/** A structure or time that is there is never left out. */
function isOmitted(type: GoType, text: string): boolean {
  if (type === 'time' || (typeof type === 'object' && 'struct' in type)) return false
  return ['""', 'false', '0', '[]', '{}', 'null'].includes(text)
}

function zeroOf(type: GoType, where: string): string {
  if (typeof type === 'object') return 'struct' in type ? encodeStruct(type.struct, { object: {}, where }) : 'null'
  if (type === 'string') return '""'
  if (type === 'bool') return 'false'
  if (type === 'int') return '0'
  return type === 'time' ? goString(GO_ZERO_TIME) : 'null'
}

function encodeValue(type: GoType, value: unknown, where: string): string {
  if (typeof type !== 'object') return ENCODERS[type](value, where)
  if ('struct' in type) return encodeStruct(type.struct, asPlace(value, where))
  return goList(asList(value, where).map((item, index) => encodeItem(type.list, item, `${where}[${index}]`)))
}

const ENCODERS: Readonly<Record<Extract<GoType, string>, (value: unknown, where: string) => string>> = {
  string: (value, where) => goString(checkString(value, where)),
  time: (value, where) => goString(goTime(checkString(value, where), where)),
  bool: encodeBoolean,
  int: encodeInteger,
  strings: encodeStrings,
  words: (value, where) => encodeStrings(typeof value === 'string' ? [value] : value, where),
  set: (value, where) =>
    encodeMap(value, { where, encode: (item) => encodeStruct(NOTHING, asPlace(item ?? {}, where)) }),
  map: (value, where) => encodeMap(value, { where, encode: (item) => goString(checkString(item ?? '', where)) }),
}

/** What stands for a member of a set. */
const NOTHING: GoStruct = goStruct([])

function encodeBoolean(value: unknown, where: string): string {
  if (typeof value === 'boolean') return String(value)
  throw invalid(where, `must be true or false, but is ${typeName(value)}`)
}

/** Null in a list of structures is one without anything. */
function encodeItem(struct: GoStruct, item: unknown, where: string): string {
  return encodeStruct(struct, asPlace(item ?? {}, where))
}

function encodeStrings(value: unknown, where: string): string {
  const texts = asList(value, where).map((item, index) => goString(checkString(item ?? '', `${where}[${index}]`)))
  return goList(texts)
}

interface MapEncoder {
  readonly where: string
  readonly encode: (item: unknown) => string
}

function encodeMap(value: unknown, { where, encode }: MapEncoder): string {
  const { object } = asPlace(value, where)
  // Names that are the same once half a surrogate pair is replaced are one name.
  const items = new Map(
    Object.entries(object).map(([name, item]: [string, unknown]) => [name.toWellFormed(), encode(item)] as const),
  )
  return goMap(items)
}

function asList(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw invalid(where, `must be an array, but is ${typeName(value)}`)
}

function encodeInteger(value: unknown, where: string): string {
  const text = typeof value === 'number' ? String(value) : numberText(value)
  if (text === undefined) throw invalid(where, `must be an integer, but is ${typeName(value)}`)
  if (/^-?[0-9]{1,19}$/.test(text) && BigInt(text) === BigInt.asIntN(64, BigInt(text))) return String(BigInt(text))
  throw invalid(where, 'must be an integer of 64 bits')
}
