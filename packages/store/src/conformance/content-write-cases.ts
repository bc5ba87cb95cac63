import assert from 'node:assert/strict'
import { digestOf } from '@crossdock/core'
import type { ContentStore, Ingest } from '../contents.ts'
import { assertFails } from './assert-fails.ts'
import {
  assertContent,
  assertNoContent,
  assertWithin,
  type ContentCase,
  contentOf,
  EMPTY,
  type TestContent,
  writeContent,
  collected,
} from './content-steps.ts'

const SMALL_WRITE_BYTES = 32
const LARGE_BYTES = 8 * 1024 * 1024

/** What is said beforehand, and how large it is. */
const WRITERS = [
  { saysSize: false, saysDigest: false, bytes: 256, write: SMALL_WRITE_BYTES },
  { saysSize: true, saysDigest: false, bytes: 256, write: SMALL_WRITE_BYTES },
  { saysSize: false, saysDigest: true, bytes: 256, write: SMALL_WRITE_BYTES },
  { saysSize: true, saysDigest: true, bytes: 256, write: SMALL_WRITE_BYTES },
  { saysSize: true, saysDigest: true, bytes: LARGE_BYTES, write: 64 * 1024 },
]

export const contentWriteCases: readonly ContentCase[] = [
  {
    id: 'write/several',
    rule: 'several ingests are open at once, whatever was said of them, and each becomes a blob',
    async run({ content }) {
      const opened = await Promise.all(WRITERS.map((writer, at) => openWriter(content, { ...writer, at })))
      await Promise.all(opened.map((one) => finishWriter(content, one)))
    },
  },
  {
    id: 'write/status',
    rule: 'status and digest are those of the bytes so far; the beginning stays, the last change moves',
    async run({ content }) {
      const { bytes, digest } = contentOf(1, 256)
      const opening = Date.now()
      await using ingest = await content.ingest({ ref: 'status', size: 256, digest })
      const { startedAt } = ingest.status()
      assertWithin(startedAt, opening, Date.now(), 'startedAt')
      assert.equal(ingest.digest(), EMPTY.digest)
      let from = 0
      for (const to of [64, 192, 256]) {
        const before = Date.now()
        await ingest.write(bytes.subarray(from, to))
        const status = ingest.status()
        assert.equal(status.ref, 'status')
        assert.equal(status.offset, to)
        assert.equal(status.total, 256)
        assert.equal(status.expected, digest)
        assert.equal(status.startedAt.getTime(), startedAt.getTime())
        assertWithin(status.updatedAt, before, Date.now(), 'updatedAt')
        assert.equal(ingest.digest(), digestOf(bytes.subarray(0, to)))
        from = to
      }
      const { info, existed } = await ingest.commit()
      assert.equal(existed, false)
      assert.equal(info.size, 256)
    },
  },
  {
    id: 'write/seen-by-others',
    rule: 'an ingest is found by its ref and listed while it is open, and gone after its commit',
    async run({ content }) {
      const one = contentOf(2, 100)
      await using ingest = await content.ingest({ ref: 'seen', size: 100, digest: one.digest })
      await ingest.write(one.bytes)
      const status = await content.status('seen')
      assert.deepEqual([status.ref, status.offset, status.total, status.expected], ['seen', 100, 100, one.digest])
      assert.deepEqual(await refsOf(content), ['seen'])
      await ingest.commit()
      assert.deepEqual(await refsOf(content), [])
      await assertFails('NOT_FOUND', 'its status', () => content.status('seen'))
    },
  },
  {
    id: 'write/not-visible',
    rule: 'a blob is not there before its commit',
    async run({ content }) {
      const one = contentOf(3, 100)
      await using ingest = await content.ingest({ ref: 'a', digest: one.digest })
      await ingest.write(one.bytes)
      await assertNoContent(content, one)
      await ingest.commit()
      await assertContent(content, one)
    },
  },
  {
    id: 'write/empty',
    rule: 'a blob without bytes is one',
    async run({ content }) {
      await using ingest = await content.ingest({ ref: 'empty' })
      await ingest.commit()
      await assertContent(content, EMPTY)
    },
  },
  {
    id: 'write/sha512',
    rule: 'with an expected digest its algorithm counts',
    async run({ content }) {
      const one = contentOf(4, 300, 'sha512')
      await using ingest = await content.ingest({ ref: 'long', digest: one.digest })
      await ingest.write(one.bytes)
      assert.equal(ingest.digest(), one.digest)
      await ingest.commit()
      await assertContent(content, one)
    },
  },
  {
    id: 'write/other-algorithm',
    rule: 'a digest that is first said at the commit may have another algorithm',
    async run({ content }) {
      const one = contentOf(5, 300, 'sha512')
      const { info } = await writeContent(content, 'other', one, { digest: one.digest })
      assert.equal(info.digest, one.digest)
      await assertContent(content, one)
    },
  },
  {
    id: 'write/same-chunk',
    rule: 'a chunk is the caller’s again when the write is over',
    async run({ content }) {
      const room = Buffer.alloc(64)
      await using ingest = await content.ingest({ ref: 'room' })
      for (const fill of [1, 2, 3]) await ingest.write(room.fill(fill))
      room.fill(4)
      const bytes = Buffer.concat([1, 2, 3].map((fill) => Buffer.alloc(64, fill)))
      const { info } = await ingest.commit({ digest: digestOf(bytes) })
      await assertContent(content, { bytes, size: 192, digest: info.digest })
    },
  },
  {
    id: 'write/at-once',
    rule: 'writes that are not waited for are done in order, and the commit after them',
    async run({ content }) {
      const one = contentOf(6, 1000)
      await using ingest = await content.ingest({ ref: 'hasty' })
      const writes = Array.from({ length: 10 }, (_, at) => ingest.write(one.bytes.subarray(at * 100, at * 100 + 100)))
      const [{ info }] = await Promise.all([ingest.commit({ size: 1000 }), ...writes])
      assert.equal(info.digest, one.digest)
    },
  },
  {
    id: 'write/invalid',
    rule: 'a ref is text of 1 to 4096 characters, a size a number of bytes',
    async run({ content }) {
      for (const ref of ['', 'x'.repeat(4097), 'lone \ud800'])
        await assertFails('INVALID_DATA', 'the ref', () => content.ingest({ ref }))
      for (const size of [-1, 1.5, NaN])
        await assertFails('INVALID_DATA', 'the size', () => content.ingest({ ref: 'a', size }))
      for (const ref of ['../../up', 'a/b', 'ünï ☃', 'x'.repeat(4096), '%00', '\0'])
        await (await content.ingest({ ref }))[Symbol.asyncDispose]()
      assert.equal((await refsOf(content)).length, 6)
    },
  },
]

async function refsOf(content: ContentStore): Promise<readonly string[]> {
  return (await collected(content.ingests(), ({ ref }) => ref)).toSorted()
}

interface OpenedWriter {
  readonly ingest: Ingest
  readonly blob: TestContent
  readonly write: number
}

async function openWriter(
  content: ContentStore,
  { at, bytes, saysSize, saysDigest, write }: (typeof WRITERS)[number] & { readonly at: number },
): Promise<OpenedWriter> {
  const blob = contentOf(100 + at, bytes)
  const ingest = await content.ingest({
    ref: `writer-${at}`,
    size: saysSize ? blob.size : undefined,
    digest: saysDigest ? blob.digest : undefined,
  })
  return { ingest, blob, write }
}

async function finishWriter(content: ContentStore, { ingest, blob, write }: OpenedWriter): Promise<void> {
  for (let at = 0; at < blob.size; at += write) await ingest.write(blob.bytes.subarray(at, at + write))
  assert.equal(ingest.digest(), blob.digest)
  const before = Date.now()
  const { info, existed } = await ingest.commit({ labels: { 'containerd.io/gc.root': 'T' } })
  assert.equal(existed, false)
  assert.deepEqual({ ...info.labels }, { 'containerd.io/gc.root': 'T' })
  for (const time of [info.createdAt, info.updatedAt]) assertWithin(time, before, Date.now(), 'its times')
  assert.deepEqual(await assertContent(content, blob), info)
}
