import assert from 'node:assert/strict'
import {
  digestOf,
  ImageError,
  imageName,
  type Descriptor,
  type ImageErrorCode,
  type ImageReference,
  type ImageSource,
  type ManifestBytes,
  type OperationOptions,
} from '@crossdock/core'
import type { CaseFixture } from './conformance-case.ts'
import { concatBytes } from './images/tar.ts'
import { testImage, type TestBlob, type TestImage, type TestImageOptions } from './images/test-image.ts'

/** A digest of content that exists nowhere. */
export const ABSENT: Descriptor = {
  mediaType: 'application/octet-stream',
  digest: digestOf(new TextEncoder().encode('content that nobody has')),
  size: 23,
}

/** An image in the family of documents that the transport holds. */
export function imageFor({ format }: CaseFixture, options: TestImageOptions = {}): TestImage {
  return testImage({ format, ...options })
}

/** Its largest blob, which is a layer. */
export function layerOf({ blobs }: TestImage): TestBlob {
  return blobs.reduce((largest, blob) => (blob.bytes.byteLength > largest.bytes.byteLength ? blob : largest))
}

export async function openSource(reference: ImageReference, operation: OperationOptions): Promise<ImageSource> {
  assert.ok(reference.openSource !== undefined, `${imageName(reference)} has no openSource`)
  return await reference.openSource(operation)
}

export async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const all: Value[] = []
  for await (const value of values) all.push(value)
  return all
}

/** All bytes, joined only at the end: a source that writes over what it has yielded is found out. */
export async function readAll(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return concatBytes(await collect(bytes))
}

export function assertBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.equal(actual.byteLength, expected.byteLength, `${what}: number of bytes`)
  assert.ok(Buffer.compare(actual, expected) === 0, `${what}: the bytes differ`)
}

/** The location holds the image: its manifest, byte for byte if the transport can, and every blob. */
export async function assertHolds(
  fixture: CaseFixture,
  {
    reference,
    image,
    operation,
  }: { readonly reference: ImageReference; readonly image: TestImage; readonly operation: OperationOptions },
): Promise<void> {
  await using source = await openSource(reference, operation)
  const manifest = await source.getManifest(undefined, operation)
  if (fixture.capabilities.has('exactManifests')) {
    assertBytes(manifest.bytes, image.root.bytes, 'manifest')
    assertType(manifest, image.root)
  }
  for (const { descriptor, bytes } of image.blobs) {
    assertBytes(await readAll(await source.getBlob(descriptor, operation)), bytes, `blob ${descriptor.digest}`)
  }
}

/** Nothing is at the location: opening it or reading its manifest says so. */
export async function assertMissing(reference: ImageReference, operation: OperationOptions): Promise<void> {
  await assertFails('NOT_FOUND', 'reading an image that is not there', async () => {
    await using source = await openSource(reference, operation)
    await source.getManifest(undefined, operation)
  })
}

/** The failure is an `ImageError` with this code. */
export async function assertFails(
  code: ImageErrorCode,
  what: string,
  run: () => Promise<unknown>,
): Promise<ImageError> {
  const error = await failureOf(what, run)
  assert.ok(error instanceof ImageError, `${what}: ${describe(error)} is not an ImageError`)
  assert.equal(error.code, code, `${what}: ${describe(error)}`)
  return error
}

/** What it rejects with. */
export async function failureOf(what: string, run: () => Promise<unknown>): Promise<unknown> {
  const outcome = await run().then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  assert.ok(outcome !== undefined, `${what}: it succeeded`)
  return outcome.error
}

export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

/** Waits for what has to come promptly. */
export async function promptly<Value>(what: string, promise: Promise<Value>, patienceMs: number): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(new assert.AssertionError({ message: `${what}: nothing came within ${patienceMs} ms` }))
  }, patienceMs)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** No temporary thing lies at the location. */
export async function assertNoLeftovers(fixture: CaseFixture, reference: ImageReference): Promise<void> {
  assert.deepEqual((await fixture.leftovers?.(reference)) ?? [], [], 'temporary things are left')
}

/** A place that keeps no types gives the empty text. */
export function assertType({ mediaType }: ManifestBytes, stored: ManifestBytes): void {
  assert.ok(mediaType === stored.mediaType || mediaType === '', `the type is "${mediaType}", not "${stored.mediaType}"`)
}
