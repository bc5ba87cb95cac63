import assert from 'node:assert/strict'
import type { ContentStore } from '../contents.ts'
import { assertFails } from './assert-fails.ts'
import {
  assertContent,
  assertNoContent,
  assertWithin,
  bytesOf,
  type ContentCase,
  contentOf,
  type TestContent,
  writeContent,
  collected,
} from './content-steps.ts'

/** Filters, and which of four blobs match: 0 to 3, of which the even ones have the label `even`. */
const ROWS: readonly (readonly [filters: readonly string[], matching: string])[] = [
  [[], '0123'],
  [[''], '0123'],
  [['labels.even'], '02'],
  [['labels.even==yes', 'labels.odd==yes'], '0123'],
  [['labels.even==yes,labels.odd==yes'], ''],
  [['labels.even!=yes'], '13'],
  [['labels.dotted.key==2'], '2'],
  [['labels."dotted.key"==2'], '2'],
  [['size==100'], ''],
  [['digest~=^sha256:'], '0123'],
]

export const contentInfoCases: readonly ContentCase[] = [
  {
    id: 'labels/update',
    rule: 'labels are replaced, or those that the paths name; an empty value removes one',
    async run({ content }) {
      const root = { 'containerd.io/gc.root': 'T' }
      const one = contentOf(1, 100)
      const before = Date.now()
      const { info } = await writeContent(content, 'a', one, { labels: { k1: 'v1', k2: 'v2', ...root } })
      const committed = Date.now()
      await assertLabels(content, one, { k1: 'v1', k2: 'v2', ...root })

      const updating = Date.now()
      const all = await content.update(one.digest, { k1: 'newvalue', k3: 'v3', ...root })
      assertWithin(all.createdAt, before, committed, 'createdAt')
      assertWithin(all.updatedAt, updating, Date.now(), 'updatedAt')
      assert.equal(all.createdAt.getTime(), info.createdAt.getTime())
      await assertLabels(content, one, { k1: 'newvalue', k3: 'v3', ...root })

      await content.update(one.digest, { k1: 'v1', ...root }, ['labels.k3', 'labels.k1'])
      await assertLabels(content, one, { k1: 'v1', ...root })
      await content.update(one.digest, { k1: '', 'dotted.key': 'x' }, ['labels.k1', 'labels.dotted.key'])
      await assertLabels(content, one, { 'dotted.key': 'x', ...root })
      await content.update(one.digest, { only: 'this' }, ['labels'])
      await assertLabels(content, one, { only: 'this' })
    },
  },
  {
    id: 'labels/invalid',
    rule: 'labels of more than 4096 bytes and other paths are refused, and nothing changes',
    async run({ content }) {
      const one = contentOf(2, 100)
      await writeContent(content, 'a', one, { labels: { k: 'v' } })
      const tooLong = { key: 'v'.repeat(4096) }
      await assertFails('INVALID_DATA', 'a long label', () => content.update(one.digest, tooLong))
      for (const path of ['size', 'labels.', 'digest', ''])
        await assertFails('INVALID_DATA', path, () => content.update(one.digest, { k: 'w' }, ['labels.k', path]))
      await assertLabels(content, one, { k: 'v' })
      const other = contentOf(3, 100)
      await assertFails('INVALID_DATA', 'a commit', () => writeContent(content, 'b', other, { labels: tooLong }))
      await assertNoContent(content, other)
      assert.equal((await content.status('b')).offset, 100)
    },
  },
  {
    id: 'labels/existing',
    rule: 'labels of a commit are added to those of a blob that is there',
    async run({ content }) {
      const one = contentOf(4, 100)
      await writeContent(content, 'a', one, { labels: { a: '1', b: '1' } })
      await writeContent(content, 'b', one, { labels: { b: '2', c: '2' } })
      await assertLabels(content, one, { a: '1', b: '2', c: '2' })
    },
  },
  {
    id: 'list/filters',
    rule: 'those are listed that match one of the filters',
    async run({ content }) {
      const blobs = [0, 1, 2, 3].map((at) => contentOf(10 + at, 100))
      for (const [at, one] of blobs.entries()) {
        const labels = { [at % 2 === 0 ? 'even' : 'odd']: 'yes', 'dotted.key': String(at) }
        await writeContent(content, `blob-${at}`, one, { labels })
      }
      for (const [filters, matching] of ROWS)
        assert.equal(await listed(content, blobs, filters), matching, filters.join())
      const one = [`digest==${blobs[1]?.digest}`]
      assert.equal(await listed(content, blobs, one), '1')
      for await (const info of content.list()) assert.deepEqual(info, await content.info(info.digest))
      await assertFails('INVALID_DATA', 'a filter that is none', () =>
        collected(content.list(['name==']), ({ size }) => size),
      )
    },
  },
  {
    id: 'ingests/filters',
    rule: 'ingests are listed by their ref',
    async run({ content }) {
      for (const ref of ['layer-1', 'layer-2', 'config-1']) await (await content.ingest({ ref }))[Symbol.asyncDispose]()
      const refs = async (filter: string): Promise<readonly string[]> =>
        (await collected(content.ingests([filter]), ({ ref }) => ref)).toSorted()
      assert.deepEqual(await refs('ref~=^layer-'), ['layer-1', 'layer-2'])
      assert.deepEqual(await refs('ref==config-1'), ['config-1'])
      assert.deepEqual(await refs('labels.x'), [])
      await assertFails('INVALID_DATA', 'a filter that is none', () =>
        collected(content.ingests(['==']), ({ ref }) => ref),
      )
    },
  },
  {
    id: 'read/random-access',
    rule: 'any part of a blob can be read, and fewer bytes only at its end',
    async run({ content }) {
      const one = contentOf(5, 1000)
      await writeContent(content, 'a', one)
      await using handle = await content.open(one.digest)
      assert.equal(handle.size, 1000)
      const rows = [
        { position: 0, length: 1000, read: 1000 },
        { position: 0, length: 1001, read: 1000 },
        { position: 999, length: 10, read: 1 },
        { position: 500, length: 7, read: 7 },
        { position: 1000, length: 5, read: 0 },
        { position: 5000, length: 5, read: 0 },
      ]
      for (const { position, length, read } of rows) {
        const buffer = new Uint8Array(length)
        assert.equal(await handle.readAt(buffer, position), read)
        assert.ok(Buffer.from(one.bytes.subarray(position, position + read)).equals(buffer.subarray(0, read)))
      }
      await assertFails('INVALID_DATA', 'a place before the beginning', () => handle.readAt(new Uint8Array(1), -1))
    },
  },
  {
    id: 'read/range',
    rule: 'a part of a blob is read as a stream',
    async run({ content }) {
      const one = contentOf(6, 300_000)
      await writeContent(content, 'a', one)
      const blob = { mediaType: 'application/octet-stream', digest: one.digest, size: one.size }
      for (const [offset, end] of [
        [0, 0],
        [0, 1],
        [100, 200_000],
        [299_999, 300_000],
        [300_000, 300_000],
      ] as const) {
        await using reader = await content.read(blob, { offset, end })
        assert.ok(Buffer.from(one.bytes.subarray(offset, end)).equals(await bytesOf(reader)), `${offset} to ${end}`)
      }
      await assertFails('DIGEST_MISMATCH', 'another size', () => content.read({ ...blob, size: 5 }))
    },
  },
  {
    id: 'delete/forgets',
    rule: 'a deleted blob is gone, an unknown one not found, and it can come again',
    async run({ content }) {
      const one = contentOf(7, 100)
      await assertNoContent(content, one)
      await writeContent(content, 'a', one, { labels: { old: 'label' } })
      await content.delete(one.digest)
      await assertNoContent(content, one)
      assert.deepEqual(await collected(content.list(), ({ digest }) => digest), [])
      await writeContent(content, 'b', one)
      await assertLabels(content, one, {})
      await assertContent(content, one)
    },
  },
]

async function assertLabels(content: ContentStore, { digest }: TestContent, labels: object): Promise<void> {
  assert.deepEqual({ ...(await content.info(digest)).labels }, labels)
}

async function listed(
  content: ContentStore,
  blobs: readonly TestContent[],
  filters: readonly string[],
): Promise<string> {
  const digests = new Set(await collected(content.list(filters), ({ digest }) => digest))
  return blobs.flatMap(({ digest }, at) => (digests.has(digest) ? [at] : [])).join('')
}
