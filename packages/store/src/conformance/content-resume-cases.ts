import assert from 'node:assert/strict'
import { digestOf } from '@crossdock/core'
import type { ContentStore } from '../contents.ts'
import { assertFails } from './assert-fails.ts'
import { assertContent, type ContentCase, contentOf, EMPTY, openLocked, type TestContent } from './content-steps.ts'

const SIZES = [500, 5000, 50_000]
const CUTS = [0, 0.1, 0.5, 0.9, 1]

export const contentResumeCases: readonly ContentCase[] = [
  {
    id: 'resume/status',
    rule: 'an ingest that was left is found as it was',
    async run({ content }) {
      const one = contentOf(1, 256)
      const first = await content.ingest({ ref: 'half', size: 256, digest: one.digest })
      await first.write(one.bytes.subarray(0, 128))
      const before = first.status()
      await first[Symbol.asyncDispose]()
      assert.deepEqual(await content.status('half'), before)
      await using again = await content.ingest({ ref: 'half' })
      assert.deepEqual(again.status(), before)
      assert.equal(again.digest(), digestOf(one.bytes.subarray(0, 128)))
      await again.write(one.bytes.subarray(128))
      await again.commit()
      await assertContent(content, one)
    },
  },
  {
    id: 'resume/rest',
    rule: 'wherever it was cut, only the rest need come',
    async run({ content }) {
      await everyCut(content, async (one, cut, ref) => {
        await using ingest = await content.ingest({ ref, size: one.size, digest: one.digest })
        assert.equal(ingest.status().offset, cut)
        await ingest.write(one.bytes.subarray(cut))
        await ingest.commit({ size: one.size, digest: one.digest })
      })
    },
  },
  {
    id: 'resume/truncate',
    rule: 'wherever it was cut, it can begin again with nothing',
    async run({ content }) {
      await everyCut(content, async (one, cut, ref) => {
        await using ingest = await content.ingest({ ref, size: one.size, digest: one.digest })
        assert.equal(ingest.status().offset, cut)
        await ingest.truncate()
        assert.equal(ingest.status().offset, 0)
        assert.equal(ingest.digest(), EMPTY.digest)
        await ingest.write(one.bytes)
        await ingest.commit({ size: one.size, digest: one.digest })
      })
    },
  },
  {
    id: 'resume/other-blob',
    rule: 'what was left of another size or digest is thrown away, all of it',
    async run({ content }) {
      const old = contentOf(2, 500)
      const says = [(one: TestContent) => ({ size: one.size }), ({ digest }: TestContent) => ({ digest })]
      for (const [at, saying] of says.entries()) {
        const shorter = contentOf(30 + at, 100)
        const first = await content.ingest({ ref: 'other', size: old.size, digest: old.digest })
        await first.write(old.bytes)
        await first[Symbol.asyncDispose]()
        await using again = await content.ingest({ ref: 'other', ...saying(shorter) })
        assert.equal(again.status().offset, 0)
        assert.equal(again.digest(), EMPTY.digest)
        await again.write(shorter.bytes)
        const { info } = await again.commit()
        assert.equal(info.digest, shorter.digest)
        await assertContent(content, shorter)
      }
    },
  },
  {
    id: 'resume/disposed-twice',
    rule: 'disposing twice is fine, and nothing can be done afterwards',
    async run({ content }) {
      const ingest = await content.ingest({ ref: 'closed' })
      await ingest[Symbol.asyncDispose]()
      await ingest[Symbol.asyncDispose]()
      await assertFails('CONFLICT', 'writing', () => ingest.write(new Uint8Array(1)))
      await assertFails('CONFLICT', 'truncating', () => ingest.truncate())
      await assertFails('CONFLICT', 'committing', () => ingest.commit())
    },
  },
  {
    id: 'lock/one-at-a-time',
    rule: 'a ref is open once; others are told, or wait, and find what was left',
    async run({ content }) {
      const first = await openLocked(content, 'one')
      const waiting = content.ingest({ ref: 'one', wait: true })
      await first.write(new Uint8Array(10))
      await first[Symbol.asyncDispose]()
      await using second = await waiting
      assert.equal(second.status().offset, 10)
    },
  },
  {
    id: 'lock/many',
    rule: 'of many that open a ref at once one succeeds',
    async run({ content }) {
      const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => content.ingest({ ref: 'many' })))
      const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
      assert.equal(opened.length, 1)
      await opened[0]?.[Symbol.asyncDispose]()
    },
  },
  {
    id: 'lock/wait-for-content',
    rule: 'who waits for a ref is told as soon as the blob is there',
    async run({ content }) {
      const one = contentOf(4, 100)
      const first = await content.ingest({ ref: 'wanted', digest: one.digest })
      const waiting = assertFails('CONFLICT', 'waiting', () =>
        content.ingest({ ref: 'wanted', digest: one.digest, wait: true }),
      )
      await first.write(one.bytes)
      await first.commit()
      await waiting
    },
  },
  {
    id: 'lock/abort-signal',
    rule: 'a signal ends the waiting with its reason',
    async run({ content }) {
      await using _ = await content.ingest({ ref: 'held' })
      const controller = new AbortController()
      const reason = new Error('enough')
      const waiting = content.ingest({ ref: 'held', wait: true, signal: controller.signal })
      controller.abort(reason)
      await assert.rejects(waiting, reason)
    },
  },
  {
    id: 'abort/removes',
    rule: 'an aborted ingest is gone, an unknown one not found, an open one unavailable',
    async run({ content }) {
      const ingest = await content.ingest({ ref: 'gone' })
      await ingest.write(new Uint8Array(10))
      await assertFails('UNAVAILABLE', 'aborting an open one', () => content.abort('gone'))
      await ingest[Symbol.asyncDispose]()
      await content.abort('gone')
      await assertFails('NOT_FOUND', 'its status', () => content.status('gone'))
      await assertFails('NOT_FOUND', 'aborting it again', () => content.abort('gone'))
      await using again = await content.ingest({ ref: 'gone' })
      assert.equal(again.status().offset, 0)
    },
  },
]

/** Leaves an ingest at every cut of every size, and checks the blob that `finish` makes of it. */
async function everyCut(
  content: ContentStore,
  finish: (one: TestContent, cut: number, ref: string) => Promise<void>,
): Promise<void> {
  for (const size of SIZES) {
    for (const [at, share] of CUTS.entries()) {
      const one = contentOf(size + at, size)
      const cut = Math.floor(size * share)
      const ref = `cut-${size}-${at}`
      const first = await content.ingest({ ref, size, digest: one.digest })
      await first.write(one.bytes.subarray(0, cut))
      await first[Symbol.asyncDispose]()
      await finish(one, cut, ref)
      await assertContent(content, one)
    }
  }
}
