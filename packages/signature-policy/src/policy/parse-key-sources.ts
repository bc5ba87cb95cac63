import type { CheckedObject } from './checked-object.ts'
import type { KeySource } from './policy.ts'

/** Throws `INVALID_DATA` unless exactly one of the keys is given. */
export function onlyOne(object: CheckedObject, keys: readonly string[]): string {
  const [first, ...others] = keys.filter((key) => object.has(key))
  if (first === undefined) throw object.error(`one of ${keys.join(', ')} is missing`)
  if (others.length > 0) throw object.error(`${[first, ...others].join(' and ')} exclude each other: give one of them`)
  return first
}

/** The keys of an object that says where key material comes from. */
export interface KeySourceKeys {
  readonly path: string
  readonly paths?: string | undefined
  readonly data: string
  readonly datas?: string | undefined
}

/** All that these members name; empty if there are none of them. Throws `INVALID_DATA`. */
export function keySources(object: CheckedObject, { path, paths, data, datas }: KeySourceKeys): readonly KeySource[] {
  const file = object.text(path)
  const files = paths === undefined ? undefined : object.texts(paths)
  const bytes = object.bytes(data)
  const byteLists = datas === undefined ? undefined : object.byteLists(datas)
  return [
    ...(file === undefined ? [] : [file]).map((one) => ({ kind: 'file' as const, path: one })),
    ...(files ?? []).map((one) => ({ kind: 'file' as const, path: one })),
    ...(bytes === undefined ? [] : [bytes]).map((one) => ({ kind: 'data' as const, bytes: one })),
    ...(byteLists ?? []).map((one) => ({ kind: 'data' as const, bytes: one })),
  ]
}

/** The one key source of two members that exclude each other. Throws `INVALID_DATA`. */
export function keySource(object: CheckedObject, keys: { readonly path: string; readonly data: string }): KeySource {
  onlyOne(object, [keys.path, keys.data])
  const [source] = keySources(object, keys)
  if (source === undefined) throw object.error(`${keys.path} and ${keys.data} are missing`)
  return source
}
