import assert from 'node:assert/strict'
import { digestOf, type Descriptor } from '@crossdock/core'
import type { ImageNames, ImageRecord, NewImageRecord } from '../image-names.ts'
import type { DisposableFixture, StoreCase } from './run-cases.ts'

/** Image names of a store with nothing in it. */
export interface ImageNamesFixture extends DisposableFixture {
  readonly images: ImageNames
  /** Those of another namespace of the same store. */
  readonly namespace: (name: string) => ImageNames
}

export type ImageNamesCase = StoreCase<ImageNamesFixture>

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

/** A descriptor of its own for each text. */
export function targetOf(text: string, changes: Partial<Descriptor> = {}): Descriptor {
  const bytes = new TextEncoder().encode(text)
  return { mediaType: MANIFEST, digest: digestOf(bytes), size: bytes.byteLength, ...changes }
}

export function imageOf(name: string, changes: Partial<NewImageRecord> = {}): NewImageRecord {
  return { name, target: targetOf(name), ...changes }
}

/** The same name, target and labels. Times are not looked at. */
export function assertImage(actual: ImageRecord, expected: NewImageRecord): void {
  assert.equal(actual.name, expected.name)
  assert.deepEqual(plain(actual.target), plain(expected.target))
  assert.deepEqual(plain(actual.labels), plain(expected.labels ?? {}))
}

/** As it would look in JSON: without what is undefined, and whatever its prototype. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

export function namesOf(images: readonly ImageRecord[]): readonly string[] {
  return images.map(({ name }) => name)
}

/** A value that the compiler would not let through, to see what becomes of it. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- where it is put says what it is taken for
export function disguised<Type>(value: unknown): Type {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is meant to be unsafe
  return value as Type
}
