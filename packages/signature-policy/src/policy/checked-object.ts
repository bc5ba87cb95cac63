import { type ImageError, quoteForeign } from '@crossdock/core'
import type { JsonPath, StrictJson } from '@crossdock/config'
import { decodeBase64 } from './base64.ts'

/** A value of a policy, with the place that an error names. */
export interface PolicyValue {
  readonly document: StrictJson
  readonly path: JsonPath
  readonly value: unknown
}

/** An object of a policy. Every getter throws `INVALID_DATA`, at the member's place, if its value has another type. */
export interface CheckedObject {
  has(key: string): boolean
  /** A text that is not empty; undefined if the member is missing. */
  text(key: string): string | undefined
  /** The same; a missing member is an error. */
  requiredText(key: string): string
  /** Undefined if the member is missing. */
  texts(key: string): readonly string[] | undefined
  /** Bytes in base64, at least one of them. */
  bytes(key: string): Uint8Array | undefined
  byteLists(key: string): readonly Uint8Array[] | undefined
  /** Undefined if the member is missing; `null` is a value like any other. */
  value(key: string): PolicyValue | undefined
  required(key: string): PolicyValue
  /** About the object as a whole. */
  error(reason: string): ImageError
}

/** An object whose keys are all among `keys`. Throws `INVALID_DATA`. */
export function checkedObject(place: PolicyValue, keys: readonly string[]): CheckedObject {
  const members = objectMembers(place)
  for (const [key, { document, path }] of members) {
    if (keys.includes(key)) continue
    throw document.error(path, `the key "${quoteForeign(key, 100)}" is not known here; known are ${keys.join(', ')}`)
  }
  return typedMembers(place, members)
}

/** The members of an object with keys of any name. Throws `INVALID_DATA`. */
export function objectMembers(place: PolicyValue): ReadonlyMap<string, PolicyValue> {
  const { document, path, value } = place
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(place, 'an object')
  const entries = Object.entries(value).map(
    ([key, member]: [string, unknown]) => [key, { document, path: [...path, key], value: member }] as const,
  )
  return new Map(entries)
}

/** The items of a list. Throws `INVALID_DATA`. */
export function listItems(place: PolicyValue): readonly PolicyValue[] {
  const { document, path, value } = place
  if (!Array.isArray(value)) throw wrongType(place, 'a list')
  return value.map((item: unknown, index) => ({ document, path: [...path, index], value: item }))
}

function typedMembers(place: PolicyValue, members: ReadonlyMap<string, PolicyValue>): CheckedObject {
  const optional =
    <Value>(read: (member: PolicyValue) => Value) =>
    (key: string): Value | undefined => {
      const member = members.get(key)
      return member === undefined ? undefined : read(member)
    }
  const required = (key: string): PolicyValue => {
    const member = members.get(key)
    if (member === undefined) throw place.document.error(place.path, `"${key}" is missing`)
    return member
  }
  return {
    has: (key) => members.has(key),
    text: optional(text),
    requiredText: (key) => text(required(key)),
    texts: optional((member) => listItems(member).map(text)),
    bytes: optional(bytes),
    byteLists: optional((member) => listItems(member).map(bytes)),
    value: (key) => members.get(key),
    required,
    error: (reason) => place.document.error(place.path, reason),
  }
}

function text(place: PolicyValue): string {
  const { document, path, value } = place
  if (typeof value !== 'string') throw wrongType(place, 'a text')
  if (value === '') throw document.error(path, 'it is empty')
  return value
}

function bytes(place: PolicyValue): Uint8Array {
  const decoded = decodeBase64(text(place))
  if (decoded !== undefined && decoded.byteLength > 0) return decoded
  throw place.document.error(place.path, 'it is not base64')
}

function wrongType({ document, path, value }: PolicyValue, wanted: string): ImageError {
  return document.error(path, `it should be ${wanted} and is ${typeName(value)}`)
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  const names: Readonly<Record<string, string>> = { object: 'an object', string: 'a text' }
  return names[typeof value] ?? `a ${typeof value}`
}
