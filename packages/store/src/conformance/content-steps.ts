import assert from 'node:assert/strict'
import { type Digest, digestOf, type DigestAlgorithm } from '@crossdock/core'
import type { CommitIngestOptions, CommittedContent, ContentInfo, ContentStore, Ingest } from '../contents.ts'
import { assertFails } from './assert-fails.ts'
import type { DisposableFixture, StoreCase } from './run-cases.ts'

export interface ContentFixture extends DisposableFixture {
  /** Empty. */
  readonly content: ContentStore
  /** The same store in another namespace. */
  readonly neighbour: ContentStore
}

export type ContentCase = StoreCase<ContentFixture>

export interface TestContent {
  readonly bytes: Uint8Array
  readonly size: number
  readonly digest: Digest
}

/** Bytes that look random and are always the same for a seed. */
export function contentOf(seed: number, size: number, algorithm: DigestAlgorithm = 'sha256'): TestContent {
  const bytes = new Uint8Array(size)
  let state = (seed + 1) * 0x9e37_79b9
  for (let at = 0; at < size; at += 1) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x6d2b_79f5
    bytes[at] = state >>> 24
  }
  return { bytes, size, digest: digestOf(bytes, algorithm) }
}

/** The bytes of both, one behind the other. */
export function joined(one: TestContent, other: Uint8Array): TestContent {
  const bytes = Buffer.concat([one.bytes, other])
  return { bytes, size: bytes.byteLength, digest: digestOf(bytes) }
}

export async function writeContent(
  content: ContentStore,
  ref: string,
  { bytes }: TestContent,
  options?: CommitIngestOptions,
): Promise<CommittedContent> {
  await using ingest = await content.ingest({ ref })
  await ingest.write(bytes)
  return await ingest.commit(options)
}

/** Opens the ref, and makes sure that nobody else can meanwhile. */
export async function openLocked(content: ContentStore, ref: string): Promise<Ingest> {
  const ingest = await content.ingest({ ref })
  await assertFails('UNAVAILABLE', 'opening it again', () => content.ingest({ ref }))
  return ingest
}

export async function assertContent(content: ContentStore, { bytes, digest, size }: TestContent): Promise<ContentInfo> {
  const info = await content.info(digest)
  assert.equal(info.digest, digest)
  assert.equal(info.size, size)
  assert.ok(await content.has(digest), 'it is there')
  const reader = await content.read({ mediaType: 'application/octet-stream', digest, size })
  assert.ok(Buffer.from(bytes).equals(await bytesOf(reader)), 'its bytes are read')
  return info
}

export async function assertNoContent(content: ContentStore, { digest, size }: TestContent): Promise<void> {
  assert.equal(await content.has(digest), false)
  await assertFails('NOT_FOUND', 'info', () => content.info(digest))
  await assertFails('NOT_FOUND', 'open', () => content.open(digest))
  await assertFails('NOT_FOUND', 'read', () => content.read({ mediaType: 'application/octet-stream', digest, size }))
  await assertFails('NOT_FOUND', 'update', () => content.update(digest, {}))
  await assertFails('NOT_FOUND', 'delete', () => content.delete(digest))
}

export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await collected(chunks, (chunk) => Buffer.from(chunk)))
}

/** That the time lies between two others, given in milliseconds. */
export function assertWithin(date: Date, from: number, to: number, what: string): void {
  const time = date.getTime()
  assert.ok(from <= time && time <= to, `${what}: ${date.toISOString()} is not within the window`)
}

export const EMPTY: TestContent = { bytes: new Uint8Array(), size: 0, digest: digestOf(new Uint8Array()) }

/** What is made of each of the items. */
export async function collected<Item, Value>(
  items: AsyncIterable<Item>,
  valueOf: (item: Item) => Value,
): Promise<readonly Value[]> {
  const values: Value[] = []
  for await (const item of items) values.push(valueOf(item))
  return values
}
