import assert from 'node:assert/strict'
import { assertFails } from './assert-fails.ts'
import {
  assertContent,
  assertNoContent,
  type ContentCase,
  contentOf,
  joined,
  openLocked,
  writeContent,
  collected,
} from './content-steps.ts'

export const contentCommitCases: readonly ContentCase[] = [
  {
    id: 'commit/exists',
    rule: 'a blob that is there is not written again, whatever was said of it',
    async run({ content }) {
      const one = contentOf(1, 256)
      const { info } = await writeContent(content, 'first', one)
      for (const options of [{ size: 256, digest: one.digest }, { size: 256 }, {}]) {
        const again = await writeContent(content, 'again', one, options)
        assert.equal(again.existed, true)
        assert.equal(again.info.createdAt.getTime(), info.createdAt.getTime())
        await assertFails('NOT_FOUND', 'its ingest', () => content.status('again'))
      }
      await assertFails('CONFLICT', 'opening it by its digest', () =>
        content.ingest({ ref: 'again', digest: one.digest }),
      )
      await assertFails('NOT_FOUND', 'an ingest of it', () => content.status('again'))
    },
  },
  {
    id: 'commit/wrong-digest',
    rule: 'other bytes than expected are refused and kept, and no blob is there',
    async run({ content }) {
      const [one, other] = [contentOf(2, 100), contentOf(3, 100)]
      const ingest = await content.ingest({ ref: 'wrong', digest: other.digest })
      await ingest.write(one.bytes)
      await assertFails('DIGEST_MISMATCH', 'committing', () => ingest.commit())
      await assertNoContent(content, one)
      await assertNoContent(content, other)
      assert.equal((await content.status('wrong')).offset, 100)
    },
  },
  {
    id: 'commit/wrong-size',
    rule: 'another size than expected is refused, and the bytes are kept',
    async run({ content }) {
      const one = contentOf(4, 100)
      const ingest = await content.ingest({ ref: 'wrong', size: 101 })
      await ingest.write(one.bytes)
      await assertFails('INVALID_DATA', 'committing', () => ingest.commit())
      await using again = await content.ingest({ ref: 'wrong' })
      await assertFails('INVALID_DATA', 'committing with another size', () => again.commit({ size: 99 }))
      await using last = await content.ingest({ ref: 'wrong' })
      await last.commit({ size: 100 })
      await assertContent(content, one)
    },
  },
  {
    id: 'commit/closes',
    rule: 'whatever comes of a commit, the writer is closed and its ref free',
    async run({ content }) {
      const ingest = await content.ingest({ ref: 'twice' })
      await ingest.commit()
      await assertFails('CONFLICT', 'committing again', () => ingest.commit())
      await assertFails('CONFLICT', 'writing', () => ingest.write(new Uint8Array(1)))
      await ingest[Symbol.asyncDispose]()
      const next = await content.ingest({ ref: 'twice' })
      await assertFails('INVALID_DATA', 'a wrong commit', () => next.commit({ size: 5 }))
      await assertFails('CONFLICT', 'writing after it', () => next.write(new Uint8Array(1)))
      await using _ = await content.ingest({ ref: 'twice' })
    },
  },
  {
    id: 'commit/error-states',
    rule: 'a ref goes through every outcome of a commit and can be used again',
    async run({ content }) {
      const c1 = contentOf(5, 256)
      const longer = joined(c1, Buffer.from('more'))
      const ref = 'c1-commit-error-state'
      await writeContent(content, 'another', c1)
      for (const options of [{ size: 256, digest: c1.digest }, { size: 256 }]) {
        const existing = await openLocked(content, ref)
        await existing.write(c1.bytes)
        assert.equal((await existing.commit(options)).existed, true)
      }
      const wrong = await openLocked(content, ref)
      await wrong.write(longer.bytes)
      await assertFails('DIGEST_MISMATCH', 'a wrong digest', () =>
        wrong.commit({ size: 260, digest: contentOf(6, 256).digest }),
      )
      const survived = await openLocked(content, ref)
      assert.equal(survived.status().offset, 260)
      await assertFails('INVALID_DATA', 'a wrong size', () => survived.commit({ size: 256 }))
      const good = await openLocked(content, ref)
      assert.equal((await good.commit({ size: 260 })).existed, false)
      await assertContent(content, longer)

      const anew = await openLocked(content, ref)
      assert.equal(anew.status().offset, 0)
      await anew.write(c1.bytes)
      assert.equal((await anew.commit({ size: 256, digest: c1.digest })).existed, true)
      for (let round = 0; round < 2; round += 1) {
        const left = await openLocked(content, ref)
        await left.truncate()
        await left[Symbol.asyncDispose]()
      }
    },
  },
  {
    id: 'commit/at-once',
    rule: 'one blob committed by many at once is there once, and all of them succeed',
    async run({ content }) {
      const one = contentOf(7, 5000)
      const commits = await Promise.all(Array.from({ length: 8 }, (_, at) => writeContent(content, `at-${at}`, one)))
      for (const { info } of commits) assert.equal(info.digest, one.digest)
      assert.equal((await collected(content.list(), ({ digest }) => digest)).length, 1)
      await assertContent(content, one)
    },
  },
]
